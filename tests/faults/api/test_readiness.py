"""A database that is frozen, stopped or without room: each answer comes in time and says why, and all goes on by itself."""

import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psutil
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from focusflow.database.binaries import find_binaries
from focusflow.database.embedded import EmbeddedServer
from focusflow.database.migrate import prepare
from focusflow.settings import load_settings
from operational_api.app import create_app
from tests.conftest import BUCKETS, copy_home
from tests.faults.disks import small_disk

#: Two seconds are promised for readiness and three for a request; a busy machine may take longer, but not each time.
READY_SECONDS, REQUEST_SECONDS, TRIES = 3, 4.5, 4

#: More than there are threads for requests.
CROWD = 60

MIB = 1 << 20


@dataclass
class Api:
    """The API over a server of its own."""

    http: TestClient
    server: EmbeddedServer
    data: Path

    def readiness(self) -> Response:
        for _ in range(TRIES):
            begun = time.monotonic()
            answer = self.http.get("/health/ready")
            if time.monotonic() - begun < READY_SECONDS:
                return answer
        pytest.fail("It does not answer in time.")

    def register(self, number: int) -> Response:
        account = {"email": f"person{number}@example.com", "password": "a long sentence is a good password"}
        return self.http.post("/api/v1/auth/register", json={**account, "display_name": "Somebody"})

    def refresh(self, _: int) -> tuple[Response, float]:
        """Something that asks the database first of all."""
        begun = time.monotonic()
        answer = self.http.post("/api/v1/auth/refresh", json={"refresh_token": "none"})
        return answer, time.monotonic() - begun

    def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(200):
            if condition():
                return
            time.sleep(0.1)
        pytest.fail("It has not come to that.")


@contextmanager
def running(home: Path) -> Iterator[Api]:
    home.chmod(0o711)
    server = EmbeddedServer(home, {"fsync": "off", "min_wal_size": "32MB", "max_wal_size": "32MB"})
    with server.used():
        prepare(server.url, BUCKETS)
        app = create_app(load_settings(home=home), server.url)
        with TestClient(app, raise_server_exceptions=False) as http:
            yield Api(http, server, home / "postgres" / "data")


@pytest.fixture
def api(home_with_database: Path) -> Iterator[Api]:
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        copy_home(home_with_database, Path(folder))
        with running(Path(folder)) as api:
            yield api


def processes_of(api: Api) -> list[psutil.Process]:
    """PostgreSQL's, its parent first."""
    parent = psutil.Process(int((api.data / "postmaster.pid").read_text().splitlines()[0]))
    return [parent, *parent.children(recursive=True)]


def assert_unavailable_in_time(api: Api) -> None:
    slowest = list[float]()
    while not slowest or (min(slowest) > REQUEST_SECONDS and len(slowest) < TRIES):
        with ThreadPoolExecutor(CROWD) as crowd:
            requests = [crowd.submit(api.refresh, number) for number in range(CROWD)]
            assert api.readiness().status_code == 503
            assert api.readiness().headers["Retry-After"]
            found = [each.result() for each in requests]
        assert {answer.status_code for answer, _ in found} == {503}
        assert all(answer.headers["Retry-After"] for answer, _ in found)
        slowest.append(max(seconds for _, seconds in found))
    assert min(slowest) < REQUEST_SECONDS
    assert api.readiness().status_code == 503


def assert_works_again(api: Api) -> None:
    api.until(lambda: api.readiness().status_code == 200)
    api.until(lambda: api.refresh(0)[0].status_code == 401)


@pytest.mark.fault("database frozen, and stopped, under the API")
@pytest.mark.timeout(120)
def test_a_frozen_and_a_stopped_server_are_reported_in_time_and_the_api_goes_on_by_itself(api, tally):
    tally.tries = 2
    assert_works_again(api)
    frozen = processes_of(api)
    for each in frozen:
        each.send_signal(signal.SIGSTOP)
    try:
        assert_unavailable_in_time(api)
    finally:
        for each in reversed(frozen):
            each.send_signal(signal.SIGCONT)
    with tally.recovery():
        assert_works_again(api)

    find_binaries(api.data, api.data.parent / "server.log").stop(api.data)
    assert_unavailable_in_time(api)
    api.server.ensure_running()
    assert_works_again(api)


@pytest.mark.fault("full disk of the database")
@pytest.mark.timeout(120)
def test_a_full_disk_is_reported_by_its_name_until_there_is_room(tally):
    with small_disk(megabytes=256) as disk, running(disk) as api:
        assert_works_again(api)
        ballast = disk / "ballast"
        fill(ballast, leaving=16 * MIB)
        problem = api.readiness()
        assert (problem.status_code, problem.json()["type"]) == (503, "/problems/storage-full")
        assert api.register(0).status_code == 202  # there is room for what is accepted

        fill(ballast, leaving=0)
        numbers = count(1)
        problem = next(filter(is_refused, map(api.register, numbers)))
        assert problem.json()["type"] == "/problems/storage-full"
        assert problem.headers["Retry-After"]
        assert api.readiness().json()["type"] == "/problems/storage-full"

        ballast.unlink()
        with tally.recovery():
            assert_works_again(api)
        assert api.register(next(numbers)).status_code == 202


def is_refused(answer: Response) -> bool:
    return answer.status_code != 202


def fill(file: Path, *, leaving: int) -> None:
    """Grow a file until so much of its disk is free."""
    free = psutil.disk_usage(str(file.parent)).free
    with file.open("ab") as ballast:
        while free - leaving > 0:
            try:
                ballast.write(bytes(min(MIB, free - leaving)))
                ballast.flush()
            except OSError:
                return
            free = psutil.disk_usage(str(file.parent)).free
