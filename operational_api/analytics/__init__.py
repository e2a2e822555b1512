"""What the pipeline found out, as it published it."""
