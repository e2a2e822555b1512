"""Binds a library that calls `requests` to the addresses that users' servers may have, and to a bounded answer.

Its plugins call `requests.post` by themselves, so no session or adapter can be passed in. Within `guarded`, and only there and in that
thread, connections are opened to checked addresses, proxies of the environment are ignored, and answers are bounded in size and time.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.util import connection

from focusflow.errors import Problem
from focusflow.outbound import OutboundFailed, OutboundPolicy, ResponseTooLarge, ResponseTooSlow

MAX_BYTES = 1 << 20
TOTAL_SECONDS = 15.0


@dataclass(slots=True)
class Guard:
    """What the calls of one block may do, and what came of them."""

    policy: OutboundPolicy
    until: float
    #: The status of the last answer.
    status: int | None = None
    #: Why a call was ended.
    problem: Problem | None = None
    _sockets: list[socket.socket] = field(default_factory=list)

    def connect(self, host: str, port: int, *args: Any, **options: Any) -> socket.socket:
        failure: OSError | None = None
        for address in self._resolve(host, port):
            try:
                opened = _connect((address, port), *args, **options)
            except OSError as error:
                failure = error
            else:
                self._sockets.append(socket.socket(fileno=os.dup(opened.fileno())))  # TLS takes the socket itself over
                return opened
        raise failure or OSError(f"{host} has no address")

    def read(self, answer: Response) -> bytes:
        content = bytearray()
        for chunk in answer.iter_content(16 * 1024):
            content += chunk
            if len(content) > MAX_BYTES:
                self.problem = ResponseTooLarge(f"The answer is larger than {MAX_BYTES >> 20} MiB.")
            elif time.monotonic() > self.until:
                self.problem = ResponseTooSlow()
            if self.problem:
                answer.close()
                raise self.problem
        return bytes(content)

    def cut(self) -> None:
        """The time is up. A server that sends a byte now and then never exceeds a timeout between two bytes."""
        self.problem = ResponseTooSlow()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for each in self._sockets:
            each.close()

    def _resolve(self, host: str, port: int) -> list[str]:
        try:
            return self.policy.resolve(host.strip("[]"), port)
        except Problem as problem:
            self.problem = problem
            raise


_active: ContextVar[Guard | None] = ContextVar("guard", default=None)
_connect, _send = connection.create_connection, HTTPAdapter.send


@contextmanager
def guarded(policy: OutboundPolicy, total_seconds: float = TOTAL_SECONDS) -> Iterator[Guard]:
    """Guard what the block calls by `requests`. A call that was ended raises its problem at the end of the block, whatever the library
    made of it.
    """
    guard = Guard(policy, time.monotonic() + total_seconds)
    timer = threading.Timer(total_seconds, guard.cut)
    timer.daemon = True
    token = _active.set(guard)
    timer.start()
    try:
        yield guard
    except Problem:
        raise
    except Exception as error:
        raise guard.problem or OutboundFailed() from error
    finally:
        timer.cancel()
        _active.reset(token)
        guard.close()
    if guard.problem:
        raise guard.problem


def _guarded_connect(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
    guard = _active.get()
    return _connect(address, *args, **options) if guard is None else guard.connect(*address, *args, **options)


def _guarded_send(adapter: HTTPAdapter, request: PreparedRequest, **options: Any) -> Response:
    guard = _active.get()
    if guard is None:
        return _send(adapter, request, **options)
    answer = _send(adapter, request, **options | {"stream": True, "proxies": {}})
    answer._content = guard.read(answer)  # noqa: SLF001 (as `Response.content` sets it)
    guard.status = answer.status_code
    return answer


connection.create_connection = _guarded_connect
HTTPAdapter.send = _guarded_send  # type: ignore[assignment]
