"""PostgreSQL's processes stand still without dying: each request ends in time and says so, and others take their place."""

import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psutil
import pytest

from focusflow.database.session import connect_once
from operational_api.app import PATIENCE_SECONDS
from tests.faults.api.test_a_crowd import api

__all__ = ["api"]  # a fixture

AT_ONCE = 4
FROZEN_SECONDS = 8


@pytest.mark.fault("connections of the database frozen")
def test_requests_of_a_frozen_server_end_in_time_and_the_next_are_answered(api, tally):
    signed = {"Authorization": f"Bearer {api.sign_up(1)}"}

    def add(number):
        begun = time.monotonic()
        answer = httpx2.post(
            f"http://127.0.0.1:{api.port}/api/v1/tasks", json={"title": f"Task {number}"}, headers=signed, timeout=30
        )
        return answer, time.monotonic() - begun

    with ThreadPoolExecutor(AT_ONCE) as threads:
        assert {answer.status_code for answer, _ in threads.map(add, range(AT_ONCE))} == {201}
        frozen = backends_of(api)
        for each in frozen:
            each.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        try:
            found = list(threads.map(add, range(AT_ONCE, 4 * AT_ONCE)))
            assert time.monotonic() - begun < FROZEN_SECONDS
        finally:
            for each in frozen:
                each.send_signal(signal.SIGCONT)
    statuses = Counter(answer.status_code for answer, _ in found)
    assert statuses.keys() == {201, 503}
    assert statuses[503] <= len(frozen)
    assert all(answer.headers["Retry-After"] for answer, _ in found if answer.status_code == 503)
    assert max(seconds for _, seconds in found) < PATIENCE_SECONDS + 2
    with connect_once(api.server.url) as owner:
        tasks = owner.execute("select count(*) as tasks from tasks").fetchall()
    tally.tries = len(frozen)
    tally.lost = max(AT_ONCE + statuses[201] - tasks[0]["tasks"], 0)
    assert tasks == [{"tasks": AT_ONCE + statuses[201]}]


def backends_of(api):
    """The processes of PostgreSQL that serve the API, all of which wait for the next request."""
    with connect_once(api.server.url) as owner:
        rows = owner.execute(
            "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
        ).fetchall()
    assert rows
    return [psutil.Process(row["pid"]) for row in rows]
