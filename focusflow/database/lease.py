"""Which process is the active one of its kind: it holds an advisory lock on a connection of its own, and loses it with the connection.

A lease saves work. What keeps two processes apart that both believe to be active is the fence of what they write.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from enum import IntEnum
from typing import LiteralString

import psycopg
from psycopg.rows import DictRow

from focusflow.database.session import connect_once
from focusflow.database.watchdog import watch_connection
from focusflow.errors import SetupProblem, Unavailable


class Lease(IntEnum):
    """The kinds of processes of which one at a time is active, each with the number of its lock."""

    RELAY = 0x52656C6179
    REFRESHER = 0x7265667265736872
    FULL_REFRESH = (
        0x66756C6C  # computes many days again: the refresher would commit in between, and it would begin again
    )


KEEP_ALIVE_SECONDS = 15.0
LONGEST_WORK_SECONDS = 3600.0  # what takes longer hangs
EXPIRY = "set idle_session_timeout = '2min'"  # a holder that is frozen for longer loses it
FROZEN_SECONDS = 60  # a server that leaves the connection of a lease unanswered for longer is frozen

#: An advisory lock of one number is listed by the halves of the number.
IS_HELD: LiteralString = """
    select exists (select from pg_locks where locktype = 'advisory' and granted and objsubid = 1
        and database = (select oid from pg_database where datname = current_database())
        and (classid::bigint << 32) | objid::bigint = %(lease)s) as is_held"""


@contextmanager
def lease(url: str, kind: Lease) -> Iterator[psycopg.Connection[DictRow] | None]:
    """The connection that holds the lease; None while another process has it."""
    try:
        connection = connect_once(url)
    except SetupProblem as problem:  # it let us in when we began, so this can pass
        raise Unavailable(str(problem)) from problem
    with closing(connection), watch_connection(connection, FROZEN_SECONDS):
        connection.autocommit = True
        with _loss_reported(kind):
            connection.execute(EXPIRY)
            row = connection.execute("select pg_try_advisory_lock(%s) as is_ours", [kind.value]).fetchone()
        yield connection if row and row["is_ours"] else None


def renew(connection: psycopg.Connection[DictRow], kind: Lease) -> None:
    """Keep the lease for another while. Raises `Unavailable` where it is lost."""
    with _loss_reported(kind):
        connection.execute("select 1")


def is_held(connection: psycopg.Connection[DictRow], kind: Lease) -> bool:
    """Whether a process is active."""
    try:
        return bool(connection.execute(IS_HELD, {"lease": kind.value}).fetchall()[0]["is_held"])
    except psycopg.OperationalError as error:
        raise Unavailable(f"The connection that asks whether a {kind.name.lower()} is active is lost.") from error


@contextmanager
def kept_alive(
    connection: psycopg.Connection[DictRow], kind: Lease, beat: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Renew the lease in a thread as long as the block works, and call `beat` with it: work of hours outlasts a lease."""
    is_over = threading.Event()

    def keep_alive() -> None:
        deadline = time.monotonic() + LONGEST_WORK_SECONDS
        while not is_over.wait(KEEP_ALIVE_SECONDS) and time.monotonic() < deadline:
            beat()
            with suppress(Unavailable):  # whoever works finds out
                renew(connection, kind)

    thread = threading.Thread(target=keep_alive, name="keep-alive", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@contextmanager
def full_refresh(url: str) -> Iterator[None]:
    """Have the resident refresher wait until the block is done."""
    with lease(url, Lease.FULL_REFRESH) as held:
        if held is None:  # another one has the refresher wait
            yield
            return
        with kept_alive(held, Lease.FULL_REFRESH):
            yield


@contextmanager
def _loss_reported(kind: Lease) -> Iterator[None]:
    try:
        yield
    except psycopg.OperationalError as error:
        raise Unavailable(f"The connection that made this {kind.name.lower()} the only one is lost.") from error
