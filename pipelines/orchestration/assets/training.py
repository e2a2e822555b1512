"""The priority model as assets: what it learns from, and the model with its card. Nothing is computed here; see `models/training/challenger.py`."""

import base64
from collections.abc import Iterator

import dagster as dg

from focusflow import clock
from focusflow.contracts.registry import BY_NAME
from models.evaluation.backtest import TooLittle
from models.evaluation.drift import drift
from models.evaluation.model_card import as_markdown
from models.evaluation.plots import plots
from models.features import snapshots
from models.training.challenger import challenge
from models.training.dataset import NothingThere, lists_of_lake
from pipelines.engine import histories
from pipelines.orchestration.assets.tables import OWNERS, key_of
from pipelines.orchestration.resources import Installation

TRAINING_SET, MODEL = dg.AssetKey(["models", "training_set"]), dg.AssetKey(["models", "priority"])

#: So many of the features that moved most are told.
TOLD = 8


@dg.multi_asset(
    name="priority_model",
    specs=[
        dg.AssetSpec(
            TRAINING_SET,
            deps=[key_of(histories.spec(BY_NAME[noun]).name) for noun in snapshots.NOUNS],
            description="Lists of the past as they were known then, with what came of each task. Made for a training and kept nowhere.",
            group_name="training",
            kinds={"duckdb", "polars"},
            owners=OWNERS,
            skippable=True,
        ),
        dg.AssetSpec(
            MODEL,
            deps=[TRAINING_SET],
            description="A challenger with its card. It serves if it beats every simple rule, and the model before it.",
            group_name="training",
            kinds={"scikitlearn"},
            owners=OWNERS,
            skippable=True,
        ),
    ],
    pool="models_priority",
)
def priority_model(
    context: dg.AssetExecutionContext, installation: Installation
) -> Iterator[dg.MaterializeResult[None]]:
    try:
        lists = lists_of_lake(installation.lake, installation.session())
        outcome = challenge(lists, installation.models, clock.now())
    except (NothingThere, TooLittle) as problem:
        context.log.info(str(problem))
        return
    learned = outcome.card["trained_on"]
    yield dg.MaterializeResult(
        asset_key=TRAINING_SET,
        metadata={"dagster/row_count": lists.height, "people": learned["people"], "lists": learned["lists"]},
    )
    yield dg.MaterializeResult(
        asset_key=MODEL,
        metadata={
            "version": outcome.version,
            "serves": outcome.is_promoted,
            "gain_ndcg_at_5": outcome.card["measures"]["gain"]["mean"],
            "calibration_error": outcome.card["measures"]["likelihood"]["calibration_error"],
            "card": dg.MetadataValue.md(as_markdown(outcome.card)),
            "card_as_json": dg.MetadataValue.json(dict(outcome.card)),
            **{f"plot_{name}": _picture(svg) for name, svg in plots(outcome.card["measures"]).items()},
        },
    )


def _picture(svg: str) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(f"![](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})")


@dg.asset_check(
    asset=MODEL,
    name="sees_what_it_was_trained_on",
    description="The population stability index of each feature of the last weeks, against the card of the model that serves, as a share of what it may be.",
)
def drift_check(installation: Installation) -> dg.AssetCheckResult:
    served = installation.models.served()
    if served is None:
        return dg.AssetCheckResult(passed=True, metadata={"serves": "the baseline"})
    lists = lists_of_lake(installation.lake, installation.session(), days=snapshots.last_weeks(clock.now()))
    moved = drift(served.priority, installation.models.card(served.version)["features"], lists)
    most = dict(list(moved.items())[:TOLD])
    return dg.AssetCheckResult(
        passed=all(share <= 1 for share in most.values()),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"model": served.version, "rows": lists.height, **most},
    )
