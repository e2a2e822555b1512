"""The operational database: its schema, its server, and transactions that see one user's rows."""
