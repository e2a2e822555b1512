"""P9: a million open tasks scored by a model, reasons included, against the bare `predict_proba` of gradient boosting on a ready matrix."""

from datetime import datetime

import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.result import Result, seconds
from models.features.matrix import day_features, matrix, place_features
from models.features.task_facts import FACT_COLUMNS, derive_facts
from models.serving.registry import Served
from models.serving.scoring import score
from models.training.dataset import lists_with_outcomes
from models.training.fit import fit
from tests.unit.models.histories import connected, lived

TASKS, TIMES = 1_000_000, 3


def measure(scale: float) -> Result:
    lists = lists_with_outcomes(*connected(lived(users=60, days=60, planted=1.0)))
    served = Served("pr-1.benchmark", fit(lists))
    as_of: datetime = lists["as_of"].to_list()[-1]
    tasks = many(lists, int(TASKS * scale))
    ready = matrix(
        derive_facts(tasks, as_of), place_features(served.priority.usual) | day_features(served.priority.usual)
    )
    boosted = HistGradientBoostingClassifier().fit(ready.head(lists.height).to_numpy(), labels(lists, tasks.height))
    rows = ready.to_numpy()
    bare = min(seconds(lambda: boosted.predict_proba(rows), times=TIMES))
    ours = min(seconds(lambda: score(tasks, as_of, served), times=TIMES))
    rule = min(seconds(lambda: score(tasks, as_of), times=TIMES))
    said = score(tasks.head(10_000), as_of, served)["reasons"].list.len().to_numpy().mean()
    return Result(
        "P9",
        f"{tasks.height:,} open tasks scored, with reasons",
        ours / bare,
        3,
        "× bare predict_proba",
        more_is_better=False,
        detail={
            "ours": f"{ours:.1f} s", "bare": f"{bare:.1f} s", "by the baseline": f"{rule:.1f} s", "reasons a task": f"{said:.1f}",
        },
    )  # fmt: skip


def many(lists: pl.DataFrame, count: int) -> pl.DataFrame:
    """The lists over and over, each time those of other users."""
    copies = -(-count // lists.height)
    whose = pl.struct("user_id", "as_of").rank("dense")
    known_of = lists.select(*(name for name in FACT_COLUMNS if name in lists.columns), list=whose)
    each = (
        known_of.with_columns(user_id=pl.format("{}-{}", pl.lit(copy), "list")).drop("list") for copy in range(copies)
    )
    return pl.concat(each).head(count)


def labels(lists: pl.DataFrame, most: int) -> list[bool]:
    taken_up: list[bool] = lists["taken_up"].head(most).to_list()
    return taken_up
