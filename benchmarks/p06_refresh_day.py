"""P6: one day of a million events, from raw to the daily table, against the daily table's query asked of the raw files at once."""

import multiprocessing
import re
import resource
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import orjson

from benchmarks.result import Result, seconds
from focusflow.contracts.fields import public_columns
from focusflow.contracts.registry import NOUNS
from focusflow.database import outbox
from focusflow.identity import bucket_of, new_id
from focusflow.lake.session import Relation, Scan, duckdb_session
from focusflow.lake.tables import RAW_EVENTS, Lake, position_key, quoted, show
from focusflow.metrics import METRICS
from ingestion.landing.lander import raw_rows
from ingestion.outbox.source import Run
from pipelines.engine import daily, histories, silver
from pipelines.engine.descriptions import FOLDER, entity_column, table
from pipelines.tables.gold.productivity_daily.inputs import computed_days

EVENTS, PER_PERSON, BUCKETS = 1_000_000, 50, 8
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
EVENING = NINE + timedelta(hours=11)
BARE = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


def measure(scale: float) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        in_its_own_process(write_day, folder, int(EVENTS * scale))
        (read, asked), _ = in_its_own_process(ask_raw, folder)
        (events, versions, days), peak = in_its_own_process(refresh, folder)
        answers_agree(folder)
    detail = {
        "bare: JSON": f"{read:.1f} s", "bare: query": f"{asked:.1f} s", "silver/events": f"{events:.1f} s", "histories": f"{versions:.1f} s",
        "productivity_daily": f"{days:.1f} s", "peak": f"{peak} MiB of 1,536",
    }  # fmt: skip
    ratio = (events + versions + days) / (read + asked)
    return Result(
        "P6", "a day of a million events, raw to gold", ratio, 2, "× bare query", more_is_better=False, detail=detail
    )


def in_its_own_process(work: Callable[..., Any], *given: object) -> Any:
    """For the peak of memory is that of a whole process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *given).result()


def peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def ask_raw(folder: str) -> tuple[list[float], int]:
    """The days of all users, from the raw files alone: nothing held against a contract, and nothing kept for the next time."""
    lake, session = Lake(folder), duckdb_session("12GB")
    show(session.connection, [lake.open(RAW_EVENTS)])
    tables: dict[str, Relation] = {
        f"silver.{noun.name}_history": Scan(f"from bare.{noun.name}_history") for noun in NOUNS
    }
    tables["silver.events"] = Scan("from bare.events")
    tables["gold.productivity_daily"] = Scan.of(lake.open(daily.DAILY))
    day = {"first": NINE.date(), "last": NINE.date()}
    parameters = {**daily.CONSTANTS, "as_of": EVENING}

    def ask() -> None:
        everybody = session.run(EVERYBODY, tables, day)
        span = {"first": NINE.date(), "until": NINE.date()}
        with computed_days(session, tables, everybody, **span, parameters=parameters) as days:
            session.connection.execute(f"copy ({days.query}) to {quoted(f'{folder}/bare.parquet')}")

    return [seconds(lambda: read_raw(session.connection))[0], seconds(ask)[0]], peak_mib()


def read_raw(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema bare")
    connection.execute("create temp table twice as select id from raw.events group by id having count(*) > 1")
    queries = [
        *table("gold/productivity_daily").files,
        *FOLDER.glob("relations/*.sql"),
        *FOLDER.glob("gold/calendar_load/inputs.sql"),
    ]
    asked = set(re.findall(r"\w+", " ".join(file.read_text(encoding="utf-8") for file in queries)))
    for noun in NOUNS:
        needed = {name: type_ for name, type_ in public_columns(noun.data).items() if name in asked}
        structure, types = orjson.dumps(needed or {"id": "VARCHAR"}).decode(), ", ".join(map(quoted, noun.types))
        connection.execute(BARE.format(noun=noun.name, types=types, entity=entity_column(noun), structure=structure))
    every = " union all ".join(
        f"from bare.{noun.name}_history select user_id, changed_on as local_date, change as type, actor"
        for noun in NOUNS
    )
    connection.execute(f"create view bare.events as {every}")


EVERYBODY = """
    select user_id, bucket, changed_on as today, $first::date as from_day, $last::date as to_day from silver.user_history"""


def answers_agree(folder: str) -> None:
    """Of the two that are compared, each must have said the same."""
    connection, days = duckdb_session().connection, Lake(folder).open(daily.DAILY)
    columns = ", ".join(f"round({each.name}, 6)" if each.type == "DOUBLE" else each.name for each in METRICS)
    ours, bare = (
        f"select user_id, local_date, {columns} from {place}"
        for place in (days.scan(), quoted(f"{folder}/bare.parquet"))
    )
    (other,) = connection.execute(
        f"select count(*) from (({ours} except {bare}) union all ({bare} except {ours}))"
    ).fetchall()[0]
    if other or not days.rows():
        raise RuntimeError(f"{other} days differ between productivity_daily and the bare query.")


def refresh(folder: str) -> tuple[list[float], int]:
    lake, session = Lake(folder), duckdb_session(temp_directory=f"{folder}/spill")

    def refresh_tables() -> None:
        for noun in histories.KEPT:
            histories.load_incremental(lake, session, noun, BUCKETS)

    steps = (
        lambda: silver.load_incremental(lake, session, BUCKETS),
        refresh_tables,
        lambda: daily.compute(lake, session, BUCKETS, EVENING),
    )
    return [seconds(step)[0] for step in steps], peak_mib()


def write_day(folder: str, events: int) -> None:
    """A user's day over and over, each time another user's: an account, then tasks, time and use of the app."""
    lake, session = Lake(folder), duckdb_session()
    values: dict[int, list[bytes]] = {bucket: [] for bucket in range(BUCKETS)}
    patterns = [orjson.loads(each) for each in day_of(new_id())]
    for _ in range(events // PER_PERSON):
        user = new_id()
        values[bucket_of(user, BUCKETS)] += [as_of_another(pattern, user) for pattern in patterns]
    for bucket, log in values.items():
        run = Run(bucket, list(range(len(log))), log)
        lake.open(RAW_EVENTS).append(raw_rows(session, [run]), positions={position_key(bucket): len(log)})


def as_of_another(pattern: dict[str, Any], user: UUID) -> bytes:
    subject = user if pattern["type"].startswith("user.") else new_id()
    return orjson.dumps(pattern | {"id": str(new_id()), "userid": str(user), "subject": str(subject)})


def day_of(user: UUID) -> list[bytes]:
    actions: list[tuple[str, dict[str, Any]]] = [
        ("user.registered", {"email": "ada@example.com", "display_name": "Ada", "timezone": "Europe/Berlin"})
    ]
    while len(actions) < PER_PERSON:
        start = NINE + timedelta(minutes=10 * len(actions))
        actions += [
            ("task.created", {"title": "Write to Ada", "created_at": NINE, "due_date": NINE.date(), "tags": ["home"]}),
            ("task.completed", {"title": "Write to Bob", "created_at": NINE, "status": "completed", "completed_at": start}),
            ("time.logged", {"started_at": start, "ended_at": start + timedelta(minutes=25)}),
            ("activity.tracked", {"name": "page", "platform": "web", "properties": {"path": "/today"}}),
        ]  # fmt: skip
    return [
        outbox.event(
            type_, user_id=user, timezone="Europe/Berlin", subject=user, version=1, data=data, recorded_at=NINE
        ).as_bytes()
        for type_, data in actions[:PER_PERSON]
    ]
