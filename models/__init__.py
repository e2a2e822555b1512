"""The priority model: what was known, what then happened, and what follows for an open task."""
