"""What was remembered of a user as their day began, joined to their tasks as they are now: so that one task that was just written is
scored by what the batch would know.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import fsum, nan
from typing import Any, Final

import numpy as np
import orjson
import polars as pl

WHAT: Final = ("days_open", "done", "acts", "lately")
NOTHING: Final = (nan,) * len(WHAT)

#: Up to which age a task is in which stretch of its life; beyond the last, it is in the last one. `macros.sql` counts by the same.
STRETCHES: Final = (1, 3, 8, 31, 91)


def recalled(tasks: pl.DataFrame, memory: str | None, as_of: datetime) -> pl.DataFrame:
    """The tasks of one user with the columns of `models.features.task_facts.HABITS`. Without a memory, nothing is remembered.

    Each task is looked up by itself: a user has hundreds, and as many joins as there are kinds took longer than that.
    """
    if memory is None:
        return tasks
    written = orjson.loads(memory)
    rates: dict[tuple[str, str], Sequence[float]] = {
        (each["kind"], each["key"]): [each[what] for what in WHAT] for each in written["rates"]
    }
    moved: dict[str, int] | list[dict[str, Any]] = written["moved"]
    if isinstance(moved, list):  # as the version before wrote it; the first refresh after an upgrade writes it anew
        moved = {each["task_id"]: each["reschedules"] for each in moved}
    keys = {
        "all": [""] * tasks.height,
        "category": tasks["category_id"].fill_null("").to_list(),
        "parent": tasks["parent_task_id"].fill_null("").to_list(),
        "priority": tasks["priority"].to_list(),
        "age": tasks.select(_stretch(as_of))["age"].to_list(),
    }
    rows = {kind: [rates.get((kind, key), NOTHING) for key in theirs] for kind, theirs in keys.items()}
    rows["tag"] = [
        _mean([rates[each] for tag in tags if (each := ("tag", tag)) in rates]) for tags in tasks["tags"].to_list()
    ]
    return tasks.with_columns(
        pl.Series("reschedules", [moved.get(task_id) for task_id in tasks["task_id"]], pl.Int64),
        *(
            pl.Series(f"{kind}_{what}", column, nan_to_null=True)
            for kind, theirs in rows.items()
            for what, column in zip(WHAT, np.array(theirs, float).reshape(-1, len(WHAT)).T, strict=True)
        ),
    )


def _stretch(as_of: datetime) -> pl.Expr:
    reached = [(pl.col("created_at") <= as_of - timedelta(days=days)).cast(pl.Int64) for days in STRETCHES]
    return pl.sum_horizontal(reached).cast(pl.String).alias("age")


def _mean(rows: Sequence[Sequence[float]]) -> Sequence[float]:
    """Of each column; of no rows, nothing."""
    return [fsum(column) / len(rows) for column in zip(*rows, strict=True)] or NOTHING
