"""P17: one event of one user, refreshed from raw to published in a process that stays: what it costs at several numbers of users and lengths of
history. Work is counted in seconds of the processor, those of Postgres with it.

The histories are the demo's. Each is refreshed in full, then one task after another is created: the first pays for what a process does once,
and the median of the others counts.
"""

import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any
from uuid import UUID

import psutil
import psycopg

from benchmarks.p06_refresh_day import BUCKETS, in_its_own_process, peak_mib
from benchmarks.result import Result
from focusflow.contracts.envelope import Event
from focusflow.database import outbox
from focusflow.database.embedded import embedded_server
from focusflow.database.migrate import prepare
from focusflow.database.session import Database
from focusflow.identity import bucket_of, new_id
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import RAW_EVENTS, Lake, position_key
from ingestion.demo.history import generate_history
from ingestion.demo.personas import personas
from ingestion.landing.lander import raw_rows
from ingestion.outbox.source import Run
from models.serving.registry import Registry
from pipelines.engine.refresh import Refresh

#: Users, and days of history behind them.
SIZES = ((5, 30), (5, 365), (5, 1_095), (500, 30))
EVENTS = 5
MOST_SECONDS = 0.6
NOON = datetime(2026, 3, 2, 12, 1, tzinfo=UTC)


def measure(scale: float) -> Result:
    found = {}
    for most, days in SIZES:
        people = max(int(most * scale), 5)
        found[f"{people:,} users, {days:,} days"] = in_its_own_process(measured, people, days)
    detail = {
        name: f"{each['total']:.2f} s, peak {each['peak']} MiB ({most_expensive(each['steps'])})"
        for name, each in found.items()
    }
    worst = max(each["total"] for each in found.values())
    return Result(
        "P17", "one event of one user, raw to published", worst, MOST_SECONDS, "s of CPU", more_is_better=False, detail=detail
    )  # fmt: skip


def most_expensive(steps: dict[str, float], at_most: int = 5) -> str:
    first = sorted(steps.items(), key=lambda step: -step[1])[:at_most]
    return ", ".join(f"{name} {taken:.3f}" for name, taken in first)


def measured(people: int, days: int) -> dict[str, Any]:
    """The median of the events, in all and by step."""
    with home(people, days) as one:
        one.refresh(NOON)
        rounds = []
        for number in range(1 + EVENTS):
            moment = NOON + timedelta(seconds=5 * (number + 1))
            one.land([one.new_task(moment)])
            rounds.append(one.refresh(moment))
    steps = {name: statistics.median(each[name] for each in rounds[1:]) for name in rounds[0]}
    total = statistics.median(sum(each.values()) for each in rounds[1:])
    return {"total": total, "steps": steps, "peak": peak_mib()}


class Home:
    """A lake, a database, and what a process that refreshes them keeps."""

    def __init__(self, folder: Path, url: str, database: Database) -> None:
        self.lake, self.url, self.database, self.folder = Lake(str(folder / "lake")), url, database, folder
        self.session = duckdb_session(temp_directory=str(folder / "spill"))
        self.landed = dict.fromkeys(range(BUCKETS), 0)
        self.users: list[tuple[UUID, str]] = []

    def land(self, events: Sequence[Event]) -> None:
        """As the lander leaves them."""
        values: dict[int, list[bytes]] = {}
        for event in events:
            values.setdefault(bucket_of(event.userid, BUCKETS), []).append(event.as_bytes())
        runs = [
            Run(bucket, range(self.landed[bucket], self.landed[bucket] + len(log)), log)
            for bucket, log in values.items()
        ]
        for run in runs:
            self.landed[run.bucket] += len(run.offsets)
        positions = {position_key(run.bucket): self.landed[run.bucket] for run in runs}
        self.lake.open(RAW_EVENTS).append(raw_rows(self.session, runs), positions=positions)

    def add_users(self, count: int, days: int) -> None:
        for persona in personas(count):
            past = generate_history(persona, now=NOON, seed=1, days=days, recorded_at=NOON)
            self.users.append((past.rows["users"][0]["id"], persona.timezone))
            self.land(past.events)
        with psycopg.connect(self.url) as connection:
            connection.execute("set role focusflow_auth")
            connection.execute(
                "insert into users (id, created_at, updated_at, email, password_hash, display_name, timezone)"
                " select id, now(), now(), id || '@example.com', 'none', 'Somebody', 'UTC' from unnest(%s::uuid[]) as id",
                [[user for user, _ in self.users]],
            )

    def new_task(self, moment: datetime) -> Event:
        user, timezone = self.users[0]
        data = {"title": "Write to Ada", "created_at": moment, "due_date": moment.date() + timedelta(days=3)}
        return outbox.event(
            "task.created", user_id=user, timezone=timezone, subject=new_id(), version=1, data=data, recorded_at=moment
        )

    def refresh(self, as_of: datetime) -> dict[str, float]:
        """Seconds of the processor by step."""
        refresh = Refresh(
            self.lake, self.session, self.database, BUCKETS, as_of, Registry(self.folder / "models"),
            self.folder / "catalog.duckdb", is_live=True,
        )  # fmt: skip
        taken, cpu = {}, self.cpu
        before = cpu()
        for step in refresh.run():
            now = cpu()
            taken[step.table], before = now - before, now
        return taken

    @property
    def cpu(self) -> Callable[[], float]:
        servers = psutil.Process().children(recursive=True)

        def seconds() -> float:
            times = [each.cpu_times() for each in servers if each.is_running()]
            return process_time() + sum(each.user + each.system for each in times)

        return seconds


@contextmanager
def home(people: int, days: int) -> Iterator[Home]:
    with tempfile.TemporaryDirectory(prefix="focusflow-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with embedded_server(folder, {}) as server:
            prepare(server.url, BUCKETS)
            with Database(server.url) as database:
                made = Home(folder, server.url, database)
                made.add_users(people, days)
                yield made
