"""P7: the same day with three years behind it, against the same day with a month behind it: what a refresh costs must not grow with history.

What lies behind is written as the pipeline would have left it; the day itself is landed as raw and goes the whole way, once beside each.
"""

import os
import shutil
import statistics
import tempfile
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

import pyarrow as pa

from benchmarks.p06_refresh_day import BUCKETS, in_its_own_process
from benchmarks.result import Result, seconds
from focusflow.contracts.envelope import Event
from focusflow.contracts.registry import BY_NAME
from focusflow.database import outbox
from focusflow.database.queries import load_queries
from focusflow.identity import bucket_of
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import RAW_EVENTS, Lake, TableSpec, position_key
from ingestion.landing.lander import raw_rows
from ingestion.outbox.source import Run
from pipelines.engine import build, daily, dirty_days, histories, silver
from pipelines.engine.as_of import as_of_metadata

PEOPLE, ROUNDS = 1_000, 3
SHORT, LONG = 30, 1_095
DAY = date(2026, 3, 2)
AS_OF = datetime.combine(DAY, time(20), UTC)
QUERIES = load_queries(Path(__file__).with_suffix(".sql"))
TASKS, ENTRIES, USERS = (histories.spec(BY_NAME[noun]) for noun in ("task", "time_entry", "user"))
BY_MONTH = [table for table in build.TABLES if table.is_by_month]

#: As an id that begins with its moment, like those that the platform gives out.
TASK_ID = """
    create or replace temp macro task_id(day, slot, person) as
        printf('%08x-%04x-7%03x-8000-%012x', (epoch_ms(day) >> 16)::bigint, (epoch_ms(day) & 65535)::bigint, slot::bigint, person::bigint)"""


