"""How long a connection is held for a client that does not come to the point."""

import socket
import threading
import time

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from cli import http_protocol


@pytest.fixture
def port(monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.5)

    def slow(_):
        time.sleep(1)
        return PlainTextResponse("done")

    app = Starlette(routes=[Route("/slow", slow), Route("/", lambda _: PlainTextResponse("here"))])
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, http=http_protocol.BoundedHead, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def answer(connection):
    connection.settimeout(20)
    received = b""
    while part := connection.recv(4096):
        received += part
    return received


@pytest.mark.parametrize(
    "begun", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT"]
)
def test_a_head_that_does_not_end_is_not_waited_for(port, begun):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(begun)
        received = answer(connection)  # it ends: the server has closed the connection
    assert received.count(b"here") == begun.count(b"\r\n\r\n")


def test_an_answer_that_takes_longer_is_waited_for(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer(connection).endswith(b"done")
