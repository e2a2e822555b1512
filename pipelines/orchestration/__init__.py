"""Everything that imports Dagster: assets, checks, schedules, sensors, resources and its server."""
