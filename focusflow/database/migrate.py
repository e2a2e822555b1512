"""Brings a database to this version's schema. What does so is imported where it is needed: most processes find the newest schema."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg.rows import DictRow

from focusflow.database.session import ANSWER_SECONDS, connect_once
from focusflow.database.watchdog import watch_connection
from focusflow.errors import SetupProblem, Unavailable

VERSIONS = Path(__file__).with_name("migrations") / "versions"
LOCK = 0x466F637573  # one migration at a time, from any process
OUTBOX_DAYS_AHEAD = 3


class BackupNeeded(SetupProblem):
    """This version changes the schema of the database, and there is no backup of the last 24 hours. Run `focusflow backup FOLDER` first, or set
    FOCUSFLOW_MIGRATE_WITHOUT_BACKUP=true.
    """


@cache
def revisions() -> tuple[str, ...]:
    """Those that this version knows, from the first to the newest: the files are named after them."""
    return tuple(sorted(path.stem.partition("_")[0] for path in VERSIONS.glob("*.py")))


def newest_revision() -> str:
    return revisions()[-1]


@contextmanager
def owner_connection(url: str, answer_timeout_seconds: float = ANSWER_SECONDS) -> Iterator[psycopg.Connection[DictRow]]:
    """A transaction of the schema's owner. It raises `Unavailable` when the server goes away or freezes, and can be repeated."""
    try:
        with connect_once(url) as connection, watch_connection(connection, answer_timeout_seconds):
            yield connection
    except psycopg.OperationalError as error:
        raise Unavailable("The database went away while it was prepared. Try again shortly.") from error


def revision_of(url: str) -> str | None:
    """The revision of the schema of a database, which this version must know; None where there is no schema."""
    with owner_connection(url) as connection:
        return _refuse_newer(connection)


def prepare(url: str, buckets: int, *, may_migrate: Callable[[], bool] = lambda: True) -> None:
    """Migrate, create the bucket heads and the outbox partitions of the coming days. Safe to run at any time and concurrently. A schema that
    is there already is changed only if it may be.
    """
    with owner_connection(url) as connection:
        if connection.info.server_version < 150_000:
            raise SetupProblem("FocusFlow needs PostgreSQL 15 or newer.")
        _lock(connection)
        current = _refuse_newer(connection)
        if current != newest_revision():
            if current is not None and not may_migrate():
                raise BackupNeeded
            from focusflow.database.alembic_runner import upgrade

            upgrade(url, ANSWER_SECONDS)  # by a connection of its own: this one holds the lock meanwhile
        _settle_buckets(connection, buckets)
        _partition_outbox(connection)


def extend_outbox(url: str, answer_timeout_seconds: float = ANSWER_SECONDS) -> None:
    """Create the outbox partitions of the coming days, for a process that runs for days."""
    try:
        with owner_connection(url, answer_timeout_seconds) as connection:
            _lock(connection)
            _partition_outbox(connection)
    except SetupProblem as error:  # it worked before, so the error can pass
        raise Unavailable from error


def require_schema(url: str) -> None:
    """Refuse a database without a schema, or with one that this version does not know."""
    with owner_connection(url) as connection:
        if _refuse_newer(connection) is None:
            raise SetupProblem("The database has no schema yet. `focusflow up` creates it.")


def _lock(connection: psycopg.Connection[DictRow]) -> None:
    connection.execute("select pg_advisory_xact_lock(%s)", [LOCK])


def _refuse_newer(connection: psycopg.Connection[DictRow]) -> str | None:
    has_schema = _value(connection, "select to_regclass('alembic_version') is not null")
    current: str | None = _value(connection, "select min(version_num) from alembic_version") if has_schema else None
    if current is not None and current not in revisions():
        raise SetupProblem(
            f"The database has a newer schema ({current}) than this version of FocusFlow knows. Update FocusFlow, or use another database."
        )
    return current


def _settle_buckets(connection: psycopg.Connection[DictRow], buckets: int) -> None:
    present = _value(connection, "select count(*) from outbox_head")
    if not present:
        connection.execute("insert into outbox_head (bucket) select generate_series(0, %s)", [buckets - 1])
    elif present != buckets:
        raise SetupProblem(
            f"This installation was created with {present} buckets; set FOCUSFLOW_BUCKETS={present}. Their number cannot change."
        )


def _partition_outbox(connection: psycopg.Connection[DictRow]) -> None:
    today: date = _value(connection, "select (clock_timestamp() at time zone 'UTC')::date")
    for day in (today + timedelta(days=n) for n in range(OUTBOX_DAYS_AHEAD)):
        if _value(connection, "select exists (select from outbox_rest where recorded_on = %s)", day):
            continue  # the day began without its own partition; its rows stay where they are
        bounds = [day.isoformat(), (day + timedelta(days=1)).isoformat()]
        connection.execute("call partition_outbox(%s, %s, %s)", [f"outbox_{day:%Y%m%d}", *bounds])


def _value(connection: psycopg.Connection[DictRow], query: LiteralString, *parameters: Any) -> Any:
    row = connection.execute(query, parameters).fetchone()
    (value,) = row.values() if row else (None,)
    return value
