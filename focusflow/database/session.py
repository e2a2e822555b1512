"""Connections to Postgres, and transactions that act as one role for one user.

A round trip costs a request more than the statement itself. So a transaction opens with one round trip and ends with one, and its first
query can travel with the opening.
"""

import re
import select
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString, Self
from uuid import UUID

import psycopg
from psycopg.errors import DiskFull, IdleInTransactionSessionTimeout, LockNotAvailable, OutOfMemory
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from focusflow.database.watchdog import StatementWatchdog
from focusflow.database.wire import Prepared, PreparedCall, Statement, begin, send
from focusflow.errors import SetupProblem, StorageFull, Unavailable


class Role(StrEnum):
    """What a transaction may see. Row-level security and grants hang on it."""

    API = "focusflow_api"  # the rows of one user
    AUTH = "focusflow_auth"  # accounts and tokens, before the caller is known
    INGESTION = "focusflow_ingestion"  # the outbox of all users
    SCORING = "focusflow_scoring"  # published scores and aggregates of all users
    REPORTING = "focusflow_reporting"  # what an email needs
    PRIVACY = "focusflow_privacy"  # everything of one user, for export and erasure


BEGIN: LiteralString = "begin"
ENTER: LiteralString = "select set_config('role', %(role)s, true), set_config('focusflow.user_id', %(user)s, true)"

#: A statement of its own, so that the next one sees what earlier holders of the lock have committed.
ADVISORY_LOCK: LiteralString = "select pg_advisory_xact_lock(hashtextextended(%(lock)s, 0))"

NOW: LiteralString = "select clock_timestamp() as now"
COMMIT: LiteralString = "commit"

SAVEPOINT: LiteralString = "savepoint unless_locked"
LOCK_TIMEOUT: LiteralString = "set local lock_timeout = '250ms'"
RELEASE: LiteralString = "release unless_locked"
ROLLBACK: LiteralString = "rollback to unless_locked"


def opening_query(name: LiteralString, query: LiteralString) -> Prepared:
    """A query that travels with the opening of a transaction. It returns one row, of nulls where none is found."""
    return Prepared(name, f"{NOW}, found.* from (select) as always left join ({query}) as found on true")


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction.

    `now` is the database's clock at its start, the recorded time of all that it writes. `buckets` is the number of buckets of this
    installation. `found` is the row of the opening query.
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
        """Run a statement. Returns the number of affected rows."""
        return self.connection.execute(query, values).rowcount

    def serialize(self, resource: str) -> None:
        """Serialize a user's transactions on a resource, before checking whether a row may be added.

        It is an advisory lock: a statement that waits for a row lock sees everything else as it was when it began to wait.
        """
        self.run(ADVISORY_LOCK, {"lock": f"{resource} of {self.user_id}"})

    def run_before_commit(self, query: LiteralString, values: Mapping[str, Any]) -> None:
        """Run a statement together with the commit, where nothing in this transaction needs its result."""
        self._last.append((query, values))

    def unless_locked(self, query: LiteralString, values: Mapping[str, Any]) -> bool:
        """Run a statement, or skip it where its lock is not free within a moment. Returns whether it was run."""
        try:
            send(self.connection, [(SAVEPOINT, {}), (LOCK_TIMEOUT, {}), (query, values), (RELEASE, {})])
        except LockNotAvailable:
            send(self.connection, [(ROLLBACK, {})])
            return False
        return True

    def flush(self) -> None:
        """Run the statements that were deferred to the commit now."""
        if self._last:
            send(self.connection, self._last)
            self._last.clear()

    def commit(self) -> None:
        send(self.connection, [*self._last, (COMMIT, {})])


#: Since when the caller has been waiting. A request waits for its thread before it waits for the database.
WAITING_SINCE: ContextVar[float] = ContextVar("waiting_since")

#: A server that leaves a statement of a background process unanswered for so long is frozen: longer than any statement takes.
ANSWER_SECONDS = 600.0

#: How long a transaction is tried when its caller has no time left.
LAST_TRY_SECONDS = 0.05

#: How long libpq may take to connect: the least that it accepts. The pool retries for as long.
CONNECT_SECONDS = 2


def unavailable(error: Exception) -> Unavailable:
    """The error that a caller gets for a failure of the database."""
    match error:
        case DiskFull():
            return StorageFull("The disk of the database is full. Nothing that was accepted is lost; try again later.")
        case OutOfMemory():
            return StorageFull("The database has run out of memory or disk space. Try again later.")
    return Unavailable("The database cannot be reached for the moment. Try again shortly.")


