"""Connections to Postgres, and transactions that act as one role for one person.

Each way to the server and back costs a request more than the statement does, so a transaction opens with one and ends with one; and who
asks for something with the opening gets it on the same way.
"""

import re
import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString, Self
from uuid import UUID

import psycopg
from psycopg.errors import IdleInTransactionSessionTimeout, LockNotAvailable
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from focusflow.database.watchdog import Patience
from focusflow.database.wire import Asked, Prepared, Statement, begin, send
from focusflow.errors import SetupProblem, Unavailable


class Role(StrEnum):
    """What a transaction may see. Row-level security and grants hang on it."""

    API = "focusflow_api"  # the rows of one person
    AUTH = "focusflow_auth"  # accounts and tokens, before it is known who asks
    INGESTION = "focusflow_ingestion"  # the outbox, of everyone
    SCORING = "focusflow_scoring"  # published scores and aggregates, of everyone
    REPORTING = "focusflow_reporting"  # what a mail needs to know


BEGIN: LiteralString = "begin"
ENTER: LiteralString = "select set_config('role', %(role)s, true), set_config('focusflow.user_id', %(user)s, true)"

#: A statement of its own, so that the next one sees what those before in the queue have done.
QUEUE: LiteralString = "select pg_advisory_xact_lock(hashtextextended(%(queue)s, 0))"

NOW: LiteralString = "select clock_timestamp() as now"
COMMIT: LiteralString = "commit"

SAVEPOINT: LiteralString = "savepoint unless_locked"
A_MOMENT: LiteralString = "set local lock_timeout = '250ms'"
RELEASE: LiteralString = "release unless_locked"
BACK: LiteralString = "rollback to unless_locked"


