"""The facts of one user and one period, read from gold. One frozen period names, bounds and labels them. What is empty is empty; what was
not computed yet is said so; what fails is an error: none of them is a zero.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from focusflow.clock import Period, local_date
from focusflow.database.queries import load_queries
from focusflow.errors import Conflict
from focusflow.identity import bucket_of
from focusflow.lake.session import Inputs, Relation, Scan, Session, duckdb_session, scans
from focusflow.lake.tables import DAILY_TABLE, QUARANTINED_USERS, Lake, Pinned

EVENTS_TABLE = "silver/events"
ROLLUPS = {"week": "gold/productivity_weekly", "month": "gold/productivity_monthly"}
QUERIES = load_queries(Path(__file__).with_name("facts.sql"))

#: The metrics of a week or month that have a usual range.
WITH_USUAL = ("tasks_completed", "focus_minutes", "productivity_score")


class NotComputed(Conflict):
    """The numbers of these days are not computed yet. They appear here within the hour; nothing needs to be done."""


WITHHELD = "Some numbers of this account contradict each other, so they are held back until they are right. Data health says which."


@dataclass(frozen=True, slots=True)
class User:
    """For whom the facts are."""

    id: UUID
    name: str
    timezone: str
    week_start: int
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for this user, and how the period compares with it: a range only where enough is known."""

    low: float | None
    high: float | None
    trend: str


TOO_LITTLE_DATA = Usual(None, None, "too_little_data")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a score compares with those of earlier periods of its kind: how many in a row it beats, and when the last was that had as good a
    one, if any had.
    """

    beaten: int
    last_as_good: date | None


#: Of a span that is no week or month of the user's calendar there are no earlier ones, however much is known: nothing is said of it.
NOT_COMPARED = Usual(None, None, "not_compared")


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to tell. `before` is empty where the period before is not there in whole; `events` is from how many it is made."""

    user: User
    period: Period
    days: tuple[Mapping[str, Any], ...]
    totals: Mapping[str, float | None]
    before: Mapping[str, float | None]
    usual: Mapping[str, Usual]
    as_of: datetime
    events: int | None = None
    judged: int = 0  # earlier periods of the kind that had a usual range of completed tasks
    inside: int = 0  # and lay in it
    standing: Standing | None = (
        None  # of its score; None where there is none, or the span is no week or month of the calendar
    )

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
        """Whether the user did nothing that could be told."""
        return not any(
            self.totals.get(name) for name in ("tasks_created", "tasks_completed", "focus_minutes", "habits_completed")
        )

    @property
    def today(self) -> date:
        """The user's day when the numbers were made: it is not over yet."""
        return local_date(self.as_of, self.user.timezone)

    @property
    def is_running(self) -> bool:
        """Whether the period was not over yet when the numbers were made."""
        return self.today <= self.period.last

    def is_unusual(self, metric: str) -> bool:
        """Whether it lies outside of what is usual for the user."""
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
    """The tables of one bucket, each at one version, and as of when they are."""

    inputs: Inputs
    as_of: datetime
    withheld: frozenset[str]  # users whose numbers contradict each other

    def has(self, table: str) -> bool:
        return _sql_name(table) in self.inputs


@dataclass(frozen=True, slots=True)
class UserRows:
    """The rows of a table in memory, those of a user side by side."""

    rows: pa.Table
    spans: Mapping[str, tuple[int, int]]

    @classmethod
    def sorted(cls, session: Session, rows: Relation) -> "UserRows":
        found = session.run(QUERIES["by_user"], {"unsorted_rows": rows})
        runs = pc.run_end_encode(found["user_id"].combine_chunks())
        ends = runs.run_ends.to_pylist()
        return cls(found, dict(zip(runs.values.to_pylist(), zip([0, *ends], ends, strict=False), strict=True)))

    def of(self, user_id: UUID) -> pa.Table:
        start, end = self.spans.get(str(user_id), (0, 0))
        return self.rows.slice(start, end - start)


def gather(lake: Lake, buckets: int, user: User, period: Period, as_of: datetime | None = None) -> Facts:
    """Read a user's facts, each table at one version. `as_of` is that of a lake that was built again for a past moment."""
    with duckdb_session("256MB") as session:
        source = _source(session, lake, bucket_of(user.id, buckets), period)
        return _facts(session, replace(source, as_of=as_of or source.as_of), user, period)


class Reader:
    """The facts of many users at one state of the lake: what a bucket's files hold is read once for all of them. Not for long, for
    it sees nothing newer.
    """

    def __init__(self, lake: Lake, buckets: int) -> None:
        self._lake, self._buckets = lake, buckets
        self._session = duckdb_session("1GB")
        self._loaded: dict[tuple[int, str, str, str], tuple[Source, Mapping[str, UserRows]]] = {}
        self._lock = threading.Lock()  # a session runs one query at a time

    def gather(self, user: User, period: Period) -> Facts:
        bucket = bucket_of(user.id, self._buckets)
        key = (bucket, f"{_before(period).first:%Y-%m}", f"{period.last:%Y-%m}", _kind(period))
        with self._lock:
            if key not in self._loaded:
                source = _source(self._session, self._lake, bucket, period)
                self._loaded[key] = (
                    source,
                    {name: UserRows.sorted(self._session, rows) for name, rows in source.inputs.items()},
                )
            source, tables = self._loaded[key]
            inputs = {name: table.of(user.id) for name, table in tables.items()}
            return _facts(self._session, replace(source, inputs=inputs), user, period)


