"""How any table is built, checked and published. It knows nothing of Dagster."""
