"""The operational database: its schema, its server, and transactions that see one person's rows."""
