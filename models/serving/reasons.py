"""What speaks for a task and against it, in plain words: one text for each term of the score, and the terms as a list."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from focusflow.score_reasons import LACKS
from models.serving.additive_model import Numbers, Places

REASON: Final = pl.Struct({"code": pl.String(), "text": pl.String(), "points": pl.Float64()})

#: Terms of fewer points are told together, as one.
LEAST_POINTS: Final = 0.3


def _texts() -> dict[str, pl.Expr]:
    """The words for each term, by its code, from the columns that `models.features.task_facts.derive_facts` makes and `points_<code>`."""
    return {
        "open": pl.lit("on your list"),
        "due": _due(),
        "blocking": pl.when(pl.col("blocks") > 0)
        .then(_counted("blocks", pl.col("blocks"), "other task", "other tasks"))
        .otherwise(pl.lit(LACKS["blocking"])),
        "priority": pl.format("{} priority", "priority"),
        "started_on": pl.lit("its start date has come"),
        "in_progress": _either(pl.col("status") == "in_progress", "already begun", LACKS["in_progress"]),
        "age": _age(),
        "tags": _counted("has", pl.col("tags").list.len(), "tag", "tags"),
        "goal": _either(pl.col("goal_id").is_not_null(), "part of a goal", LACKS["goal"]),
        "pinned": _either(pl.col("pinned"), "pinned", LACKS["pinned"]),
        "not_yet": pl.lit("not to be begun yet"),
        "blocked": _counted("waiting for", pl.col("blocked_by").list.len(), "other task", "other tasks"),
        "work": _work(),
        "estimate": pl.format("estimated at {} minutes", "estimated_minutes").fill_null(LACKS["estimate"]),
        "moved": pl.when(pl.col("reschedules") > 0)
        .then(pl.format("its due date was moved {} times", "reschedules"))
        .otherwise(pl.lit(LACKS["moved"])),
        "recurs": _either(pl.col("recurrence").is_not_null(), "it repeats", LACKS["recurs"]),
        "usual_tags": _usual("tags", "with these tags"),
        "usual_category": _usual("category", "in this category"),
        "usual_parent": _usual("parent", "of the same project"),
        "day": _either(pl.col("points_day") > 0, "you get a lot done at this time", "you get little done at this time"),
        "other": pl.lit("small factors together"),
    }


def listed(facts: pl.DataFrame, points: Mapping[str, Numbers]) -> pl.Series:
    """The terms that count, as a list of (code, text, points) a task, largest first. They add up to what the points add up to."""
    codes = [*points, "other"]
    table = np.column_stack([*points.values(), np.zeros(facts.height)])
    is_small = np.abs(table) < LEAST_POINTS
    table[:, -1] = np.where(is_small, table, 0.0).sum(axis=1)
    table[:, :-1][is_small[:, :-1]] = 0.0
    order = np.argsort(-table, axis=1, kind="stable")
    in_order = np.take_along_axis(table, order, axis=1)
    counts = in_order != 0
    chosen, lengths = order[counts], counts.sum(axis=1)
    rows = np.repeat(np.arange(facts.height), lengths)
    said = facts.with_columns(pl.Series(f"points_{code}", each) for code, each in points.items())
    every = pl.concat(said.select(TEXTS[code].alias(code) for code in codes).get_columns())
    reasons = pl.DataFrame(
        {
            "code": pl.Series(codes).gather(chosen),
            "text": every.gather(chosen * facts.height + rows),
            "points": in_order[counts],
        }
    )
    return _in_lists(reasons.to_struct(), lengths)


def _in_lists(values: pl.Series, lengths: Places) -> pl.Series:
    """Consecutive values as lists, so many in each."""
    import pyarrow as pa

    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())
    flat = values.to_arrow(compat_level=pl.CompatLevel.newest())  # texts stay where they are
    return pl.Series(pa.LargeListArray.from_arrays(offsets, flat), dtype=pl.List(REASON))


def _due() -> pl.Expr:
    """By the user's calendar: at 23:00, what is due at 01:00 is due tomorrow."""
    ahead = pl.col("due_in_calendar_days")
    return (
        pl.when(ahead.is_null())
        .then(pl.lit(LACKS["due"]))
        .when(ahead < -1)
        .then(pl.format("{} days overdue", -ahead))
        .when(ahead == -1)
        .then(pl.lit("1 day overdue"))
        .when((ahead == 0) & (pl.col("days_overdue") > 0))
        .then(pl.lit("was due earlier today"))
        .when(ahead == 0)
        .then(pl.lit("due today"))
        .when(ahead == 1)
        .then(pl.lit("due tomorrow"))
        .otherwise(pl.format("due in {} days", ahead))
    )


def _age() -> pl.Expr:
    days = pl.col("age_days").floor().cast(pl.Int64)
    return (
        pl.when(days < 1)
        .then(pl.lit("added within the last day"))
        .when(days == 1)
        .then(pl.lit("waiting for 1 day"))
        .otherwise(pl.format("waiting for {} days", days))
    )


def _work() -> pl.Expr:
    days = (pl.col("as_of") - pl.col("worked_at")).dt.total_days()
    return (
        pl.when(days.is_null())
        .then(pl.lit(LACKS["work"]))
        .when(days < 1)
        .then(pl.lit("worked on within the last day"))
        .when(days == 1)
        .then(pl.lit("worked on 1 day ago"))
        .otherwise(pl.format("worked on {} days ago", days))
    )


def _usual(kind: str, what: str) -> pl.Expr:
    return _either(pl.col(f"points_usual_{kind}") > 0, f"you do tasks {what} soon", f"your tasks {what} wait longer")


def _either(condition: pl.Expr, yes: str, no: str) -> pl.Expr:
    return pl.when(condition).then(pl.lit(yes)).otherwise(pl.lit(no))


def _counted(verb: str, count: pl.Expr, one: str, many: str) -> pl.Expr:
    return pl.format(f"{verb} {{}} {{}}", count, pl.when(count == 1).then(pl.lit(one)).otherwise(pl.lit(many)))


TEXTS: Final = _texts()
