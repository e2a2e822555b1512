"""Which days of which users have to be computed, and what their score is computed from."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa

from focusflow.database.queries import load_queries
from focusflow.lake.session import Inputs, Relation, Scan, Session
from focusflow.lake.tables import Pinned
from pipelines.engine.table_inputs import days_off, user_timezones, users
from pipelines.tables.gold.calendar_load.inputs import meetings_between

FOLDER = Path(__file__).parent

QUERIES = load_queries(FOLDER / "inputs.sql")

#: So many days the baselines look back.
LOOKBACK_DAYS = 90


def query(name: str) -> str:
    """One of the table's own queries."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed since the days were computed last: whose days have to be computed, and from where on in each bucket."""

    new_events: Scan
    recent_days: pa.Table
    dirty_days: pa.Table
    first_days: Mapping[int, date]
    buckets: Collection[int]
    first: date
    until: date

    def __bool__(self) -> bool:
        return bool(self.dirty_days.num_rows)


def changes(
    session: Session,
    histories: Inputs,
    *,
    silver: Pinned,
    daily: Pinned,
    new_events: Scan,
    recent_months: str,
    parameters: Mapping[str, Any],
) -> Changes:
    """Look for the days that new events speak of, and those that have begun or fallen due since."""
    recent = session.run(QUERIES["recent_days"], {"gold.productivity_daily": Scan.of(daily, recent_months)})
    known: dict[str, Relation] = {**histories, "new_events": new_events, "recent_days": recent}
    low, high = session.row(QUERIES["new_users"], known)
    known["nearby_events"] = Scan.of(silver, f"user_id >= '{low}' and user_id <= '{high}'")
    known["users"] = users(session, known, parameters["as_of"])
    known["first_facts"] = session.run(query("first_facts"), known)
    known["changed_days"] = session.run(query("changed_days"), known, parameters)
    known["first_rows"] = _first_rows(session, known, daily)
    dirty = known["dirty_days"] = session.run(query("dirty_days"), known, parameters)
    first_days = session.run(QUERIES["first_days"], known)
    _, buckets, first, until = session.row(QUERIES["extent"], known)
    return Changes(
        new_events, recent, dirty, dict(zip(*first_days.to_pydict().values(), strict=True)), buckets or (), first, until
    )


def _first_rows(session: Session, known: Inputs, daily: Pinned) -> pa.Table:
    """On which day the rows of such users begin: only files of up to the month of their registration are read."""
    older = {"older_users": session.run(QUERIES["older_users"], known)}
    last, buckets = session.row(QUERIES["older_users_range"], older)
    where = f"bucket in ({', '.join(map(str, buckets))}) and month <= '{last:%Y-%m}'" if last else "bucket < 0"
    return session.run(QUERIES["first_rows"], {**older, "gold.productivity_daily": Scan.of(daily, where)})


@contextmanager
def computed_days(
    session: Session, tables: Inputs, dirty_days: pa.Table, *, first: date, until: date, parameters: Mapping[str, Any]
) -> Iterator[Scan]:
    """The dirty days with their outcomes and scores, as long as the block runs."""
    given: dict[str, Relation] = {**tables, "dirty_days": dirty_days}
    given["user_timezones"] = user_timezones(session, given)
    given["days_off"] = days_off(session, {**given, "users": dirty_days})
    span = (datetime.combine(day, time(), UTC) for day in (first, until))
    given["meetings"] = meetings_between(session, {**given, "users": dirty_days}, *span)
    given["earlier_days"] = session.run(QUERIES["earlier_days"], given, {"lookback_days": LOOKBACK_DAYS})
    with ExitStack() as stack:
        for name, its_query in {
            "days": "days",
            "task_counts": "tasks",
            "goal_counts": "goals",
            "habit_counts": "habits",
            "time_counts": "time",
            "outcomes": "outcomes",
        }.items():
            given[name] = stack.enter_context(session.stored(query(its_query), given, parameters))
        yield stack.enter_context(session.stored(query("query"), given, parameters))