def measure(scale: float) -> Result:
    people = max(int(PEOPLE * scale), BUCKETS)
    with tempfile.TemporaryDirectory() as folder:
        for days in (SHORT, LONG):
            in_its_own_process(write_history, f"{folder}/{days}", people, days)
        taken = {days: [refreshed(folder, days) for _ in range(ROUNDS)] for days in (SHORT, LONG)}
    steps = {
        days: {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
        for days, rounds in taken.items()
    }
    core = {days: sum(each for name, each in found.items() if name != "other gold") for days, found in steps.items()}
    detail = {"events a day": f"{people * 49:,}"} | {
        f"{days} days": f"{core[days]:.1f} s (" + ", ".join(f"{name} {each:.1f}" for name, each in found.items()) + ")"
        for days, found in steps.items()
    }
    return Result(
        "P7", "the same day with 1,095 days behind it", core[LONG] / core[SHORT], 1.2, "× with 30 days", more_is_better=False, detail=detail
    )  # fmt: skip


def refreshed(folder: str, days: int) -> dict[str, float]:
    """In a copy of links: files of a lake are never written twice."""
    copy = f"{folder}/copy"
    shutil.copytree(f"{folder}/{days}", copy, copy_function=os.link)
    try:
        steps: dict[str, float] = in_its_own_process(refresh, copy)
        return steps
    finally:
        shutil.rmtree(copy)


def refresh(folder: str) -> dict[str, float]:
    lake, session = Lake(folder), duckdb_session(temp_directory=f"{folder}/spill")

    def keep_histories() -> None:
        for noun in histories.KEPT:
            histories.load_incremental(lake, session, noun, BUCKETS)

    def make_others() -> None:
        for table in BY_MONTH:
            build.load_incremental(lake, session, table, BUCKETS, AS_OF)

    steps = {
        "silver/events": lambda: silver.load_incremental(lake, session, BUCKETS),
        "histories": keep_histories,
        "productivity_daily": lambda: daily.compute(lake, session, BUCKETS, AS_OF),
        "other gold": make_others,
    }
    return {name: seconds(step)[0] for name, step in steps.items()}


def write_history(folder: str, people: int, days: int) -> None:
    lake, session = Lake(folder), duckdb_session(temp_directory=f"{folder}/spill")
    users = [UUID(f"01900000-0000-7000-8000-{number:012x}") for number in range(people)]
    known = {
        "user_id": map(str, users),
        "bucket": [bucket_of(user, BUCKETS) for user in users],
        "person": range(people),
    }
    connection = session.connection
    connection.register("people", pa.table({name: list(values) for name, values in known.items()}))
    connection.execute(TASK_ID)
    begins = first = DAY - timedelta(days=days)
    while first < DAY:
        last = min((first.replace(day=1) + timedelta(days=31)).replace(day=1), DAY) - timedelta(days=1)
        connection.execute(QUERIES["days"], {"first": first, "last": last})
        for name, spec in (
            ("tasks", TASKS),
            ("entries", ENTRIES),
            ("events", silver.EVENTS),
            ("rows", daily.DAILY),
        ):
            given = {"until": DAY} if name == "tasks" else {}
            add(lake, spec, connection.sql(QUERIES[name], params=given).to_arrow_table())
        first = last + timedelta(days=1)
    accounts = "select user_id, user_id as account_id, bucket, 1 as version, 'user.registered' as change, '9999-12' as last_month, 0 as log_offset,"
    begun = datetime.combine(begins, time(), UTC)
    accounts += " $begun::timestamptz as valid_from, $begun::date as changed_on, 'Europe/Berlin' as timezone, 0 as week_start from people"
    add(lake, USERS, connection.sql(accounts, params={"begun": begun}).to_arrow_table())
    stand_at_one(lake)
    values: dict[int, list[bytes]] = {bucket: [] for bucket in range(BUCKETS)}
    for number, user in enumerate(users):
        values[bucket_of(user, BUCKETS)] += [each.as_bytes() for each in day_of(number, user)]
    runs = [Run(bucket, range(1, len(log) + 1), log) for bucket, log in values.items()]
    positions = {position_key(run.bucket): len(run.offsets) + 1 for run in runs}
    lake.open(RAW_EVENTS).append(raw_rows(session, runs), positions=positions)


def add(lake: Lake, spec: TableSpec, rows: pa.Table) -> None:
    """Rows in a table, sorted as the pipeline sorts them; what they do not say is empty."""
    missing = [field for field in spec.schema if field.name not in rows.column_names]
    for field in missing:
        rows = rows.append_column(field, pa.nulls(len(rows), field.type))
    rows = rows.sort_by([(name, "ascending") for name in (*spec.partition_by, "user_id", spec.schema.names[1])])
    lake.open(spec).append(rows, positions={})


def stand_at_one(lake: Lake) -> None:
    """Every table as if it had followed the log up to its first place, and the days up to yesterday's evening."""
    positions = {position_key(bucket): 1 for bucket in range(BUCKETS)}
    yesterday = as_of_metadata(AS_OF - timedelta(days=1))
    for spec in (silver.EVENTS, silver.QUARANTINE, *map(histories.spec, histories.KEPT), daily.DAILY):
        table = lake.open(spec)
        table.append(table.columns().empty_table(), positions=positions, metadata=yesterday)
    days = lake.open(daily.DAILY)
    for each in BY_MONTH:
        table = lake.open(each.spec)
        table.append(
            table.columns().empty_table(), positions=positions, metadata=yesterday | dirty_days.version_metadata(days)
        )


def day_of(number: int, user: UUID) -> list[Event]:
    found = []

    def happens(type_: str, subject: str, version: int, at: datetime, **data: object) -> None:
        found.append(
            outbox.event(type_, user_id=user, timezone="Europe/Berlin", subject=UUID(subject), version=version, data=data, recorded_at=at)
        )  # fmt: skip

    for slot, lag in enumerate([0] * 9 + [1, 5, 20]):
        begun = datetime.combine(DAY, time(9), UTC) + timedelta(minutes=10 * slot)
        done, before = begun + timedelta(minutes=25), begun - timedelta(days=lag)
        task = {"title": "Write to Ada", "due_date": before.date()}
        new, old = (task_id(day, slot, number) for day in (DAY, before.date()))
        happens("task.created", new, 1, begun, **task | {"created_at": begun, "due_date": DAY})
        happens(
            "task.completed", old, 2, done, **task | {"created_at": before, "status": "completed", "completed_at": done}
        )
        happens("time.logged", task_id(DAY, 256 + slot, number), 1, done, task_id=new, started_at=begun, ended_at=done)
        happens("activity.tracked", task_id(DAY, 512 + slot, number), 1, begun, name="page", platform="web")
    return found


def task_id(day: date, slot: int, number: int) -> str:
    moment = int(datetime.combine(day, time(), UTC).timestamp() * 1000)
    return f"{moment >> 16:08x}-{moment & 65535:04x}-7{slot:03x}-8000-{number:012x}"