class Database:
    """A small connection pool. Open it as a context manager."""

    def __init__(
        self,
        url: str,
        *,
        connections: int = 4,
        statement_timeout_ms: int = 0,
        wait_seconds: float = 5,
        answer_timeout_seconds: float | None = None,
    ) -> None:
        """A transaction waits `wait_seconds` for a connection. The server ends a statement after `statement_timeout_ms`.

        A server that hangs is given up after `answer_timeout_seconds`, which covers connection and answer.
        """
        if answer_timeout_seconds is None:
            answer_timeout_seconds = ANSWER_SECONDS
        self.url = url
        self._wait_seconds, self._answer_timeout_seconds = wait_seconds, answer_timeout_seconds
        self._pool: ConnectionPool[psycopg.Connection[DictRow]] = ConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            open=False,
            reconnect_timeout=CONNECT_SECONDS,  # the default pauses for minutes after a long outage; the next caller restarts it
            kwargs={
                "autocommit": True,  # transactions begin here, not in a separate statement of psycopg
                "row_factory": dict_row,
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "focusflow",
                # planning again would double the cost of a page of tasks; the same index finds every user's rows
                "options": f"-c timezone=UTC -c plan_cache_mode=force_generic_plan -c statement_timeout={statement_timeout_ms}",
            },
        )
        self._buckets: int | None = None
        self._watchdog = StatementWatchdog(answer_timeout_seconds)
        self._is_lost = False  # the last caller got no answer
        self.is_full = False  # a caller got StorageFull; reset by the readiness check once there is room

    def __enter__(self) -> Self:
        self._pool.open()
        self._watchdog.start()
        return self

    def connections(self) -> dict[str, int]:
        """How many connections are open and idle, and how many callers wait for one."""
        counts = self._pool.get_stats()
        names = {"open": "pool_size", "idle": "pool_available", "waiting": "requests_waiting"}
        return {state: counts.get(name, 0) for state, name in names.items()}

    def __exit__(self, *_: object) -> None:
        self._pool.close()
        self._watchdog.stop()

    @contextmanager
    def transaction(
        self,
        role: Role,
        user_id: UUID | None = None,
        *,
        serialize_on: str | None = None,
        first: PreparedCall | None = None,
    ) -> Iterator[Transaction]:
        """Commit at the end of the block, roll back when it raises. Transactions with the same `serialize_on` run one at a time.

        The query `first` (see `opening_query`) travels with the opening, without a round trip of its own.
        """
        with self._connection() as connection:
            transaction = self._enter(connection, role, user_id, serialize_on, first)
            yield transaction
            transaction.commit()

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[DictRow]]:
        """A connection for the length of the block; `Unavailable` where the server or its answer does not come in time."""
        since, connection = self._since(), None
        try:
            with self._checked_out(since) as connection, self._bounded(connection, since):
                yield connection
        except (psycopg.OperationalError, IdleInTransactionSessionTimeout) as error:
            self._is_lost = connection is None or connection.closed
            self.is_full = self.is_full or isinstance(error, DiskFull | OutOfMemory)
            raise unavailable(error) from error
        self._is_lost = False

    def _since(self) -> float:
        """When the caller's time starts: at the start of the request while the server is lost, or a crowd would wait one by one."""
        now = time.monotonic()
        if not self._is_lost:
            return now
        return max(WAITING_SINCE.get(now), now - self._answer_timeout_seconds + LAST_TRY_SECONDS)

    @contextmanager
    def _checked_out(self, since: float) -> Iterator[psycopg.Connection[DictRow]]:
        """A pooled connection that the server has not closed, so that a restart of Postgres stays invisible to the caller."""
        until = since + min(self._wait_seconds, self._answer_timeout_seconds)
        while _has_hung_up(connection := self._pool.getconn(max(until - time.monotonic(), LAST_TRY_SECONDS))):
            connection.close()
            self._pool.putconn(connection)
        try:
            with connection:
                yield connection
        finally:
            self._pool.putconn(connection)

    @contextmanager
    def _bounded(self, connection: psycopg.Connection[DictRow], since: float) -> Iterator[None]:
        descriptor = self._watchdog.begin(connection, since)
        try:
            yield
        except BaseException:
            with suppress(psycopg.Error):  # the connection is lost, and the pool notices
                connection.rollback()
            raise
        finally:
            self._watchdog.end(descriptor)

    def _enter(
        self,
        connection: psycopg.Connection[DictRow],
        role: Role,
        user_id: UUID | None,
        serialize_on: str | None,
        first: PreparedCall | None,
    ) -> Transaction:
        if self._buckets is None:  # fixed when the installation was created
            self._buckets = connection.execute("select count(*) as buckets from outbox_head").fetchall()[0]["buckets"]
        entered: list[Statement] = [(BEGIN, {}), (ENTER, {"role": role.value, "user": str(user_id or "")})]
        if serialize_on is not None:
            entered.append((ADVISORY_LOCK, {"lock": serialize_on}))
        (found,) = begin(connection, entered, first) if first else send(connection, [*entered, (NOW, {})])
        return Transaction(connection, user_id, found["now"], self._buckets, found)

    @contextmanager
    def autocommit(self) -> Iterator[psycopg.Connection[DictRow]]:
        """As `owner`, but each statement is a transaction: VACUUM accepts no other."""
        with self._connection() as connection:
            yield connection

    @contextmanager
    def owner(self) -> Iterator[psycopg.Connection[DictRow]]:
        """A connection as the account of the URL, for what belongs to no user: the schema version."""
        with self._connection() as connection, connection.transaction():
            yield connection


def _has_hung_up(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server closed an idle connection: an idle connection is readable only then."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


class DatabaseUnreachable(SetupProblem, Unavailable):
    """PostgreSQL does not answer: the address is wrong, or the server is away and will come back."""


#: Errors of a server that will accept connections later.
NOT_YET = re.compile(
    "starting up|shutting down|recovery|not accepting|too many|connection slots|terminating connection"
)


def connect_once(url: str) -> psycopg.Connection[DictRow]:
    """A plain connection of the schema's owner, for migrations and health checks.

    A server that refuses the connection is a setup problem; one that does not answer can come back.
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
