"""Wakes processes that wait for work, by NOTIFY and LISTEN. A signal can be lost, so whoever waits looks for itself from time to time."""

import os
import select
import threading
from typing import LiteralString

import psycopg
from psycopg.rows import DictRow

from focusflow.database.session import Database, Role
from focusflow.errors import Unavailable

LISTEN: LiteralString = "listen focusflow_landed"
NOTIFY: LiteralString = "notify focusflow_landed"


def announce_landing(database: Database) -> None:
    """Wake those who wait for landed events."""
    with database.transaction(Role.INGESTION) as tx:
        tx.run(NOTIFY)


def listen_for_landings(connection: psycopg.Connection[DictRow]) -> None:
    connection.add_notify_handler(lambda _: None)  # without one, psycopg keeps them all
    try:
        connection.execute(LISTEN)
    except psycopg.OperationalError as error:
        raise Unavailable("The connection that waits for landed events is lost.") from error


class Waiter:
    """Waits for a signal on a connection, or for the stop event: one wait for both, so that nothing is polled."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._stopped, self._our_end = os.pipe()
        threading.Thread(target=self._watch_stop, name="stop", daemon=True).start()

    def _watch_stop(self) -> None:
        self._stop.wait()
        os.close(self._our_end)  # which makes the other end readable

    def wait(self, connection: psycopg.Connection[DictRow], seconds: float) -> None:
        """Until something arrives on the connection, also that it was closed, at most so long."""
        select.select([connection.fileno(), self._stopped], [], [], seconds)
