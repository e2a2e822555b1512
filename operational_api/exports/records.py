"""The records of a user as they are exported: rows by noun, with the names of categories in place of their ids."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from focusflow.contracts.calendar import PLAN_CALENDAR
from focusflow.database.queries import load_queries
from focusflow.database.session import Transaction

QUERIES: Final = load_queries(Path(__file__).with_name("queries.sql"))

#: What is exported, what is pointed at first.
NOUNS = (
    "categories", "goals", "milestones", "tasks", "habits", "habit_logs", "time_entries", "calendar_events", "days_off",
)  # fmt: skip

#: Rows of a statement: it ends long before the time that the API gives it.
CHUNK = 5000

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Records:
    """All records of a user, by noun."""

    timezone: str
    exported_at: datetime
    rows: Mapping[str, Rows]


def read(tx: Transaction, timezone: str) -> Records:
    return Records(timezone, tx.now, {noun: list(_rows(tx, noun)) for noun in NOUNS})


def _rows(tx: Transaction, noun: str) -> Iterator[Mapping[str, Any]]:
    after = UUID(int=0)
    while True:
        values = {"after": after, "limit": CHUNK, "plan_calendar": PLAN_CALENDAR}
        rows = tx.all(QUERIES[noun], values)
        yield from rows
        if len(rows) < CHUNK:
            return
        after = rows[-1]["id"]
