"""Which days of which users have to be computed, and what their score is computed from."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa

from focusflow.database.queries import load_queries
from focusflow.lake.session import Inputs, Relation, Session
from focusflow.lake.tables import Pinned
from pipelines.engine import changed_users, deferrals, user_rows
from pipelines.engine.deferrals import Deferral, Plan
from pipelines.engine.table_inputs import days_off, user_timezones
from pipelines.engine.table_inputs import users as all_users
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

    new_events: Relation
    recent_days: pa.Table
    dirty_days: pa.Table
    first_days: Mapping[int, date]
    users: Mapping[str, date] | None  # the same by user, where those are few
    turned: Collection[str]  # of them, those for whom a day has begun
    deferred: Mapping[str, Deferral]
    buckets: Collection[int]
    first: date
    until: date

    def __bool__(self) -> bool:
        return bool(self.dirty_days.num_rows)

    def note(self) -> dict[str, str]:
        """What the commit says of whose days it has changed."""
        said = deferrals.note(self.deferred)
        if self.users is None:
            return said
        return said | changed_users.note(self.users) | {changed_users.TURNED: json.dumps(sorted(self.turned))}


def changes(
    session: Session,
    histories: Inputs,
    *,
    silver: Pinned,
    daily: Pinned,
    new_events: Relation,
    recent_months: str,
    parameters: Mapping[str, Any],
    deferred: Mapping[str, Deferral],
    is_live: bool,
) -> Changes:
    """Look for the days that new events speak of, and those that have begun or fallen due since."""
    recent_rows = user_rows.few_or_scan(session, daily, recent_months)
    recent = session.run(QUERIES["recent_days"], {"gold.productivity_daily": recent_rows})
    known: dict[str, Relation] = {**histories, "new_events": new_events, "recent_days": recent}
    low, high = session.row(QUERIES["new_users"], known)
    nearby = f"user_id >= '{low}' and user_id <= '{high}'" if low else "bucket < 0"
    known["nearby_events"] = user_rows.few_or_scan(session, silver, nearby)
    known["users"] = all_users(session, known, parameters["as_of"])
    known["first_facts"] = session.run(query("first_facts"), known)
    known["deferred_days"] = _deferred_days(deferred, parameters["as_of"], is_live=is_live)
    known["changed_days"] = session.run(query("changed_days"), known, parameters)
    known["first_rows"] = _first_rows(session, known, daily)
    dirty, put_off = session.run(query("dirty_days"), known, parameters), dict[str, Deferral]()
    if is_live:
        dirty, put_off = _without_old_days(dirty, deferred, parameters["as_of"])
    known["dirty_days"] = dirty
    days = session.run(QUERIES["first_days"], known)
    first_days: dict[int, date] = {}
    for bucket, day in zip(days["bucket"].to_pylist(), days["first_day"].to_pylist(), strict=True):
        first_days[bucket] = min(first_days.get(bucket, day), day)
    users, turned = None, list[str]()
    if days.num_rows <= changed_users.MOST:
        users = dict(zip(days["user_id"].to_pylist(), days["first_day"].to_pylist(), strict=True))
        turned = days.filter(days["has_turned"])["user_id"].to_pylist()
    _, buckets, first, until = session.row(QUERIES["extent"], known)
    return Changes(new_events, recent, dirty, first_days, users, turned, put_off, buckets or (), first, until)


def _deferred_days(deferred: Mapping[str, Deferral], as_of: datetime, *, is_live: bool) -> pa.Table:
    """What was put off before, and whether it is due."""
    rows = [
        {"user_id": user, "local_date": each.first_day, "is_due": not is_live or as_of - each.since >= deferrals.PAUSE}
        for user, each in deferred.items()
    ]
    schema = pa.schema([("user_id", pa.string()), ("local_date", pa.date32()), ("is_due", pa.bool_())])
    return pa.Table.from_pylist(rows, schema=schema)


def _without_old_days(
    dirty: pa.Table, deferred: Mapping[str, Deferral], as_of: datetime
) -> tuple[pa.Table, dict[str, Deferral]]:
    """The days to be computed now, and whose older ones are put off."""
    wanted = dict(zip(dirty["user_id"].to_pylist(), dirty["from_day"].to_pylist(), strict=True))
    plan = Plan.of(wanted, deferred, as_of)
    from_days = [plan.now.get(user, day) for user, day in wanted.items()]
    place = dirty.column_names.index("from_day")
    return dirty.set_column(place, "from_day", pa.array(from_days, pa.date32())), dict(plan.deferred)


def _first_rows(session: Session, known: Inputs, daily: Pinned) -> pa.Table:
    """On which day the rows of such users begin: only files of up to the month of their registration are read."""
    older = {"older_users": session.run(QUERIES["older_users"], known)}
    last, buckets = session.row(QUERIES["older_users_range"], older)
    where = f"bucket in ({', '.join(map(str, buckets))}) and month <= '{last:%Y-%m}'" if last else "bucket < 0"
    rows = user_rows.few_or_scan(session, daily, where)
    return session.run(QUERIES["first_rows"], {**older, "gold.productivity_daily": rows})


@contextmanager
def computed_days(
    session: Session, tables: Inputs, dirty_days: pa.Table, *, first: date, until: date, parameters: Mapping[str, Any]
) -> Iterator[Relation]:
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
            given[name] = stack.enter_context(session.held(query(its_query), given, parameters))
        yield stack.enter_context(session.held(query("query"), given, parameters))
