"""A user's tables as of any moment of the past: built again, by the queries that always build them, from the events that were recorded by then.

They equal what was published then. Where they do not, events of before that moment were recorded after it, and these are named.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import duckdb
from deltalake.exceptions import DeltaError

from focusflow.database.queries import load_queries
from focusflow.identity import bucket_of
from focusflow.lake.session import Session, scans
from focusflow.lake.tables import DAILY_TABLE, Lake, position_key
from models.serving.registry import Registry
from pipelines.engine import build, daily, histories, priorities
from pipelines.engine.silver import EVENTS

QUERIES = load_queries(Path(__file__).with_name("point_in_time.sql"))

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PastLake:
    """The tables of one user as of a moment, and the events that came too late for it."""

    lake: Lake
    session: Session
    user_id: str
    as_of: datetime
    late: list[Row]

    def day(self, day: date) -> Row | None:
        """The row of a day; None where it was not there yet."""
        return _day(self.lake, self.session, self.user_id, day)

    def score(self, registry: Registry) -> None:
        """Score the open tasks, by the model that served then."""
        priorities.rebuild(self.lake, self.session, self.as_of, registry)

    def priorities(self, day: date, registry: Registry) -> list[Row]:
        """The scores of the open tasks, by the model that served then."""
        self.score(registry)
        scores = self.lake.open(priorities.SCORES)
        parameters = {"user_id": self.user_id, "day": day}
        return list(self.session.run(QUERIES["priorities"], scans([scores]), parameters).to_pylist())


@contextmanager
def past_lake(
    lake: Lake,
    session: Session,
    buckets: int,
    user_id: UUID,
    as_of: datetime,
    *,
    every: bool = False,
) -> Iterator[PastLake]:
    """The daily table of a user, or with `every` all tables, in a lake that is there as long as the block runs."""
    events = lake.open(EVENTS)
    parameters = {"user_id": str(user_id), "as_of": as_of}
    known = session.run(QUERIES["known"], scans([events]), parameters)
    late = session.run(QUERIES["late"], scans([events]), parameters).to_pylist()
    key = position_key(bucket_of(user_id, buckets))
    with TemporaryDirectory(prefix="focusflow-past-") as folder:
        past = Lake(folder)
        past.open(EVENTS).append(known.cast(EVENTS.schema), positions={key: events.position(key)})
        for noun in histories.KEPT:
            histories.load_incremental(past, session, noun, buckets)
        daily.compute(past, session, buckets, as_of)
        for table in build.TABLES if every else ():
            build.load_incremental(past, session, table, buckets, as_of)
        yield PastLake(past, session, str(user_id), as_of, late)


def published(lake: Lake, session: Session, user_id: str, day: date, as_of: datetime | None) -> Row | None:
    """The row of a day in the newest version of the daily table, or in the newest that was committed by a moment; None where that version is
    not kept.
    """
    table = lake.pinned(DAILY_TABLE)
    if table is None:
        return None
    if as_of is None:
        return _day(lake, session, user_id, day)
    moment = as_of.timestamp() * 1000
    version = max((each["version"] for each in table.delta.history() if each["timestamp"] <= moment), default=None)
    if version is None:
        return None
    try:
        return _day(lake, session, user_id, day, version)
    except (DeltaError, OSError, duckdb.IOException):  # its files were cleared away
        return None


def _day(lake: Lake, session: Session, user_id: str, day: date, version: int | None = None) -> Row | None:
    table = lake.pinned(DAILY_TABLE, version)
    if table is None:
        return None
    rows = session.run(QUERIES["day"], scans([table]), {"user_id": user_id, "day": day}).to_pylist()
    return next(iter(rows), None)
