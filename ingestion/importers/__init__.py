"""Importers: one module per format. A module reads a file into records and knows nothing of databases; `engine` writes the records."""
