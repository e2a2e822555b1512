"""The transactional outbox: its order, and reading it."""
