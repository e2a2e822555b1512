"""The wiring: tables, models and reports as Dagster assets. Nothing is computed here that could not be called without Dagster."""
