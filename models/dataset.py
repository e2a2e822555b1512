"""Lists of the past with what came of them: the one road from histories to what training and evaluation take."""

from collections.abc import Sequence
from datetime import date

import duckdb
import polars as pl

from models import labels, snapshots
from models.facts import KNOWN, LIST, MOMENT, known


def lists_with_outcomes(
    connection: duckdb.DuckDBPyConnection, *, users: Sequence[str] | None = None, days: snapshots.Span | None = None
) -> pl.DataFrame:
    """Every list of the chosen people and days that a model can learn from, of which the whole outcome is known by the last day.

    Empty when nothing happened yet.
    """
    snapshots.choose(connection, users)
    span = days or snapshots.days_of(connection) or snapshots.Span(date(2000, 1, 1), date(2000, 1, 1))
    lists = labels.with_outcomes(connection, snapshots.lists_of_days(connection, span))
    seen_until = connection.execute("select max(valid_from) from versions").fetchall()[0][0]
    columns = [*KNOWN, *MOMENT, "is_morning", "day_ends", "next_day_ends", *labels.OUTCOMES]
    derived = known(lists).select(
        "user_id", "as_of", "task_id", "due", "due_in_calendar_days", "days_overdue", "age_days"
    )
    whole = lists.select(columns).join(derived, on=["user_id", "as_of", "task_id"], how="inner", validate="1:1")
    if seen_until is not None:
        whole = whole.filter(pl.col("next_day_ends") <= seen_until)
    found = labels.labelled(whole.with_columns(pl.col("tags", "blocked_by", "last_tags").fill_null([])))
    # A due date that is not over yet says nothing.
    return found.with_columns(
        pl.when(pl.col("due") <= seen_until).then(pl.col(name)).alias(name) for name in ("missed", "missed_or_moved")
    ).sort(*LIST, "task_id")
