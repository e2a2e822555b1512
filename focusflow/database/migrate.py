"""Migrates a database to this version's schema."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from focusflow.database.session import ANSWER_SECONDS, connect_once
from focusflow.database.watchdog import watch_connection
from focusflow.errors import SetupProblem, Unavailable

LOCK = 0x466F637573  # one migration at a time, from any process
OUTBOX_DAYS_AHEAD = 3


class BackupNeeded(SetupProblem):
    """This version changes the schema of the database, and there is no backup of the last 24 hours. Run `focusflow backup FOLDER` first, or set
    FOCUSFLOW_MIGRATE_WITHOUT_BACKUP=true.
    """


def schema_config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str:
    head = ScriptDirectory.from_config(schema_config()).get_current_head()
    assert head is not None
    return head


@contextmanager
def owner_connection(url: str, answer_timeout_seconds: float = ANSWER_SECONDS) -> Iterator[sa.Connection]:
    """A transaction of the schema's owner. It raises `Unavailable` when the server goes away or freezes, and can be repeated."""
    connect_once(url).close()  # a wrong URL raises a readable error here, not a traceback inside SQLAlchemy
    engine = sa.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url, connect_timeout=5), poolclass=sa.NullPool
    )
    try:
        with engine.begin() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            with watch_connection(driver, answer_timeout_seconds):
                yield connection
    except (psycopg.OperationalError, sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        raise Unavailable("The database went away while it was prepared. Try again shortly.") from error
    finally:
        engine.dispose()


def revision_of(url: str) -> str | None:
    """The revision of the schema of a database, which this version must know; None where there is no schema."""
    with owner_connection(url) as connection:
        return _refuse_newer(connection)


def prepare(url: str, buckets: int, *, may_migrate: Callable[[], bool] = lambda: True) -> None:
    """Migrate, create the bucket heads and the outbox partitions of the coming days. Safe to run at any time and concurrently. A schema that
    is there already is changed only if it may be.
    """
    with owner_connection(url) as connection:
        if connection.dialect.server_version_info < (15,):  # type: ignore[operator]
            raise SetupProblem("FocusFlow needs PostgreSQL 15 or newer.")
        connection.execute(sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        current = _refuse_newer(connection)
        if current != newest_revision():
            if current is not None and not may_migrate():
                raise BackupNeeded
            # Only if needed: Alembic uses process-wide state, which Dagster's migrations share.
            command.upgrade(schema_config(connection), "head")
        _settle_buckets(connection, buckets)
        _partition_outbox(connection)


def extend_outbox(url: str, answer_timeout_seconds: float = ANSWER_SECONDS) -> None:
    """Create the outbox partitions of the coming days, for a process that runs for days."""
    try:
        with owner_connection(url, answer_timeout_seconds) as connection:
            connection.execute(sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            _partition_outbox(connection)
    except SetupProblem as error:  # it worked before, so the error can pass
        raise Unavailable from error


def require_schema(url: str) -> None:
    """Refuse a database without a schema, or with one that this version does not know."""
    with owner_connection(url) as connection:
        if _refuse_newer(connection) is None:
            raise SetupProblem("The database has no schema yet. `focusflow up` creates it.")


def _refuse_newer(connection: sa.Connection) -> str | None:
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(schema_config()).walk_revisions()}
    if current is not None and current not in known:
        raise SetupProblem(
            f"The database has a newer schema ({current}) than this version of FocusFlow knows. Update FocusFlow, or use another database."
        )
    return current


def _settle_buckets(connection: sa.Connection, buckets: int) -> None:
    present = connection.execute(sa.text("select count(*) from outbox_head")).scalar_one()
    if not present:
        connection.execute(
            sa.text("insert into outbox_head (bucket) select generate_series(0, :last)"), {"last": buckets - 1}
        )
    elif present != buckets:
        raise SetupProblem(
            f"This installation was created with {present} buckets; set FOCUSFLOW_BUCKETS={present}. Their number cannot change."
        )


def _partition_outbox(connection: sa.Connection) -> None:
    today: date = connection.execute(sa.text("select (clock_timestamp() at time zone 'UTC')::date")).scalar_one()
    for day in (today + timedelta(days=n) for n in range(OUTBOX_DAYS_AHEAD)):
        if connection.execute(
            sa.text("select exists (select from outbox_rest where recorded_on = :day)"), {"day": day}
        ).scalar_one():
            continue  # the day began without its own partition; its rows stay where they are
        bounds = {"first": day.isoformat(), "next": (day + timedelta(days=1)).isoformat()}
        connection.execute(
            sa.text("call partition_outbox(:name, :first, :next)"), {"name": f"outbox_{day:%Y%m%d}", **bounds}
        )
