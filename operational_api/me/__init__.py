"""One's own account, and all that is in it."""