def _kind(period: Period) -> str:
    return "month" if period == Period.month_of(period.first) else "week"


def _sql_name(table: str) -> str:
    return table.replace("/", ".")


def _source(session: Session, lake: Lake, bucket: int, period: Period) -> Source:
    rollup_table = ROLLUPS[_kind(period)]
    daily, rollup, events = (lake.pinned(name) for name in (DAILY_TABLE, rollup_table, EVENTS_TABLE))
    if daily is None:
        raise NotComputed
    first = _before(period).first
    inputs = scans(
        (each for each in (daily, rollup) if each),
        {
            DAILY_TABLE: f"bucket = {bucket} and month >= '{first:%Y-%m}' and month <= '{period.last:%Y-%m}'",
            rollup_table: f"bucket = {bucket}",
        },
    )
    if events:
        months = f"bucket = {bucket} and month >= '{period.first:%Y-%m}' and month <= '{period.last:%Y-%m}'"
        inputs[_sql_name(EVENTS_TABLE)] = Scan(f"from {events.scan(months)} select user_id, local_date, recorded_at")
    return Source(inputs, _oldest(daily, rollup), _withheld(session, lake))


def _withheld(session: Session, lake: Lake) -> frozenset[str]:
    table = lake.pinned(QUARANTINED_USERS)
    if table is None:
        return frozenset()
    return frozenset(session.run(QUERIES["withheld"], scans([table]))["user_id"].to_pylist())


def _facts(session: Session, source: Source, user: User, period: Period) -> Facts:
    if str(user.id) in source.withheld:
        raise NotComputed(WITHHELD)
    before, kind = _before(period), _kind(period)
    parameters = {
        "user": str(user.id),
        "as_of": source.as_of,
        "today": local_date(source.as_of, user.timezone),
    }

    def rows(query: str, span: Period = period) -> list[dict[str, Any]]:
        days = {"first": span.first, "last": span.last}
        return session.records(QUERIES[query], source.inputs, {**parameters, **days})

    days = rows("days")
    if not days:
        raise NotComputed
    (totals,), (earlier,) = rows("totals"), rows("totals", before)
    has_rollup = source.has(ROLLUPS[kind])
    counted = rows("events") if source.has(EVENTS_TABLE) else []
    covered = rows(f"{kind}_coverage") if has_rollup else []
    same = rows(kind) if has_rollup else []
    is_named = (period.first, period.last) in (
        (each.first, each.last) for each in _calendar_periods(user, period.first)
    )
    score = totals["productivity_score"]
    scores = rows(f"{kind}_scores") if has_rollup and is_named and score is not None else None
    return Facts(
        user,
        period,
        tuple(days),
        totals,
        earlier if earlier["days"] == before.days else {},
        {name: _usual(same, name) if is_named else NOT_COMPARED for name in WITH_USUAL},
        source.as_of,
        counted[0]["events"] if counted else None,
        **(covered[0] if covered else {}),
        standing=None if scores is None else standing_of(score, scores),
    )


def standing_of(score: float, earlier: Iterable[Mapping[str, Any]]) -> Standing:
    """Among earlier periods, the latest first. Scores are compared as they are shown.

    >>> standing_of(57.2, [{"final_day": date(2026, 11, 1), "score": 41.0}, {"final_day": date(2026, 10, 25), "score": 56.6}])
    Standing(beaten=1, last_as_good=datetime.date(2026, 10, 25))
    """
    beaten = 0
    for each in earlier:
        if round(each["score"]) >= round(score):
            return Standing(beaten, each["final_day"])
        beaten += 1
    return Standing(beaten, None)


def _before(period: Period) -> Period:
    """The month before a month; else as many days before."""
    last = period.first - timedelta(days=1)
    if period == Period.month_of(period.first):
        return Period.month_of(last)
    return Period.between(last - timedelta(days=period.days - 1), last)


def _calendar_periods(user: User, day: date) -> tuple[Period, Period]:
    return Period.week_of(day, user.week_start), Period.month_of(day)


def _usual(same: list[dict[str, Any]], name: str) -> Usual:
    """As the weekly or monthly table has it."""
    if not same:
        return TOO_LITTLE_DATA
    row = same[0]
    return Usual(row[f"{name}_usual_low"], row[f"{name}_usual_high"], row[f"{name}_trend"])


def _oldest(*tables: Pinned | None) -> datetime:
    """No number is newer than this says."""
    return min(table.made_at for table in tables if table)
