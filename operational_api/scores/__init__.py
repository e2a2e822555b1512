"""Priority scores, as the pipeline published them."""
