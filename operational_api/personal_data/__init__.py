"""Export of everything about the user who asks."""
