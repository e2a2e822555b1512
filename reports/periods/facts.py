"""The facts of one person and one period, read from gold. One frozen period names, bounds and labels them. What is empty is empty; what was
not computed yet is said so; what fails is an error: none of them is a zero.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb

from focusflow.clock import Period, local_date
from focusflow.database.queries import load_queries
from focusflow.errors import Conflict
from focusflow.identity import bucket_of
from focusflow.lake.tables import DAILY_TABLE, QUARANTINED_USERS, Lake, Pinned, duckdb_connection, show

EVENTS_TABLE = "silver/events"
ROLLUPS = {"week": "gold/productivity_weekly", "month": "gold/productivity_monthly"}
QUERIES = load_queries(Path(__file__).with_name("facts.sql"))

#: The metrics of a week or month that have a usual range.
WITH_USUAL = ("tasks_completed", "focus_minutes", "productivity_score")


class NotComputed(Conflict):
    """The numbers of these days are not computed yet. They appear here within the hour; nothing needs to be done."""


WITHHELD = "Some numbers of this account contradict each other, so they are held back until they are right. Data health says which."


@dataclass(frozen=True, slots=True)
class Person:
    """For whom the facts are."""

    id: UUID
    name: str
    timezone: str
    week_start: int
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for this person, and how the period compares with it: a range only where enough is known."""

    low: float | None
    high: float | None
    trend: str


TOO_LITTLE_DATA = Usual(None, None, "too_little_data")

#: Of a span that is no week or month of the user's calendar there are no earlier ones, however much is known: nothing is said of it.
NOT_COMPARED = Usual(None, None, "not_compared")


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to tell. `before` is empty where the period before is not there in whole; `events` is from how many it is made."""

    person: Person
    period: Period
    days: tuple[Mapping[str, Any], ...]
    totals: Mapping[str, float | None]
    before: Mapping[str, float | None]
    usual: Mapping[str, Usual]
    as_of: datetime
    events: int | None = None
    judged: int = 0  # earlier periods of the kind that had a usual range of completed tasks
    inside: int = 0  # and lay in it

    @property
    def span(self) -> str:
        """What kind of time it is."""
        return (
            "month"
            if self.period == Period.month_of(self.period.first)
            else "week"
            if self.period.days == 7
            else "some days"
        )

    @property
    def is_empty(self) -> bool:
        """Whether the person did nothing that could be told."""
        return not any(
            self.totals.get(name) for name in ("tasks_created", "tasks_completed", "focus_minutes", "habits_completed")
        )

    @property
    def today(self) -> date:
        """The user's day when the numbers were made: it is not over yet."""
        return local_date(self.as_of, self.person.timezone)

    @property
    def is_running(self) -> bool:
        """Whether the period was not over yet when the numbers were made."""
        return self.today <= self.period.last

    def is_unusual(self, metric: str) -> bool:
        """Whether it lies outside of what is usual for the person."""
        return metric in self.usual and self.usual[metric].trend in ("higher", "lower")

    def by_name(self) -> dict[str, float]:
        """Every number under the name by which a text may cite it."""
        found = {name: value for name, value in self.totals.items() if value is not None}
        found |= {f"{name}_before": value for name, value in self.before.items() if value is not None}
        for name, usual in self.usual.items():
            found |= {
                f"{name}_usual_{end}": value
                for end, value in (("low", usual.low), ("high", usual.high))
                if value is not None
            }
        return found


@dataclass(frozen=True, slots=True)
class Source:
    """The tables of one bucket for a while, each at one version, and as of when they are."""

    connection: duckdb.DuckDBPyConnection
    has_rollup: bool
    has_events: bool
    as_of: datetime
    withheld: frozenset[str]  # users whose numbers contradict each other


def gather(lake: Lake, buckets: int, person: Person, period: Period) -> Facts:
    """Read a person's facts, each table at one version."""
    source = _source(lake, bucket_of(person.id, buckets), period)
    with source.connection:
        return _facts(source, person, period)


class Reader:
    """The facts of many people at one state of the lake: what a bucket's files hold is read once for all of them. Not for long, for
    it sees nothing newer.
    """

    def __init__(self, lake: Lake, buckets: int) -> None:
        self._lake, self._buckets = lake, buckets
        self._sources: dict[tuple[int, str, str, str], Source] = {}
        self._lock = threading.Lock()

    def gather(self, person: Person, period: Period) -> Facts:
        bucket = bucket_of(person.id, self._buckets)
        key = (bucket, f"{_before(period).first:%Y-%m}", f"{period.last:%Y-%m}", _kind(period))
        with self._lock:
            if key not in self._sources:
                self._sources[key] = _copied(_source(self._lake, bucket, period))
            source = self._sources[key]
        with source.connection.cursor() as cursor:
            return _facts(replace(source, connection=cursor), person, period)


