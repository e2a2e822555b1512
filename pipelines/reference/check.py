"""Compares some days of the daily table with the slow computation of the same events. A difference is a defect of one of the two."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import isclose
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import UUID

import orjson

from focusflow.contracts.envelope import Event
from focusflow.database.queries import load_queries
from focusflow.identity import bucket_of
from focusflow.lake.session import Session, scans
from focusflow.lake.tables import DAILY_TABLE, Lake, Pinned, position_key
from pipelines.engine.as_of import last
from pipelines.engine.silver import EVENTS
from pipelines.reference.account import Account, Rows
from pipelines.reference.days import productivity_daily

QUERIES = load_queries(Path(__file__).with_name("check.sql"))

#: User-days that are compared in one check, and of how many users: a day's score needs all days before it, so users cost time and days none.
DAYS: Final = 20
USERS: Final = 5

#: Rounding of sums in another order is no difference.
RELATIVE, ABSOLUTE = 1e-6, 1e-6


class Data(dict[str, Any]):
    """An entity, in which a field that its contract did not have yet is null."""

    def __missing__(self, key: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A user with the events that the lake has of them."""

    id: UUID
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A cell that the reference computes differently."""

    user_id: str
    day: date
    column: str
    published: Any
    reference: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much was compared, as of when, and what differs."""

    as_of: datetime
    days: int
    cells: int
    mismatches: Sequence[Mismatch]

    @property
    def sentence(self) -> str:
        if not self.days:
            return "There is no finished day to compare yet."
        compared = f"{self.cells:,} cells of {self.days:,} random user-days were computed again by the reference"
        if not self.mismatches:
            return f"{compared}, and all agree."
        return f"{compared}, and {len(self.mismatches):,} differ."


def compare(lake: Lake, session: Session, buckets: int, dice: Random) -> Comparison | None:
    """Compare random days of random users; None while there is no daily table."""
    daily, silver = lake.pinned(DAILY_TABLE), lake.pinned(EVENTS.name)
    if daily is None or silver is None:
        return None
    inputs, as_of = scans([daily, silver]), last(daily)
    users = [str(each) for each in session.run(QUERIES["users"], inputs)["user_id"].to_pylist()]
    days = cells = 0
    mismatches: list[Mismatch] = []
    chosen = dice.sample(users, min(USERS, len(users)))
    for number, user_id in enumerate(chosen):
        share = (DAYS - days) // (len(chosen) - number)
        before = as_of.date() - timedelta(days=1)  # over in every zone
        found = session.run(QUERIES["days"], inputs, {"user_id": user_id, "before": before})["local_date"].to_pylist()
        of_user = dice.sample(found, min(share, len(found)))
        if not of_user:
            continue
        rows = session.run(QUERIES["published"], inputs, {"user_id": user_id}).to_pylist()
        published = {row["local_date"]: row for row in rows}
        reference = productivity_daily(Account(recorded(session, silver, daily, buckets, user_id), as_of))
        days += len(of_user)
        cells += sum(len(reference.get(day, {})) for day in of_user)
        mismatches += [each for day in of_user for each in differences(user_id, day, published, reference)]
    return Comparison(as_of, days, cells, mismatches)


def recorded(session: Session, silver: Pinned, daily: Pinned, buckets: int, user_id: str) -> Recorded:
    """A user's events up to what the daily table has taken in."""
    id_ = UUID(user_id)
    position = daily.position(position_key(bucket_of(id_, buckets)))
    parameters = {"user_id": user_id, "position": position}
    rows = session.run(QUERIES["events"], scans([silver]), parameters).to_pylist()
    return Recorded(id_, [_event(id_, row) for row in rows])


def _event(user_id: UUID, row: dict[str, Any]) -> Event:
    return Event.model_construct(
        id=UUID(row["event_id"]),
        type=row["type"],
        subject=UUID(row["subject"]),
        time=row["occurred_at"],
        recordedtime=row["recorded_at"],
        userid=user_id,
        entityversion=row["entity_version"],
        timezone=row["timezone"],
        localdate=row["local_date"],
        actor=row["actor"],
        dataschema=f"focusflow:{row['noun']}:1",
        data=Data(orjson.loads(row["data"])),
    )


def differences(user_id: str, day: date, published: Rows, reference: Rows) -> Iterator[Mismatch]:
    """The cells of a day that differ; of a day that one of both has not, the day itself."""
    if (day in published) != (day in reference):
        yield Mismatch(user_id, day, "local_date", day in published, day in reference)
        return
    for column, expected in reference.get(day, {}).items():
        found = published[day].get(column)
        if not agrees(found, expected):
            yield Mismatch(user_id, day, column, found, expected)


def agrees(found: Any, expected: Any) -> bool:
    if isinstance(found, int | float) and isinstance(expected, int | float):
        return isclose(found, expected, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return bool(found == expected)
