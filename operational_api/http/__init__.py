"""What surrounds every request: middleware, errors, idempotency, pagination, and the unit of work."""
