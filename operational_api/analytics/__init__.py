"""Analytics as published by the pipeline."""
