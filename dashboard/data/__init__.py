"""What the pages read: the lake, model cards, and Dagster's server."""
