"""A user's rights over their data. Nothing here knows of Dagster."""
