"""Priority scores as assets: computed by `models`, kept in gold, published for the API."""

import dagster as dg

from pipelines.engine import priorities, publish_scores
from pipelines.orchestration.assets.tables import OWNERS, RETRY, built, result
from pipelines.orchestration.resources import Installation


@built(priorities.SCORES.name)
def priority_scores(installation: Installation) -> dg.MaterializeResult[None]:
    scored = priorities.score_open_tasks(
        installation.lake, installation.session(), installation.buckets, installation.checked_now(), installation.models
    )
    return result(installation.lake, priorities.SCORES.name, scored.tasks, computed=scored.is_fresh)


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
        rows = publish_scores.publish_scores(installation.lake, installation.session(), database, installation.buckets)
    return dg.MaterializeResult(metadata={"dagster/row_count": rows})


score_assets = [priority_scores, published_scores]
