"""Ends statements that a frozen server leaves unanswered. libpq has no read timeout, and the network does not report a frozen process."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus


class StatementWatchdog:
    """Closes connections whose server does not answer a statement in time, so that the waiting thread gets an error at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._waiting = seconds, dict[int, tuple[psycopg.Connection[Any], float]]()
        self._lock, self._is_over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="statement-watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join()

    def begin(self, connection: psycopg.Connection[Any], since: float) -> int:
        """Watch a connection that has waited for its first answer since then. Returns the number to pass to `end`."""
        descriptor = connection.fileno()
        with self._lock:
            self._waiting[descriptor] = connection, since
        return descriptor

    def end(self, descriptor: int) -> None:
        with self._lock:
            self._waiting.pop(descriptor, None)

    def _run(self) -> None:
        while not self._is_over.wait(self._seconds / 10):
            with self._lock:  # a connection must not be closed, nor its number reused, during the check
                self._check()

    def _check(self) -> None:
        now = time.monotonic()
        for descriptor, (connection, since) in list(self._waiting.items()):
            if (
                connection.pgconn.transaction_status != TransactionStatus.ACTIVE
            ):  # the client takes the time, not the server
                self._waiting[descriptor] = connection, now
            elif now - since > self._seconds:
                del self._waiting[descriptor]
                with socket.socket(fileno=os.dup(descriptor)) as duplicate:
                    duplicate.shutdown(socket.SHUT_RDWR)


@contextmanager
def watch_connection(connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """Watch a connection outside a pool for the length of the block."""
    watchdog = StatementWatchdog(seconds)
    watchdog.start()
    descriptor = watchdog.begin(connection, time.monotonic())
    try:
        yield
    finally:
        watchdog.end(descriptor)
        watchdog.stop()
