"""Categories of tasks and goals."""
