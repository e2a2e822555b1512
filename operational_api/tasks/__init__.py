"""Tasks: what there is to do."""
