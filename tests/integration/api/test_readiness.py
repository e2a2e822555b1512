"""What `/health/ready` says while parts of the platform are away, full, frozen or off."""

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pyarrow as pa
import pytest
from anyio import CapacityLimiter
from fastapi.testclient import TestClient

from focusflow import clock, storage
from focusflow.lake.tables import RAW_EVENTS, Lake
from focusflow.mail import Delivery, Outcome
from focusflow.settings import load_settings
from operational_api.app import create_app
from operational_api.security import login_throttle
from operational_api.security.fair_share import FairShare
from tests.integration.api.conftest import PASSWORD

#: Two are promised; a busy machine may take a little longer, but not each time.
SECONDS, TRIES = 3, 4

#: More than there are threads for requests.
CROWD = 60


def readiness(client: TestClient) -> tuple[int, dict[str, Any]]:
    for _ in range(TRIES):
        begun = time.monotonic()
        answer = client.get("/health/ready")
        if time.monotonic() - begun < SECONDS:
            return answer.status_code, answer.json()
    pytest.fail("It does not answer in time.")


def until(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("It has not come to that.")


@pytest.fixture
def change_services(http):
    """Have the API work with other services for a test."""
    before = http.app.state.services

    def change(**changes: Any) -> None:
        http.app.state.services = replace(before, **changes)

    yield change
    http.app.state.services = before


def test_a_sound_api_is_ready_without_warnings(http):
    assert readiness(http) == (200, {"status": "ready", "warnings": []})


def test_it_answers_while_requests_hold_every_connection_and_every_thread(http, me, database, change_services):
    change_services(fair_share=FairShare(at_once=CROWD))
    with ThreadPoolExecutor(CROWD) as pool:
        with database.owner() as connection:
            connection.execute("lock table users")
            requests = [pool.submit(me.call, "GET", "/auth/sessions") for _ in range(CROWD)]
            until(lambda: waiting_for_a_lock(connection) == http.app.state.services.settings.database_pool)
            assert readiness(http)[0] == 200
        assert {each.result().status_code for each in requests} <= {200, 503}


class Hanging:
    """A mail server that accepts connections and says nothing."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()

    def send(self, _: EmailMessage) -> Delivery:
        assert self.goes_on.wait(60)
        return Delivery(Outcome.SENT)


def test_requests_are_answered_while_more_account_emails_hang_than_there_are_threads(
    http, me, change_services, monkeypatch
):
    monkeypatch.setattr(login_throttle, "count", lambda *_: None)  # all come from one network
    monkeypatch.setattr(login_throttle, "may_mail", lambda *_: True)
    mailer, limit = Hanging(), CapacityLimiter(2)
    change_services(mailer=mailer, email_threads=limit)

    def register(number: int) -> int:
        account = {"email": f"waits{number}@example.com", "password": PASSWORD, "display_name": "Somebody"}
        status: int = http.post("/api/v1/auth/register", json=account).status_code
        return status

    with ThreadPoolExecutor(CROWD) as pool:
        emails = [pool.submit(register, number) for number in range(CROWD)]
        try:
            until(lambda: limit.statistics().tasks_waiting == CROWD - 2)
            assert readiness(http)[0] == 200
            assert me.call("GET", "/me").status_code == 200
        finally:
            mailer.goes_on.set()
        assert {each.result() for each in emails} == {202}


def waiting_for_a_lock(connection) -> int:
    (found,) = connection.execute("select count(*) as count from pg_locks where not granted").fetchall()
    return int(found["count"])


def test_it_answers_in_time_while_a_name_is_not_resolved(tmp_path, monkeypatch):
    resolved = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: resolved.wait(30) and [])
    app = create_app(load_settings(home=tmp_path), "postgresql://focusflow@database.example.com/focusflow")
    with TestClient(app) as client:
        status, problem = readiness(client)
        assert (status, problem["type"]) == (503, "/problems/unavailable")
        resolved.set()


@pytest.mark.parametrize("off_by", [timedelta(minutes=-3), timedelta(minutes=3)])
def test_a_clock_that_is_off_degrades_it_in_a_sentence(http, monkeypatch, off_by):
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + off_by)
    status, body = readiness(http)
    assert (status, body["status"]) == (200, "degraded")
    (warning,) = body["warnings"]
    assert "180 s " + ("ahead of" if off_by > timedelta(0) else "behind") in warning


def test_an_event_of_the_lake_that_is_newer_than_now_degrades_it(tmp_path, database_url):
    event = {"bucket": 0, "log_offset": 0, "recorded_time": clock.now() + timedelta(days=3), "value": b"{}"}
    raw = Lake(str(tmp_path / "lake")).open(RAW_EVENTS)
    raw.append(pa.Table.from_pylist([event], RAW_EVENTS.schema), positions={"bucket-0": 1})
    with TestClient(create_app(load_settings(home=tmp_path), database_url)) as client:
        (warning,) = readiness(client)[1]["warnings"]
    assert "newest event" in warning


def test_little_disk_space_is_reported_until_there_is_room(http, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(storage.check_room, "__defaults__", (1 << 62,))
        status, problem = readiness(http)
        assert (status, problem["type"]) == (503, "/problems/storage-full")
    assert readiness(http)[0] == 200
