"""The matrix from what is known at a moment. It looks at nothing later, at no text, and at nothing that is filled in when work is done.

What matters is a task's place within the person's own list, and the person's own habits; so most features are places and rates.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from models.facts import LIST

PRIORITIES: Final = {"low": 0.0, "medium": 1.0, "high": 2.0, "urgent": 3.0}

#: Days lain open that a prior counts for: a rate from less than that is mostly that of the wider kind.
PRIOR_DAYS: Final = {"all": 50.0, "category": 10.0, "tag": 10.0, "priority": 10.0, "parent": 5.0, "age": 10.0}


@dataclass(frozen=True, slots=True)
class Usual:
    """What everybody together does, to which the rates of somebody with little history are pulled: per day that a task lies open."""

    done: float
    acts: float


def place_features(usual: Usual) -> dict[str, pl.Expr]:
    """What tells the tasks of one list apart."""
    tags, last_tags = pl.col("tags"), pl.col("last_tags")
    return {
        "age": _log_days("age_days"),
        "newest": _rank("created_at"),
        "newest_share": _share("created_at"),
        "touched": _log_days(_since("touched_at", "created_at")),
        "recent": _rank(_recent()),
        "recent_share": _share(_recent()),
        "worked": _log_days(_since("worked_at")).fill_null(7.0),
        "worked_place": _rank("worked_at").fill_null(5.0),
        "stretches": (pl.col("stretches").fill_null(0) + 1.0).log(),
        "stretches_lately": (pl.col("stretches_3").fill_null(0) + 1.0).log(),
        "often": (pl.col("stretches_14").fill_null(0) + 1.0).log(),
        "often_place": _rank(pl.col("stretches_14").fill_null(0)),
        "effort": _effort(),
        "in_progress": (pl.col("status") == "in_progress").cast(pl.Float64),
        "estimate": (pl.col("estimated_minutes") + 1.0).log().fill_null(-1.0),
        "estimate_share": _share(-pl.col("estimated_minutes").fill_null(45)),
        "priority": _priority(),
        "priority_share": _share(_priority()),
        "skipped": (pl.col("times_skipped").fill_null(0).clip(0) + 1.0).log(),
        "reschedules": pl.col("reschedules").fill_null(0).clip(0, 4).cast(pl.Float64),
        "slack": (-pl.col("days_overdue")).clip(-30, 60).fill_null(90.0),
        "due_place": _rank(-pl.col("due").dt.timestamp("us")).fill_null(4.0),
        "pinned": pl.col("pinned").fill_null(value=False).cast(pl.Float64),
        "goal": pl.col("goal_id").is_not_null().cast(pl.Float64),
        "blocks": pl.col("blocks").fill_null(0).clip(0, 3).cast(pl.Float64),
        "tags": tags.list.len().clip(0, 3).cast(pl.Float64),
        "recurs": pl.col("recurrence").is_not_null().cast(pl.Float64),
        "same_task": _same("task_id"),
        "same_parent": _same("parent_task_id"),
        "same_category": _same("category_id"),
        "same_goal": _same("goal_id"),
        "same_tag": (tags.list.set_intersection(last_tags).list.len() > 0).cast(pl.Float64),
        **{f"{kind}_done": _habit(kind, "done", usual.done) for kind in PRIOR_DAYS if kind != "all"},
        **{f"{kind}_acts": _habit(kind, "acts", usual.acts) for kind in PRIOR_DAYS if kind != "all"},
        **{f"{kind}_lately": _lately(kind) for kind in ("category", "tag", "parent")},
    }


def day_features(usual: Usual) -> dict[str, pl.Expr]:
    """What all tasks of a list share: it says how much will be done, not which."""
    return {
        "open_tasks": pl.len().over(LIST).log(),
        "own_done": _rate("all", "done", usual.done).log(),
        "own_acts": _rate("all", "acts", usual.acts).log(),
        "idle": _log_days(_since("acted_at")).fill_null(4.0),
        "hours_left": pl.col("hours_left"),
        "weekend": (pl.col("local_date").dt.weekday() >= 6).cast(pl.Float64),
        "before_weekend": (pl.col("local_date").dt.weekday() == 5).cast(pl.Float64),
    }


def risk_features(usual: Usual) -> dict[str, pl.Expr]:
    """What tells whether a due date will be missed."""
    chosen = (
        "slack",
        "estimate",
        "priority",
        "reschedules",
        "in_progress",
        "stretches",
        "goal",
        "pinned",
        "recurs",
        "skipped",
        "tags",
    )
    slack_minutes = (-pl.col("days_overdue")).clip(0, 60) * 1440
    return {
        **{name: each for name, each in place_features(usual).items() if name in (*chosen, "category_done", "age_done", "tag_done")},
        **{name: each for name, each in day_features(usual).items() if name in ("open_tasks", "idle")},
        "room": ((slack_minutes + 30) / (pl.col("estimated_minutes").fill_null(45) + 15)).log().fill_null(0.0),
    }  # fmt: skip


def matrix(facts: pl.DataFrame, features: dict[str, pl.Expr]) -> pl.DataFrame:
    """One row a task, one column a feature, all finite numbers."""
    return facts.lazy().select(each.cast(pl.Float64).alias(name) for name, each in features.items()).collect()


def usual_of(facts: pl.DataFrame) -> Usual:
    """What everybody does in a day with a task, in the same terms as what is remembered of each person."""
    sums = facts.select(pl.col("all_days_open", "all_done", "all_acts").fill_null(0).clip(0).sum()).row(0, named=True)
    days = max(sums["all_days_open"], 1.0)
    return Usual(max(sums["all_done"] / days, 1e-3), max(sums["all_acts"] / days, 1e-3))


def _since(column: str, otherwise: str | None = None) -> pl.Expr:
    at = pl.coalesce(column, otherwise) if otherwise else pl.col(column)
    return (pl.col("as_of") - at).dt.total_microseconds() / 86_400e6


def _log_days(days: str | pl.Expr) -> pl.Expr:
    """A minute, an hour, a day and a month are about equally far apart."""
    return ((pl.col(days) if isinstance(days, str) else days).clip(0) + 0.01).log()


def _recent() -> pl.Expr:
    return pl.max_horizontal("worked_at", pl.coalesce("touched_at", "created_at"))


def _rank(by: str | pl.Expr) -> pl.Expr:
    """The place from the top of the list, 0 for the first; the difference between 1 and 2 matters more than that between 11 and 12."""
    column = pl.col(by) if isinstance(by, str) else by
    return column.rank("min", descending=True).over(LIST).log()


def _share(by: str | pl.Expr) -> pl.Expr:
    """The place as a share of the list, 0 at the top."""
    column = pl.col(by) if isinstance(by, str) else by
    return (column.rank("average", descending=True).over(LIST) - 0.5) / pl.len().over(LIST)


def _priority() -> pl.Expr:
    return pl.col("priority").replace_strict(PRIORITIES, return_dtype=pl.Float64)


def _effort() -> pl.Expr:
    """How far the work has come against its estimate."""
    estimate = pl.col("estimated_minutes").cast(pl.Float64)
    return ((pl.col("minutes_worked").fill_null(0) + 5) / (estimate + 5)).log().fill_null(0.0)


def _same(column: str) -> pl.Expr:
    last = "last_task_id" if column == "task_id" else f"last_{column}"
    return (pl.col(column) == pl.col(last)).fill_null(value=False).cast(pl.Float64)


def _rate(kind: str, what: str, prior: float | pl.Expr) -> pl.Expr:
    weight = PRIOR_DAYS[kind]
    seen = pl.col(f"{kind}_{what}").fill_null(0).clip(0)
    return (seen + weight * prior) / (pl.col(f"{kind}_days_open").fill_null(0).clip(0) + weight)


def _lately(kind: str) -> pl.Expr:
    """How much of the last week went to tasks of a kind."""
    of_all = pl.col("all_lately").fill_null(0)
    return (pl.col(f"{kind}_lately").fill_null(0) + 0.5) / (of_all + 2.0)


def _habit(kind: str, what: str, usual: float) -> pl.Expr:
    """How much quicker than the person's other tasks those of a kind go, pulled towards no difference."""
    own = _rate("all", what, usual)
    return (_rate(kind, what, own) / own).log()
