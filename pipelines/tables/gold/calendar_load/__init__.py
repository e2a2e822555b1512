"""When users are busy."""
