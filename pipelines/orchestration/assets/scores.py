"""Priority scores as assets: computed by `models`, kept in gold, published for the API."""

import dagster as dg

from focusflow.contracts.registry import BY_NAME
from models.features import snapshots
from pipelines.engine import histories, priorities, publish_scores
from pipelines.orchestration.assets.tables import FRESH, KINDS, OWNERS, RETRY, described, key_of
from pipelines.orchestration.resources import Installation


@dg.asset(
    key=key_of(priorities.SCORES.name),
    deps=[key_of(histories.spec(BY_NAME[noun]).name) for noun in snapshots.NOUNS],
    description="Each open task a day: its score, its ranks, and reasons that add up to the score.",
    group_name="ml",
    kinds=KINDS,
    owners=OWNERS,
    metadata=described(priorities.SCORES, priorities.FOLDER / "rows.sql"),
    freshness_policy=FRESH,
    retry_policy=RETRY,
    pool="gold_priority_scores",
)
def priority_scores(installation: Installation) -> dg.MaterializeResult[None]:
    scored = priorities.score_open_tasks(
        installation.lake, installation.duckdb(), installation.buckets, installation.checked_now(), installation.models
    )
    there = installation.lake.pinned(priorities.SCORES.name)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": there.rows() if there else 0,
            "rows_written": scored.tasks,
            "computed": scored.is_fresh,
        }
    )


@dg.asset(
    key=["published", "priority_scores"],
    deps=[priority_scores],
    description="The newest scores in Postgres, where the API reads them. Swapped in one transaction.",
    group_name="ml",
    kinds={"postgres"},
    owners=OWNERS,
    retry_policy=RETRY,
    pool="published_priority_scores",
)
def published_scores(installation: Installation) -> dg.MaterializeResult[None]:
    with installation.database() as database:
        rows = publish_scores.publish_scores(installation.lake, installation.duckdb(), database, installation.buckets)
    return dg.MaterializeResult(metadata={"dagster/row_count": rows})


score_assets = [priority_scores, published_scores]
