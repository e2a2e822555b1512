"""JSON Schemas of events."""
