"""Time spent."""
