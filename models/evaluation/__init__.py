"""How good a model is on histories that it never saw, and whether it may serve."""
