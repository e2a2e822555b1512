"""Two hundred clients at once, and PostgreSQL restarted in the middle of it."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from focusflow.database.binaries import find_binaries
from focusflow.database.embedded import EmbeddedServer
from focusflow.database.session import Database
from tests.conftest import copy_home
from tests.e2e.conftest import free_ports, until
from tests.faults.api.crowd import REFUSALS, crowd
from tests.sizes import sized

CLIENTS, PEOPLE = 200, 20
SECONDS = sized(8, 60)
PASSWORD = "a long sentence is a good password"


class Api:
    """`focusflow api` on a database of its own, which can be restarted under it."""

    def __init__(self, home: Path) -> None:
        self.home, (self.port,) = home, free_ports(1)
        self.server = EmbeddedServer(home, {})

    def run(self) -> Iterator["Api"]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FOCUSFLOW_")}
        world = {
            **clean,
            "FOCUSFLOW_HOME": str(self.home),
            "FOCUSFLOW_API_PORT": str(self.port),
            "FOCUSFLOW_LOG_LEVEL": "ERROR",
        }
        with self.server.used():
            self.process = process = subprocess.Popen([sys.executable, "-m", "focusflow", "api"], env=world)
            try:
                until(self.is_ready, 60, "the API is ready")
                yield self
            finally:
                process.terminate()
                process.wait(30)

    def is_ready(self) -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/health/ready").status_code == 200
        except httpx2.TransportError:
            return False

    def restart_the_database(self) -> tuple[float, float]:
        """From when to when it was away."""
        data = self.home / "postgres" / "data"
        begun = time.monotonic()
        find_binaries(data, data.parent / "server.log").stop(data)
        self.server.ensure_running()
        return begun, time.monotonic()

    def sign_up(self, number: int) -> str:
        account = {"email": f"person{number}@example.com", "password": PASSWORD}
        with httpx2.Client(base_url=f"http://127.0.0.1:{self.port}/api/v1") as http:
            http.post("/auth/register", json={**account, "display_name": "Somebody"}).raise_for_status()
            token: str = http.post("/auth/login", json=account).json()["access_token"]
        return token


@pytest.fixture
def api(home_with_database: Path) -> Iterator[Api]:
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        Path(folder).chmod(0o711)
        copy_home(home_with_database, Path(folder))
        yield from Api(Path(folder)).run()


@pytest.mark.fault("database restarted under 200 clients")
@pytest.mark.timeout(SECONDS + 120)
def test_everything_answered_is_there_though_the_database_was_restarted_under_a_crowd(api, tally):
    tokens = [api.sign_up(number) for number in range(PEOPLE)]
    away: list[tuple[float, float]] = []
    restart = threading.Timer(SECONDS / 2, lambda: away.append(api.restart_the_database()))
    restart.start()
    journal = crowd(api.port, tokens, clients=CLIENTS, seconds=SECONDS)
    restart.join()
    print(f"{sum(journal.statuses.values())} requests, {journal.statuses}, slowest {journal.slowest:.1f} s")  # noqa: T201 (shown with -s)

    assert set(journal.statuses) <= {200, 201, *REFUSALS}
    assert journal.without_advice == journal.given_up == 0
    ((gone, back),) = away
    assert all(gone - 1 < when < back + 5 for when in journal.gaps)

    with Database(api.server.url) as database, database.owner() as connection:
        tasks = connection.execute("select id::text, title from tasks").fetchall()
        told = connection.execute("select value::json ->> 'subject' as subject from outbox").fetchall()
    tally.recoveries = [max(when - back for when in (back, *journal.gaps))]
    tally.compare(journal.created, [row["id"] for row in tasks])
    assert {row["id"]: row["title"] for row in tasks} == journal.created
    assert journal.created.keys() <= {row["subject"] for row in told}
