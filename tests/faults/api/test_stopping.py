"""An API that is told to stop finishes what it is at, and takes nothing new."""

import threading
import time

import httpx2
import pytest

from focusflow.database.session import connect_once
from tests.faults.api.test_a_crowd import api

__all__ = ["api"]  # a fixture


def test_a_request_that_is_under_way_is_finished_before_the_api_ends(api):
    signed = {"Authorization": f"Bearer {api.sign_up(1)}"}
    address = f"http://127.0.0.1:{api.port}"
    answers = []

    def add():
        answers.append(httpx2.post(f"{address}/api/v1/tasks", json={"title": "late"}, headers=signed, timeout=20))

    with connect_once(api.server.url) as blocking:
        blocking.execute("lock table tasks in access exclusive mode")
        asking = threading.Thread(target=add)
        asking.start()
        time.sleep(0.5)
        api.process.terminate()
        time.sleep(0.5)
        with pytest.raises(httpx2.HTTPError):
            httpx2.get(f"{address}/health/live", timeout=2)
        blocking.rollback()
        asking.join(20)
        assert [answer.status_code for answer in answers] == [201]
        assert api.process.wait(20) in (0, -15)  # uvicorn ends by the signal, after all is done
        found = blocking.execute("select title from tasks").fetchall()
    assert [row["title"] for row in found] == ["late"]
