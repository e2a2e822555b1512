"""The event contract between packages: event types and their fields."""
