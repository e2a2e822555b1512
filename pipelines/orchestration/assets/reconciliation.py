"""The law of conservation as a check of the typed events. Nothing is counted here; see `ingestion/reconciliation.py`."""

import dagster as dg

from ingestion.reconciliation import count, judge
from pipelines.orchestration.assets.tables import key_of
from pipelines.orchestration.resources import Installation


@dg.asset_check(
    asset=key_of("silver/events"),
    name="nothing_lost_or_doubled",
    description="Every event that was accepted is in the lake once, or on its way: what `focusflow verify` counts. It reads all of raw and silver, so once a night.",
)
def conservation_check(installation: Installation) -> dg.AssetCheckResult:
    with installation.database() as database:
        verdict = judge(count(database, installation.lake))
    return dg.AssetCheckResult(
        passed=verdict.is_sound,
        metadata={"verdict": verdict.sentence, "events": sum(each.sequenced for each in verdict.buckets)},
    )
