"""An API that is told to stop finishes what it is at, and takes nothing new."""

import json
import socket
import time

import httpx2

from focusflow.database.session import connect_once
from tests.e2e.conftest import until
from tests.faults.api.test_a_crowd import api

__all__ = ["api"]  # a fixture


def test_a_request_that_is_under_way_is_finished_before_the_api_ends(api):
    body = json.dumps({"title": "late"}).encode()
    head = (
        f"POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {api.sign_up(1)}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", api.port), timeout=30) as under_way:
        under_way.sendall(head.encode() + body[:5])
        time.sleep(0.5)
        api.process.terminate()
        until(lambda: not is_taking(api), 20, "nothing new is taken")
        under_way.sendall(body[5:])
        assert under_way.recv(12) == b"HTTP/1.1 201"
    assert api.process.wait(20) in (0, -15)  # uvicorn ends by the signal, after all is done
    with connect_once(api.server.url) as owner:
        found = owner.execute("select title from tasks").fetchall()
    assert [row["title"] for row in found] == ["late"]


def is_taking(api):
    try:
        return bool(httpx2.get(f"http://127.0.0.1:{api.port}/health/live", timeout=2))
    except httpx2.HTTPError:
        return False
