"""An end to waiting for a server that does not answer. It waits in libpq, which knows no time, and of a frozen process the network says nothing."""

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
    """Hangs up on connections whose server leaves a question without an answer: whoever waits is told at once that it is lost."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._waiting = seconds, dict[int, tuple[psycopg.Connection[Any], float]]()
        self._lock, self._is_over = threading.Lock(), threading.Event()
        self._watch = threading.Thread(target=self._look_on, name="patience", daemon=True)

    def start(self) -> None:
        self._watch.start()

    def stop(self) -> None:
        self._is_over.set()
        self._watch.join()

    def begin(self, connection: psycopg.Connection[Any], since: float) -> int:
        """Watch a connection whose first answer is awaited since then, under the number that ends it."""
        descriptor = connection.fileno()
        with self._lock:
            self._waiting[descriptor] = connection, since
        return descriptor

    def end(self, descriptor: int) -> None:
        with self._lock:
            self._waiting.pop(descriptor, None)

    def _look_on(self) -> None:
        while not self._is_over.wait(self._seconds / 10):
            with self._lock:  # nobody closes a connection, and nobody gets its number, while it is looked at
                self._look()

    def _look(self) -> None:
        now = time.monotonic()
        for descriptor, (connection, since) in list(self._waiting.items()):
            if connection.pgconn.transaction_status != TransactionStatus.ACTIVE:  # what takes time is not the server
                self._waiting[descriptor] = connection, now
            elif now - since > self._seconds:
                del self._waiting[descriptor]
                with socket.socket(fileno=os.dup(descriptor)) as ours:
                    ours.shutdown(socket.SHUT_RDWR)


@contextmanager
def watch(connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """For a connection that is no pool's: it is lost, instead of waiting for ever, when its server stands still."""
    patience = StatementWatchdog(seconds)
    patience.start()
    descriptor = patience.begin(connection, time.monotonic())
    try:
        yield
    finally:
        patience.end(descriptor)
        patience.stop()
