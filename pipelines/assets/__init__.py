"""Tables as Dagster sees them. Nothing is computed here: an asset calls a plain function and reports what came of it."""
