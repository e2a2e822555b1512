"""What a report tells by name as of a past moment: from histories and gold tables as they were then. Titles are those of now, for no other is kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from focusflow.clock import Period
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.lake.session import Inputs, Session, scans
from focusflow.lake.tables import Lake
from reports.periods import details
from reports.periods.details import Details, details_of
from reports.periods.facts import User

QUERIES: Final = load_queries(Path(__file__).with_suffix(".sql"))

#: What the queries read.
TABLES: Final = (
    "silver/user_history", "silver/goal_history", "silver/milestone_history", "silver/task_history", "silver/habit_history",
    "silver/habit_log_history", "silver/day_off_history", "gold/goal_progress", "gold/time_daily", "gold/priority_scores",
)  # fmt: skip

#: Queries whose rows are told by their titles.
WITH_TITLES: Final = ("goals", "habits", "slipped", "next", "reached")

#: In the place of the title of what has been deleted since.
NO_TITLE: Final = "Deleted since"


def past_user(lake: Lake, session: Session, user: User) -> User:
    """A user with the time zone, first day of the week and language of the moment that the lake is of."""
    for row in session.records(QUERIES["user"], _inputs(lake)):
        return replace(user, **row)
    return user


def gather_past_details(
    lake: Lake, session: Session, database: Database, user: User, period: Period, *, is_latest: bool, now: datetime
) -> Details:
    """The details from a lake that holds one user as of `now`, with the scores of that moment."""
    read = partial(_rows, session, _inputs(lake), database)
    return details_of(read, user, period, is_latest=is_latest, now=now)


def _inputs(lake: Lake) -> Inputs:
    return scans(pinned for name in TABLES if (pinned := lake.pinned(name)))


def _rows(
    session: Session, inputs: Inputs, database: Database, name: str, who: Mapping[str, Any]
) -> Sequence[Mapping[str, Any]]:
    rows = session.records(QUERIES[name], inputs, who)
    if name not in WITH_TITLES:
        return rows
    with database.transaction(Role.REPORTING) as tx:
        ids = [row["id"] for row in rows]
        titles = {row["id"]: row["title"] for row in tx.all(details.QUERIES["titles"], {**who, "ids": ids})}
        earned = tx.all(details.QUERIES["earned"], who) if name == "reached" else []
    for row in rows:
        row["title"] = titles.get(row["id"], NO_TITLE)
    if name == "goals":
        return [{field: value for field, value in row.items() if field != "id"} for row in rows]
    if name == "next":
        return [{**row, "reasons": json.loads(row["reasons"])} for row in rows]
    if name == "reached":
        told = [*rows, *({**row, "title": None} for row in earned)]
        return sorted(told, key=lambda row: row["at"], reverse=True)[:5]
    return rows
