"""Days on which nothing is expected."""
