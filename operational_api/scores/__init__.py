"""Priority scores as published by the pipeline."""
