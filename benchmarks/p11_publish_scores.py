"""P11: a million scores to Postgres, in the place of those of before, while users read theirs; beside a bare COPY into a table like it, with its index."""

import statistics
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pyarrow as pa

from benchmarks.result import Result, percentile, seconds
from focusflow.contracts.registry import BY_NAME
from focusflow.database.embedded import embedded_server
from focusflow.database.migrate import prepare
from focusflow.database.session import Database, Role
from focusflow.identity import bucket_of, new_id
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import Lake
from pipelines.engine import priorities, publish_scores
from pipelines.engine.as_of import as_of_metadata
from pipelines.engine.histories import spec

SCORES, PER_PERSON, BUCKETS = 1_000_000, 100, 8
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
REASONS = (
    '[{"code":"due","text":"due tomorrow","points":31.5},{"code":"open","text":"it is on your list","points":12.0}]'
)

COPY = """
    copy bare (user_id, task_id, score, rank, due_rank, urgency_rank, reasons, deadline_risk, importance, likelihood, is_baseline, task_version,
               model_version, as_of) from stdin (format csv)"""


def measure(scale: float) -> Result:
    users = [new_id() for _ in range(max(int(SCORES * scale) // PER_PERSON, 1))]
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        Path(folder).chmod(0o711)
        lake, session = Lake(f"{folder}/lake"), duckdb_session()
        rows = scored(users)
        write(lake, users, rows, NOON)
        with embedded_server(Path(folder), {}) as server:
            prepare(server.url, BUCKETS)
            with Database(server.url) as database:
                register(server.url, users)
                text = as_csv(rows)
                (bare,) = seconds(lambda: copy(server.url, text))
                (first,) = seconds(lambda: publish_scores.publish_scores(lake, session, database, BUCKETS))
                write(lake, users, rows, NOON + timedelta(hours=1))
                reads = Reads(database, users[0])
                (again,) = seconds(lambda: publish_scores.publish_scores(lake, session, database, BUCKETS))
                waited = reads.stop()
    return Result(
        "P11",
        f"{len(rows):,} scores to Postgres, readers go on",
        max(first, again) / bare,
        1.5,
        "× bare COPY",
        more_is_better=False,
        detail={
            "first": f"{first:.1f} s", "over those of before": f"{again:.1f} s", "bare": f"{bare:.1f} s",
            "a read meanwhile": f"{statistics.median(waited):.1f} ms, p99 {percentile(waited, 99):.0f} ms",
        },
    )  # fmt: skip


def scored(users: list[UUID]) -> list[tuple[Any, ...]]:
    return [
        (user, new_id(), 43.5, rank, rank, rank, REASONS, 0.4, 0.3, 0.2, False, 1, "pr-1.benchmark", NOON)
        for user in users
        for rank in range(1, PER_PERSON + 1)
    ]


def write(lake: Lake, users: list[UUID], rows: list[tuple[Any, ...]], as_of: datetime) -> None:
    names = (
        "user_id", "task_id", "score", "rank", "rank_by_due_date", "rank_by_urgency", "reasons", "deadline_risk", "importance", "likelihood",
        "is_baseline", "task_version", "model_version",
    )  # fmt: skip
    columns: dict[str, Any] = dict(zip((*names, "as_of"), zip(*rows, strict=True), strict=True))
    columns |= {name: [str(each) for each in columns[name]] for name in ("user_id", "task_id")}
    columns |= {
        "as_of": [as_of] * len(rows),
        "local_date": [as_of.date()] * len(rows),
        "month": ["2026-03"] * len(rows),
    }
    bucket = {str(user): bucket_of(user, BUCKETS) for user in users}
    columns["bucket"] = [bucket[user] for user in columns["user_id"]]
    table = pa.table(columns, schema=pa.schema([priorities.SCORES.schema.field(name) for name in columns]))
    lake.open(priorities.SCORES).replace(table, where="true", positions={}, metadata=as_of_metadata(as_of))
    accounts = lake.open(spec(BY_NAME["user"]))
    if accounts.version == 0:
        known = {"user_id": list(bucket), "bucket": list(bucket.values())}
        nothing = {each.name: pa.nulls(len(bucket), each.type) for each in accounts.columns() if each.name not in known}
        accounts.append(pa.table(known | nothing), positions={})


def register(url: str, users: list[UUID]) -> None:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("create table bare (like priority_scores including all)")
        cursor.execute("set role focusflow_auth")
        cursor.execute(
            "insert into users (id, created_at, updated_at, email, password_hash, display_name, timezone)"
            " select id, now(), now(), id || '@example.com', 'none', 'Somebody', 'UTC' from unnest(%s::uuid[]) as id",
            [users],
        )


def as_csv(rows: list[tuple[Any, ...]]) -> str:
    """Ready to be copied, so that making it is not counted."""
    return "\n".join(",".join(_cell(value) for value in row) for row in rows)


def _cell(value: Any) -> str:
    return '"' + str(value).replace('"', '""') + '"'


def copy(url: str, text: str) -> None:
    with psycopg.connect(url) as connection, connection.cursor().copy(COPY) as stream:
        stream.write(text)


class Reads:
    """Somebody who looks at their scores all the time, and how long each look took, in ms."""

    def __init__(self, database: Database, user: UUID) -> None:
        self._database, self._user, self._taken = database, user, list[float]()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while not self._done.is_set():
            begun = time.perf_counter()
            with self._database.transaction(Role.API, self._user) as tx:
                assert len(tx.all("select score from priority_scores order by rank limit 100")) == PER_PERSON
            self._taken.append((time.perf_counter() - begun) * 1000)
            self._done.wait(0.02)

    def stop(self) -> list[float]:
        self._done.set()
        self._thread.join()
        return self._taken
