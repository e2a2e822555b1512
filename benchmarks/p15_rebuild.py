"""P15: everything rebuilt from raw, for many users over a year: as much work an event for twice the users, and never too much memory.

Work is counted in seconds of the processor: the two run one after the other for minutes, and a busy machine would tell of its neighbours.
"""

import tempfile
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import process_time
from typing import Any
from uuid import UUID

import pyarrow as pa

from benchmarks.p06_refresh_day import BUCKETS, in_its_own_process, peak_mib
from benchmarks.result import Result, seconds
from focusflow.database.queries import load_queries
from focusflow.identity import bucket_of
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import RAW_EVENTS, Lake, position_key
from pipelines.engine import build, daily, histories, silver

PEOPLE, DAYS, MOST_MIB = 10_000, 365, 4 * 1024
FIRST = date(2025, 3, 1)
AS_OF = datetime.combine(FIRST + timedelta(days=DAYS), time(20), UTC)
QUERIES = load_queries(Path(__file__).with_suffix(".sql"))


def measure(scale: float) -> Result:
    sizes = [max(int(PEOPLE * scale * share), BUCKETS) for share in (0.5, 1)]
    half, whole = (rebuilt(people) for people in sizes)
    detail = {"events": f"{whole['events']:,}", "peak": f"{whole['peak']:,} MiB of {MOST_MIB:,}"} | {
        name: f"{taken:.0f} s" for name, taken in whole["steps"].items()
    }
    cost_half, cost_whole = (each["work"] / each["events"] for each in (half, whole))
    detail["events a processor's second"] = f"{1 / cost_whole:,.0f}, with half the people {1 / cost_half:,.0f}"
    ratio = cost_whole / cost_half if whole["peak"] <= MOST_MIB else float("inf")
    return Result(
        "P15", "a year of many people made anew from raw", ratio, 1.2, "× an event at half", more_is_better=False, detail=detail
    )  # fmt: skip


def rebuilt(people: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        events = in_its_own_process(write_raw, folder, people)
        steps, work, peak = in_its_own_process(rebuild, folder)
    return {"events": events, "steps": steps, "work": work, "peak": peak}


def rebuild(folder: str, as_of: datetime = AS_OF) -> tuple[dict[str, float], float, int]:
    lake, session = Lake(folder), duckdb_session(temp_directory=f"{folder}/spill")
    steps = {
        "silver/events": lambda: silver.load_incremental(lake, session, BUCKETS),
        "histories": lambda: [histories.load_incremental(lake, session, noun, BUCKETS) for noun in histories.KEPT],
        "productivity_daily": lambda: daily.compute(lake, session, BUCKETS, as_of),
        "other gold": lambda: [build.load_incremental(lake, session, table, BUCKETS, as_of) for table in build.TABLES],
    }
    begun = process_time()
    taken = {name: seconds(step)[0] for name, step in steps.items()}
    return taken, process_time() - begun, peak_mib()


def write_raw(folder: str, people: int, days: int = DAYS, tasks: int = 3, finished: int = 3) -> int:
    """Month by month, as a lander would have left it: so many tasks a user and day, of which some are finished."""
    lake, session = Lake(folder), duckdb_session(temp_directory=f"{folder}/spill")
    users = [UUID(f"01900000-0000-7000-8000-{person:012x}") for person in range(people)]
    known = {
        "user_id": map(str, users),
        "bucket": [bucket_of(user, BUCKETS) for user in users],
        "person": range(people),
    }
    connection = session.connection
    connection.register("people", pa.table({name: list(values) for name, values in known.items()}))
    landed = dict.fromkeys(range(BUCKETS), 0)
    first, until = FIRST, FIRST + timedelta(days=days)
    while first < until:
        last = min((first.replace(day=1) + timedelta(days=31)).replace(day=1), until) - timedelta(days=1)
        connection.execute(
            "create or replace temp table month as " + QUERIES["raw"],
            {"first": first, "last": last, "begins": FIRST, "tasks": tasks, "finished": finished},
        )
        for bucket, count in connection.execute("select bucket, count(*) from month group by bucket").fetchall():
            given = {"bucket": bucket, "landed": landed[bucket]}
            rows = connection.sql(
                "select bucket, $landed + place as log_offset, null as id, type, recorded_time, local_date, value from month"
                " where bucket = $bucket order by place", params=given,
            ).to_arrow_table()  # fmt: skip
            landed[bucket] += count
            lake.open(RAW_EVENTS).append(rows, positions={position_key(bucket): landed[bucket]})
        first = last + timedelta(days=1)
    return sum(landed.values())
