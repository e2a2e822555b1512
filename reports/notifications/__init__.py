"""What a user is notified of, when, and by which channel."""
