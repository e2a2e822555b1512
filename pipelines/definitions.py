"""What Dagster loads. It only gathers; see `assets/` for the tables, `automation.py` for when, `checks.py` for what must hold."""

import dagster as dg

from pipelines.assets.scores import score_assets
from pipelines.assets.tables import table_assets
from pipelines.automation import hourly, raw_commits, refresh
from pipelines.checks import table_checks
from pipelines.resources import Installation


def build_defs(installation: Installation | None = None) -> dg.Definitions:
    """The definitions over an installation; the one that the settings name, unless another is given."""
    return dg.Definitions(
        assets=[*table_assets, *score_assets],
        asset_checks=table_checks,
        jobs=[refresh],
        sensors=[raw_commits],
        schedules=[hourly],
        resources={"installation": installation or Installation()},
        executor=dg.in_process_executor,
    )


defs = build_defs()
