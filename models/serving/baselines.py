"""The simple rules that a model has to beat. Taskwarrior's urgency is the one that serves until a model does.

Each rule reads the columns that `models.features.task_facts.derive_facts` makes, and is a Polars expression: the same for one task and a night's batch.
"""

from functools import reduce
from operator import add, mul
from typing import Final

import polars as pl

#: Taskwarrior's coefficients. It has no `urgent`; ours goes one more of its own steps (1.8, 3.9, 6.0) up, and stays below what a
#: passed due date weighs. A pinned task is its `next`, a goal its `project`, a start its `scheduled` once past and its `wait` before.
#: Annotations have no counterpart here.
DUE: Final = 12.0
BLOCKING: Final = 8.0
PRIORITY: Final = {"low": 1.8, "medium": 3.9, "high": 6.0, "urgent": 8.1}
SCHEDULED: Final = 5.0
ACTIVE: Final = 4.0
AGE: Final = 2.0
TAGS: Final = 1.0
PROJECT: Final = 1.0
NEXT: Final = 15.0
WAITING: Final = -3.0
BLOCKED: Final = -5.0

AGE_FULL_AFTER_DAYS: Final = 365


def due_share(days_overdue: pl.Expr) -> pl.Expr:
    """How much of the due term counts: all from a week overdue on, a fifth from two weeks ahead, straight between, none without a due."""
    between = (days_overdue + 14) * 0.8 / 21 + 0.2
    return (
        pl.when(days_overdue >= 7)
        .then(1.0)
        .when(days_overdue >= -14)
        .then(between)
        .when(days_overdue.is_not_null())
        .then(0.2)
        .otherwise(0.0)
    )


def tags_share(count: pl.Expr) -> pl.Expr:
    return pl.when(count == 0).then(0.0).when(count == 1).then(0.8).when(count == 2).then(0.9).otherwise(1.0)


#: Taskwarrior's urgency, term by term; it is their sum.
URGENCY: Final = {
    "due": DUE * due_share(pl.col("days_overdue")),
    "blocking": BLOCKING * (pl.col("blocks") > 0),
    "priority": pl.col("priority").replace_strict(PRIORITY, return_dtype=pl.Float64),
    "started_on": SCHEDULED * (pl.col("start_at") <= pl.col("as_of")).fill_null(value=False),
    "in_progress": ACTIVE * (pl.col("status") == "in_progress"),
    "age": AGE * (pl.col("age_days") / AGE_FULL_AFTER_DAYS).clip(0, 1),
    "tags": TAGS * tags_share(pl.col("tags").list.len()),
    "goal": PROJECT * pl.col("goal_id").is_not_null(),
    "pinned": NEXT * pl.col("pinned"),
    "not_yet": WAITING * (pl.col("start_at") > pl.col("as_of")).fill_null(value=False),
    "blocked": BLOCKED * (pl.col("blocked_by").list.len() > 0),
}


def rules() -> dict[str, pl.Expr]:
    """Every rule to beat, as a strength of which more comes first. Ties are broken alike for all of them."""
    urgency = reduce(add, URGENCY.values())
    due = pl.col("due").dt.timestamp("us")
    recent = pl.max_horizontal("worked_at", pl.coalesce("touched_at", "created_at"))
    # A due date adds less than one step of priority: within a year before and after now, then flat.
    kinds = (_completion_rate(kind) for kind in ("tag", "category"))
    soon = 0.5 - (-pl.col("days_overdue").clip(-365, 365)).fill_null(366) / 800
    return {
        "random": pl.concat_str("task_id", pl.col("as_of").dt.timestamp("us")).hash(1).cast(pl.Float64),
        "newest": pl.col("created_at").dt.timestamp("us").cast(pl.Float64),
        "oldest": -pl.col("created_at").dt.timestamp("us").cast(pl.Float64),
        "most_recently_worked": recent.dt.timestamp("us").cast(pl.Float64),
        "shortest": -pl.col("estimated_minutes").fill_null(1e6).cast(pl.Float64),
        "priority_then_due": pl.col("priority").replace_strict(PRIORITY, return_dtype=pl.Float64) + soon,
        "earliest_due": -due.fill_null(2**62).cast(pl.Float64),
        "completion_rate": reduce(mul, kinds),
        "urgency": urgency,
    }


#: Days that tasks lay open for which the user's own rate stands in the rate of a tag or category.
RATE_PRIOR_DAYS: Final = 10.0


def _completion_rate(kind: str) -> pl.Expr:
    """How many tasks of this tag or category the user finishes per day that one lies open, with the user's rate for what is rare."""
    own = (_known("all_done") + 0.5) / (_known("all_days_open") + RATE_PRIOR_DAYS)
    return (_known(f"{kind}_done") + RATE_PRIOR_DAYS * own) / (_known(f"{kind}_days_open") + RATE_PRIOR_DAYS)


def _known(name: str) -> pl.Expr:
    return pl.col(name).fill_null(0.0).clip(0)
