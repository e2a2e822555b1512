"""What then happened to the tasks of a list. Only training and evaluation look here."""

from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from focusflow.database.queries import load_queries
from focusflow.lake.session import Session
from models.features.snapshots import Lists
from models.features.task_facts import LIST

QUERIES = load_queries(Path(__file__).with_name("labels.sql"))

OUTCOMES: Final = ("done_at", "worked_next_at", "gone_at", "moved_at")


def with_outcomes(session: Session, lists: Lists) -> pl.DataFrame:
    """The lists with the outcome of each task."""
    outcomes = pl.DataFrame(session.run(QUERIES["outcomes"], lists.relations))
    return lists.rows.join(outcomes, on=["user_id", "number", "task_id"], how="left", validate="1:1")


def labelled(lists: pl.DataFrame) -> pl.DataFrame:
    """The labels, from the outcomes and `due`. `gain` grades the order: 2 for the next one worked on and what is finished that day, 1 for
    what is finished by the end of the next. `taken_up` is what likelihood speaks of: finished or worked on by the end of the next day.
    """
    next_work = pl.col("worked_next_at").min().over(LIST)
    in_time = pl.col("next_day_ends")
    return (
        lists.with_columns(
            is_done_today=_before("done_at", pl.col("day_ends")),
            is_done=_before("done_at", in_time),
            is_next=((pl.col("worked_next_at") == next_work) & _before("worked_next_at", in_time)).fill_null(
                value=False
            ),
            **missed(),
        )
        .with_columns(taken_up=pl.col("is_done") | _before("worked_next_at", in_time))
        .with_columns(
            gain=pl.when(pl.col("is_next") | pl.col("is_done_today"))
            .then(2)
            .when(pl.col("is_done"))
            .then(1)
            .otherwise(0)
        )
        .drop(OUTCOMES)
    )


def per_due_date() -> pl.Expr:
    """What a row counts where due dates are counted: a task is on many lists, and its due date comes once."""
    return 1 / pl.len().over("user_id", "task_id", "due").cast(pl.Float64)


def labeled_before(lists: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """The lists whose labels were known before a moment; of a due date that lay beyond it, nothing was."""
    past = pl.col("due") < moment
    return lists.filter(pl.col("next_day_ends") < moment).with_columns(
        pl.when(past).then(pl.col(name)).alias(name) for name in ("missed", "missed_or_moved")
    )


def missed() -> dict[str, pl.Expr]:
    """Whether a due date that was ahead was missed. Given up or moved before it came: unknown; or, counting a moved date as missed, true."""
    due = pl.col("due")
    is_ahead = due > pl.col("as_of")
    in_time = _before("done_at", due, or_at=True)
    is_moved = _before("moved_at", due) & ~(pl.col("done_at") < pl.col("moved_at")).fill_null(value=False)
    is_gone = _before("gone_at", due) & ~(pl.col("done_at") < pl.col("gone_at")).fill_null(value=False)
    return {
        "missed": pl.when(is_ahead & ~is_moved & ~is_gone).then(~in_time),
        "missed_or_moved": pl.when(is_ahead & is_moved).then(True).when(is_ahead & ~is_gone).then(~in_time),
    }


def _before(moment: str, end: pl.Expr, *, or_at: bool = False) -> pl.Expr:
    return ((pl.col(moment) <= end) if or_at else (pl.col(moment) < end)).fill_null(value=False)
