"""A refresher over a lake and a database of the test's own, and what lands in between."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from focusflow import clock
from focusflow.database import outbox
from focusflow.database.session import Database, Role
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import RAW_EVENTS, Lake, position_key
from ingestion.landing.service import open_ingestion
from models.serving.registry import Registry
from pipelines.engine import build, checks
from pipelines.engine.refresh import Refresh
from pipelines.engine.silver import EVENTS
from pipelines.refresher.service import Refresher
from tests.conftest import BUCKETS, add_user
from tests.integration.ingestion.conftest import write_events

PATIENCE = 90  # seconds; what is waited for takes a moment, and longer where others have the machine


#: Enough to see what a refresher does; what a refresh builds is for the tests of the engine.
BUILT, CHECKED = ("gold/time_daily", "gold/habit_streaks"), ("gold/productivity_daily",)


def few_tables(set_attribute: Callable[[Any, str, object], None] = setattr) -> None:
    """Have a refresh build and check few tables."""
    set_attribute(build, "TABLES", tuple(each for each in build.TABLES if each.full_name in BUILT))
    set_attribute(checks, "CHECKED", CHECKED)


def a_refresher(lake: Lake, database: Database, url: str, home: Path) -> Refresher:
    def refresh(session):
        models = Registry(home / "models")
        return Refresh(lake, session, database, BUCKETS, clock.now(), models, home / "catalog.duckdb", is_live=True)

    return Refresher(lake, database, url, connect=duckdb_session, refresh=refresh, pause_seconds=0)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


@dataclass
class Site:
    """An installation without processes: what they do is done here, or in threads of the test."""

    database: Database
    url: str
    lake: Lake
    home: Path
    user_id: UUID

    def register(self) -> None:
        """Without it, nobody has days."""
        with self.database.transaction(Role.API, self.user_id) as tx:
            data = {"email": "ada@example.com", "display_name": "Ada", "timezone": "Europe/Berlin"}
            subject: dict[str, Any] = {
                "user_id": self.user_id,
                "timezone": "Europe/Berlin",
                "subject": self.user_id,
                "version": 1,
            }
            outbox.append(tx, [outbox.event("user.registered", data=data, recorded_at=tx.now, **subject)])

    def refresher(self) -> Refresher:
        return a_refresher(self.lake, self.database, self.url, self.home)

    def land(self, events: int = 1) -> None:
        """Write events and land them, which signals it."""
        write_events(self.database, self.user_id, events)
        open_ingestion(self.database, self.lake, buckets=BUCKETS, rows=1_000, age_seconds=0).drain()

    def is_refreshed(self) -> bool:
        """Whether silver has what raw has."""
        raw, silver = self.lake.pinned(RAW_EVENTS.name), self.lake.pinned(EVENTS.name)
        keys = [position_key(bucket) for bucket in range(BUCKETS)]
        return raw is None or (silver is not None and all(silver.position(key) == raw.position(key) for key in keys))

    def state(self) -> dict[str, Any]:
        with self.database.owner() as connection:
            return connection.execute("select * from refresher_state").fetchone() or {}

    def builds(self) -> dict[str, dict[str, Any]]:
        with self.database.owner() as connection:
            return {row["table_name"]: row for row in connection.execute("select * from table_builds")}


@pytest.fixture
def site(database, database_url, lake, tmp_path, monkeypatch) -> Site:
    few_tables(monkeypatch.setattr)
    with database.owner() as connection:
        connection.execute("truncate refresher_state, table_builds, publications, published_rows, published_product")
    site = Site(database, database_url, lake, tmp_path, add_user(database))
    site.register()
    return site


class Beats:
    """A heartbeat that tests wait for."""

    def __init__(self) -> None:
        self.has_worked = threading.Event()

    def __call__(self, *, has_worked: bool = False) -> None:
        if has_worked:
            self.has_worked.set()

    def wait(self) -> None:
        assert self.has_worked.wait(PATIENCE)


@contextmanager
def running(refresher: Refresher) -> Iterator[Beats]:
    """Its loop in a thread, as long as the block runs."""
    stop, beats = threading.Event(), Beats()
    thread = threading.Thread(target=refresher.run, args=(stop, beats), daemon=True)
    thread.start()
    try:
        yield beats
        assert thread.is_alive()
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert not thread.is_alive()
