"""What was kept long enough is deleted each night, as an asset with counts. `focusflow/retention.py` says what is kept how long."""

import dagster as dg

from focusflow import clock
from pipelines.engine.maintenance import Maintenance
from pipelines.orchestration.assets.tables import OWNERS
from pipelines.orchestration.resources import Installation


@dg.asset(
    key=["privacy", "retention"],
    description="What was deleted because it was kept as long as the settings say, in numbers.",
    group_name="privacy",
    kinds={"postgres", "deltalake"},
    owners=OWNERS,
)
def retention(installation: Installation) -> dg.MaterializeResult[None]:
    with installation.database() as database:
        work = Maintenance(installation.lake, installation.session(), database, installation.settings, clock.now())
        done = list(work.delete_expired())
    counts = {f"{each.table}: {what}": count for each in done for what, count in each.amounts.items()}
    return dg.MaterializeResult(metadata=counts)
