"""Users to whom things happen, and a lake in which that lands and is refreshed."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from duckdb import DuckDBPyConnection

from focusflow.clock import zone
from focusflow.contracts.envelope import Event
from focusflow.contracts.registry import BY_NAME
from focusflow.database import outbox
from focusflow.identity import bucket_of, new_id
from focusflow.lake.session import Session, duckdb_session
from focusflow.lake.tables import RAW_EVENTS, Lake, duckdb_connection, position_key, show
from ingestion.landing.lander import raw_rows
from ingestion.outbox.source import Run
from pipelines.engine import build, daily, histories, silver
from tests.conftest import BUCKETS


class SampleUser:
    """Somebody with an account. Moments are said as on the wall clock of where the user lives."""

    def __init__(
        self,
        timezone: str = "Europe/Berlin",
        since: str | datetime = "2026-03-01 08:00",
        id_: UUID | None = None,
        **account: Any,
    ) -> None:
        self.id, self.timezone = id_ or new_id(), timezone
        self.events: list[Event] = []
        self.tasks: list[Thing] = []
        self.account = Thing(self, "user", email="ada@example.com", display_name="Ada", timezone=timezone, **account)
        self.account.id = self.id
        self.account.happens("registered", since)

    @property
    def bucket(self) -> int:
        return bucket_of(self.id, BUCKETS)

    def moment(self, wall_time: str | datetime) -> datetime:
        return (
            wall_time
            if isinstance(wall_time, datetime)
            else datetime.fromisoformat(wall_time).replace(tzinfo=zone(self.timezone))
        )

    def moves(self, timezone: str, at: str | datetime) -> None:
        self.timezone = timezone
        self.account.happens("updated", at, timezone=timezone)

    def new(self, noun: str, **data: Any) -> "Thing":
        return Thing(self, noun, **data)

    def task(self, created: str | datetime, **data: Any) -> "Thing":
        """A task that is open from then on."""
        task = self.new("task", title="Write to Ada", created_at=self.moment(created), **data)
        task.happens("created", created)
        self.tasks.append(task)
        return task

    def time(self, started: str | datetime, ended: str | datetime, kind: str = "focus") -> "Thing":
        """A stretch of time that was logged when it ended."""
        entry = self.new("time_entry", kind=kind, started_at=self.moment(started), ended_at=self.moment(ended))
        entry.happens("logged", ended)
        return entry

    def habit(self, since: str | datetime, **data: Any) -> "Thing":
        habit = self.new(
            "habit",
            title="Stretch",
            start_date=self.moment(since).astimezone(zone(self.timezone)).date(),
            created_at=self.moment(since),
            **data,
        )
        habit.happens("created", since)
        return habit

    def log(self, habit: "Thing", day: str, **data: Any) -> "Thing":
        """A day on which the habit was done, noted on the evening of that day."""
        log = self.new("habit_log", habit_id=habit.id, local_date=day, **data)
        log.happens("logged", f"{day} 20:00")
        return log


class Thing:
    """An entity, which remembers its state from one happening to the next."""

    def __init__(self, user: SampleUser, noun: str, **data: Any) -> None:
        self.user, self.noun, self.data = user, BY_NAME[noun], data
        self.id, self.version = new_id(), 0

    def happens(self, action: str, at: str | datetime, **changes: Any) -> Event:
        self.data |= changes
        self.version += 1
        moment = self.user.moment(at)
        event = outbox.event(
            f"{self.noun.prefix or self.noun.name}.{action}",
            user_id=self.user.id,
            timezone=self.user.timezone,
            subject=self.id,
            version=self.version,
            data=self.data,
            recorded_at=moment,
        )
        self.user.events.append(event)
        return event

    def completed(self, at: str | datetime) -> Event:
        return self.happens("completed", at, status="completed", completed_at=self.user.moment(at))

    def reopened(self, at: str | datetime) -> Event:
        return self.happens("reopened", at, status="pending", completed_at=None)

    def deleted(self, at: str | datetime) -> Event:
        return self.happens("deleted", at, deleted_at=self.user.moment(at))


TAG_KEY = "0123456789abcdef" * 4


@dataclass
class World:
    """A lake, and the refreshes over it."""

    lake: Lake
    session: Session = field(default_factory=duckdb_session)
    views: DuckDBPyConnection = field(default_factory=duckdb_connection)  # a session's own come before its inputs
    landed: Counter[int] = field(default_factory=Counter)

    def land(self, events: Iterable[Event]) -> None:
        self.land_bytes((bucket_of(event.userid, BUCKETS), event.as_bytes()) for event in events)

    def land_bytes(self, values: Iterable[tuple[int, bytes]]) -> None:
        """As the lander does: what came, beside its place in the log of its bucket."""
        runs = []
        for bucket, value in values:
            runs.append(Run(bucket, [self.landed[bucket]], [value]))
            self.landed[bucket] += 1
        positions = {position_key(run.bucket): self.landed[run.bucket] for run in runs}
        self.lake.open(RAW_EVENTS).append(raw_rows(self.session, runs), positions=positions)

    def load_silver(self) -> silver.LoadStats:
        return silver.load_incremental(self.lake, self.session, BUCKETS, tag_key=TAG_KEY)

    def load_histories(self) -> dict[str, int]:
        """Every history; how many versions came for each noun."""
        return {
            noun.name: histories.load_incremental(self.lake, self.session, noun, BUCKETS) for noun in histories.KEPT
        }

    def refresh(self, as_of: datetime) -> daily.Computed:
        self.load_silver()
        self.load_histories()
        return daily.compute(self.lake, self.session, BUCKETS, as_of)

    def build(self, as_of: datetime, *names: str) -> None:
        """Gold tables over the daily one: those that are named, with those that they are made from, or all."""
        wanted = {each for name in names for each in needed_for(f"gold/{name}")}
        for table in build.TABLES:
            if not names or table.spec.name in wanted:
                build.load_incremental(self.lake, self.session, table, BUCKETS, as_of)

    def rows(self, table: str, query: str = "") -> list[dict[str, Any]]:
        """The rows of a table as it stands now, or of a query over it."""
        pinned = self.lake.pinned(table)
        if pinned is None:
            return []
        show(self.views, [pinned])
        found = self.views.execute(query or f"from {table.replace('/', '.')} order by all")
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def days(self, user: SampleUser | UUID) -> dict[str, dict[str, Any]]:
        """The daily rows of a user, by date."""
        id_ = user.id if isinstance(user, SampleUser) else user
        return {f"{row['local_date']}": row for row in self.rows(daily.DAILY.name) if row["user_id"] == str(id_)}

    def day(self, user: SampleUser, day: str) -> dict[str, Any]:
        """The row of a day after everything that happened to a user, seen from the noon of the day after the last."""
        self.land(user.events)
        last = max(event.time for event in user.events)
        self.refresh(max(last, user.moment(f"{day} 23:59")))
        return self.days(user)[day]


def needed_for(name: str) -> set[str]:
    """A gold table and all that it is made from."""
    reads = {each.spec.name: each.reads for each in build.TABLES}
    return {name}.union(*(needed_for(each) for each in reads.get(name, ()) if each != name))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(Lake(str(tmp_path / "lake")))
    yield world
    world.session.close()