def _kind(period: Period) -> str:
    return "month" if period == Period.month_of(period.first) else "week"


def _source(lake: Lake, bucket: int, period: Period) -> Source:
    daily, rollup, events = (lake.pinned(name) for name in (DAILY_TABLE, ROLLUPS[_kind(period)], EVENTS_TABLE))
    if daily is None:
        raise NotComputed
    first = _before(period).first
    narrowed = {
        DAILY_TABLE: f"bucket = {bucket} and month >= '{first:%Y-%m}' and month <= '{period.last:%Y-%m}'",
        ROLLUPS[_kind(period)]: f"bucket = {bucket}",
        EVENTS_TABLE: f"bucket = {bucket} and month >= '{period.first:%Y-%m}' and month <= '{period.last:%Y-%m}'",
    }
    connection = duckdb_connection("256MB")
    show(connection, [table for table in (daily, rollup, events) if table], narrowed)
    return Source(
        connection, rollup is not None, events is not None, _oldest(daily, rollup), _withheld(lake, connection)
    )


def _withheld(lake: Lake, connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    table = lake.pinned(QUARANTINED_USERS)
    found = connection.execute(f"from {table.scan()} select user_id").fetchall() if table else []
    return frozenset(user for (user,) in found)


def _copied(source: Source) -> Source:
    """The same in memory, by person."""
    memory = duckdb_connection("1GB")
    memory.execute("create schema gold")
    with source.connection as files:
        there = {name for (name,) in files.execute("show tables from gold").fetchall()}
        for name in there & {table.removeprefix("gold/") for table in (DAILY_TABLE, *ROLLUPS.values())}:
            memory.register("read", files.sql(f"from gold.{name}").to_arrow_table())
            memory.execute(f"create table gold.{name} as from read order by user_id")
            memory.unregister("read")
        if source.has_events:
            memory.execute("create schema silver")
            memory.register(
                "read", files.sql("select user_id, local_date, recorded_at from silver.events").to_arrow_table()
            )
            memory.execute("create table silver.events as from read order by user_id")
            memory.unregister("read")
    return replace(source, connection=memory)


def _facts(source: Source, person: Person, period: Period) -> Facts:
    if str(person.id) in source.withheld:
        raise NotComputed(WITHHELD)
    before, today = _before(period), local_date(source.as_of, person.timezone)

    def rows(query: str, first: date, last: date) -> list[dict[str, Any]]:
        values = {"user": str(person.id), "first": first, "last": last}
        if query is QUERIES["events"]:
            values["as_of"] = source.as_of
        if query is QUERIES["totals"]:
            values["today"] = today
        found: list[dict[str, Any]] = source.connection.sql(query, params=values).to_arrow_table().to_pylist()
        return found

    days = rows(QUERIES["days"], period.first, period.last)
    if not days:
        raise NotComputed
    (totals,) = rows(QUERIES["totals"], period.first, period.last)
    (earlier,) = rows(QUERIES["totals"], before.first, before.last)
    counted = rows(QUERIES["events"], period.first, period.last) if source.has_events else []
    is_named = (period.first, period.last) in (
        (each.first, each.last) for each in _calendar_periods(person, period.first)
    )
    covered = rows(QUERIES[f"{_kind(period)}_coverage"], period.first, period.last) if source.has_rollup else []
    same = rows(QUERIES[_kind(period)], period.first, period.last) if source.has_rollup else []
    return Facts(
        person,
        period,
        tuple(days),
        totals,
        earlier if earlier["days"] == before.days else {},
        {name: _usual(same, name) if is_named else NOT_COMPARED for name in WITH_USUAL},
        source.as_of,
        counted[0]["events"] if counted else None,
        **(covered[0] if covered else {}),
    )


def _before(period: Period) -> Period:
    """The month before a month; else as many days before."""
    last = period.first - timedelta(days=1)
    if period == Period.month_of(period.first):
        return Period.month_of(last)
    return Period.between(last - timedelta(days=period.days - 1), last)


def _calendar_periods(person: Person, day: date) -> tuple[Period, Period]:
    return Period.week_of(day, person.week_start), Period.month_of(day)


def _usual(same: list[dict[str, Any]], name: str) -> Usual:
    """As the weekly or monthly table has it."""
    if not same:
        return TOO_LITTLE_DATA
    row = same[0]
    return Usual(row[f"{name}_usual_low"], row[f"{name}_usual_high"], row[f"{name}_trend"])


def _oldest(*tables: Pinned | None) -> datetime:
    """No number is newer than this says."""
    return min(table.made_at for table in tables if table)
