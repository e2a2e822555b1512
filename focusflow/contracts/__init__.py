"""The event contract: what parts say to each other. Everything that names an event type or its fields reads it from here."""