def opening(name: LiteralString, query: LiteralString) -> Prepared:
    """A query that can be asked with the opening of a transaction. It finds one row; where there is none, nulls."""
    return Prepared(name, f"{NOW}, found.* from (select) as always left join ({query}) as found on true")


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction. `now` is the database's clock at its start: the recorded time of all that it writes;
    `buckets` is into how many this installation spreads its users; `found` is what was asked for with the opening.
    """

    connection: psycopg.Connection[DictRow]
    user_id: UUID | None
    now: datetime
    buckets: int
    found: DictRow
    _last: list[Statement] = field(default_factory=list)

    def all(self, query: LiteralString, values: Mapping[str, Any] | None = None) -> list[DictRow]:
        return self.connection.execute(query, values).fetchall()

    def one(self, query: LiteralString, values: Mapping[str, Any] | None = None) -> DictRow | None:
        return self.connection.execute(query, values).fetchone()

    def run(self, query: LiteralString, values: Mapping[str, Any] | None = None) -> int:
        """The number of rows that the statement touched."""
        return self.connection.execute(query, values).rowcount

    def queue(self, for_what: str) -> None:
        """Before one looks whether something may be added: of a person's transactions that queue for the same, one goes on at a time. It
        locks no row, for a statement that waits for a row sees everything else as it was when it began to wait.
        """
        self.run(QUEUE, {"queue": f"{for_what} of {self.user_id}"})

    def run_before_commit(self, query: LiteralString, values: Mapping[str, Any]) -> None:
        """Run a statement together with the commit: for what nothing in this transaction has to see."""
        self._last.append((query, values))

    def unless_locked(self, query: LiteralString, values: Mapping[str, Any]) -> bool:
        """Run a statement, or nothing where others hold for longer than a moment what it needs. Says whether it was run."""
        try:
            send(self.connection, [(SAVEPOINT, {}), (A_MOMENT, {}), (query, values), (RELEASE, {})])
        except LockNotAvailable:
            send(self.connection, [(BACK, {})])
            return False
        return True

    def flush(self) -> None:
        """Run what was left for the end now."""
        if self._last:
            send(self.connection, self._last)
            self._last.clear()

    def commit(self) -> None:
        send(self.connection, [*self._last, (COMMIT, {})])


class Database:
    """A small pool of connections. Open it as a context manager."""

    def __init__(
        self,
        url: str,
        *,
        connections: int = 4,
        statement_timeout_ms: int = 0,
        wait_seconds: float = 5,
        patience_seconds: float | None = None,
    ) -> None:
        """A statement has `statement_timeout_ms` by the server's clock, and `patience_seconds` by ours where that stands still."""
        self._pool: ConnectionPool[psycopg.Connection[DictRow]] = ConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            timeout=wait_seconds,
            open=False,
            check=_check,  # a restart of Postgres stays invisible to the next request
            kwargs={
                "autocommit": True,  # transactions are begun here, not by psycopg with a statement of its own
                "row_factory": dict_row,
                "connect_timeout": 5,
                "application_name": "focusflow",
                # a plan made anew costs a page of tasks as much again; every person's rows are found by the same index
                "options": f"-c timezone=UTC -c plan_cache_mode=force_generic_plan -c statement_timeout={statement_timeout_ms}",
            },
        )
        self._buckets: int | None = None
        self._patience = Patience(patience_seconds) if patience_seconds else None

    def __enter__(self) -> Self:
        self._pool.open()
        if self._patience:
            self._patience.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()
        if self._patience:
            self._patience.stop()

    @contextmanager
    def transaction(
        self, role: Role, user_id: UUID | None = None, *, queue: str | None = None, first: Asked | None = None
    ) -> Iterator[Transaction]:
        """Commits at the end of the block, rolls back when it raises. Of those with the same `queue`, one is at work at a time.

        What is asked for `first` (see `opening`) comes with the opening, without a way of its own.
        """
        try:
            with self._pool.connection() as connection, self._bounded(connection):
                transaction = self._enter(connection, role, user_id, queue, first)
                yield transaction
                transaction.commit()
        except (PoolTimeout, psycopg.OperationalError, IdleInTransactionSessionTimeout) as error:
            raise Unavailable("The database cannot be reached for the moment. Try again shortly.") from error

    @contextmanager
    def _bounded(self, connection: psycopg.Connection[DictRow]) -> Iterator[None]:
        if self._patience is None:
            yield
            return
        descriptor = self._patience.begin(connection)
        try:
            yield
        except BaseException:
            with suppress(psycopg.Error):  # it is lost, and the pool will see that
                connection.rollback()
            raise
        finally:
            self._patience.end(descriptor)

    def _enter(
        self,
        connection: psycopg.Connection[DictRow],
        role: Role,
        user_id: UUID | None,
        queue: str | None,
        first: Asked | None,
    ) -> Transaction:
        if self._buckets is None:  # fixed when the installation was made
            self._buckets = connection.execute("select count(*) as buckets from outbox_head").fetchall()[0]["buckets"]
        entered: list[Statement] = [(BEGIN, {}), (ENTER, {"role": role.value, "user": str(user_id or "")})]
        if queue is not None:
            entered.append((QUEUE, {"queue": queue}))
        (found,) = begin(connection, entered, first) if first else send(connection, [*entered, (NOW, {})])
        return Transaction(connection, user_id, found["now"], self._buckets, found)

    @contextmanager
    def owner(self) -> Iterator[psycopg.Connection[DictRow]]:
        """A connection as the account of the URL itself, for what is nobody's: the schema's version."""
        try:
            with self._pool.connection() as connection, connection.transaction():
                yield connection
        except PoolTimeout as error:
            raise Unavailable("The database cannot be reached for the moment. Try again shortly.") from error


def _check(connection: psycopg.Connection[Any]) -> None:
    """A server that went away has said so, or hung up: there is something to read. Only then is it worth to ask."""
    heard = select.poll()
    heard.register(connection.fileno(), select.POLLIN)
    if heard.poll(0):
        ConnectionPool.check_connection(connection)


class DatabaseUnreachable(SetupProblem, Unavailable):
    """PostgreSQL does not answer: the address is wrong, or the server is away and will come back."""


#: What a server answers that will let us in later.
NOT_YET = re.compile(
    "starting up|shutting down|recovery|not accepting|too many|connection slots|terminating connection"
)


def connect_once(url: str) -> psycopg.Connection[DictRow]:
    """A plain connection of the schema's owner, for migrations and health; or one sentence why there is none.

    A server that answers and refuses is a setup problem; one that does not answer can come back.
    """
    try:
        return psycopg.connect(
            url, row_factory=dict_row, connect_timeout=5, application_name="focusflow", options="-c timezone=UTC"
        )
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0].removeprefix("connection failed: ")
        sentence = f"PostgreSQL does not answer under FOCUSFLOW_DATABASE_URL: {reason}"
        if "FATAL" in reason and not NOT_YET.search(reason):
            raise SetupProblem(sentence) from error
        raise DatabaseUnreachable(sentence) from error
    except psycopg.ProgrammingError as error:
        raise SetupProblem(f"FOCUSFLOW_DATABASE_URL is not an address of PostgreSQL: {str(error).strip()}") from error
