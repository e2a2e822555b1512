"""Lists of the past with the outcome of them: the one road from histories to what training and evaluation take."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from focusflow.database.queries import load_queries
from focusflow.errors import Conflict
from focusflow.lake.session import Inputs, Session, scans
from focusflow.lake.tables import Lake
from models.features import snapshots
from models.features.task_facts import FACT_COLUMNS, LIST, MOMENT, derive_facts
from models.training import labels

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))


class NothingThere(Conflict):
    """There is no history to learn from yet. `focusflow refresh` updates what has landed."""


#: So many users are enough to learn from; more would cost time and change nothing.
MAX_USERS: Final = 400


def lists_of_lake(lake: Lake, session: Session, *, days: snapshots.Span | None = None) -> pl.DataFrame:
    """The lists of all users in the lake, or of some where there are very many, always the same ones."""
    histories = [lake.pinned(f"silver/{noun}_history") for noun in snapshots.NOUNS]
    if any(history is None for history in histories):
        raise NothingThere
    given = scans(history for history in histories if history is not None)
    users = session.run(QUERIES["some_users"], given, {"most": MAX_USERS})["user_id"].to_pylist()
    return lists_with_outcomes(session, given, users=users, days=days)


def lists_with_outcomes(
    session: Session, histories: Inputs, *, users: Sequence[str] | None = None, days: snapshots.Span | None = None
) -> pl.DataFrame:
    """Every list of the chosen users and days that a model can learn from, of which the whole outcome is known by the last day.

    Empty when nothing happened yet.
    """
    with snapshots.chosen(session, histories, users) as chosen:
        there = chosen.days() or snapshots.Span(date(2000, 1, 1), date(2000, 1, 1))
        span = snapshots.Span(max(days.first, there.first), min(days.last, there.last)) if days else there
        lists = labels.with_outcomes(session, chosen.lists_of_days(span))
        (last_change_at,) = session.row("select max(valid_from) from versions", chosen.relations)
    columns = [*FACT_COLUMNS, *MOMENT, "is_morning", "day_ends", "next_day_ends", *labels.OUTCOMES]
    derived = derive_facts(lists).select(
        "user_id", "as_of", "task_id", "due", "due_in_calendar_days", "days_overdue", "age_days"
    )
    whole = lists.select(columns).join(derived, on=["user_id", "as_of", "task_id"], how="inner", validate="1:1")
    if last_change_at is not None:
        whole = whole.filter(pl.col("next_day_ends") <= last_change_at)
    found = labels.labelled(whole.with_columns(pl.col("tags", "blocked_by", "last_tags").fill_null([])))
    # A due date that is not over yet says nothing.
    return found.with_columns(
        pl.when(pl.col("due") <= last_change_at).then(pl.col(name)).alias(name)
        for name in ("missed", "missed_or_moved")
    ).sort(*LIST, "task_id")
