"""Connections to Postgres, and transactions that act as one role for one person."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString, Self
from uuid import UUID

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from focusflow.problems import SetupProblem, Unavailable


class Role(StrEnum):
    """What a transaction may see. Row-level security and grants hang on it."""

    API = "focusflow_api"  # the rows of one person
    AUTH = "focusflow_auth"  # accounts and tokens, before it is known who asks
    INGESTION = "focusflow_ingestion"  # the outbox, of everyone
    SCORING = "focusflow_scoring"  # published scores and aggregates, of everyone
    REPORTING = "focusflow_reporting"  # what a mail needs to know


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction. `now` is the database's clock at its start: the recorded time of all that it writes;
    `buckets` is into how many this installation spreads its users.
    """

    connection: psycopg.Connection[DictRow]
    user_id: UUID | None
    now: datetime
    buckets: int

    def all(self, query: LiteralString, values: Mapping[str, Any] | None = None) -> list[DictRow]:
        return self.connection.execute(query, values).fetchall()

    def one(self, query: LiteralString, values: Mapping[str, Any] | None = None) -> DictRow | None:
        return self.connection.execute(query, values).fetchone()

    def run(self, query: LiteralString, values: Mapping[str, Any] | None = None) -> int:
        """The number of rows that the statement touched."""
        return self.connection.execute(query, values).rowcount


class Database:
    """A small pool of connections. Open it as a context manager."""

    BEGIN: LiteralString = """
        select clock_timestamp() as now, (select count(*) from outbox_head) as buckets,
               set_config('role', %(role)s, true), set_config('focusflow.user_id', %(user_id)s, true)"""

    def __init__(
        self, url: str, *, connections: int = 4, statement_timeout_ms: int = 0, wait_seconds: float = 5
    ) -> None:
        self._pool: ConnectionPool[psycopg.Connection[DictRow]] = ConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            timeout=wait_seconds,
            open=False,
            check=ConnectionPool.check_connection,  # a restart of Postgres stays invisible to the next request
            kwargs={
                "row_factory": dict_row,
                "connect_timeout": 5,
                "application_name": "focusflow",
                "options": f"-c timezone=UTC -c statement_timeout={statement_timeout_ms}",
            },
        )

    def __enter__(self) -> Self:
        self._pool.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    @contextmanager
    def transaction(self, role: Role, user_id: UUID | None = None) -> Iterator[Transaction]:
        """Commits at the end of the block, rolls back when it raises."""
        try:
            with self._pool.connection() as connection:
                begun = connection.execute(self.BEGIN, {"role": role.value, "user_id": str(user_id or "")}).fetchone()
                assert begun is not None
                yield Transaction(connection, user_id, begun["now"], begun["buckets"])
        except (PoolTimeout, psycopg.OperationalError) as error:
            raise Unavailable("The database cannot be reached for the moment. Try again shortly.") from error

    @contextmanager
    def owner(self) -> Iterator[psycopg.Connection[DictRow]]:
        """A connection as the account of the URL itself, for what is nobody's: the schema's version."""
        try:
            with self._pool.connection() as connection:
                yield connection
        except PoolTimeout as error:
            raise Unavailable("The database cannot be reached for the moment. Try again shortly.") from error


def connect_once(url: str) -> psycopg.Connection[DictRow]:
    """A plain connection of the schema's owner, for migrations and health; or one sentence why there is none."""
    try:
        return psycopg.connect(
            url, row_factory=dict_row, connect_timeout=5, application_name="focusflow", options="-c timezone=UTC"
        )
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0].removeprefix("connection failed: ")
        raise SetupProblem(f"PostgreSQL does not answer under FOCUSFLOW_DATABASE_URL: {reason}") from error
    except psycopg.ProgrammingError as error:
        raise SetupProblem(f"FOCUSFLOW_DATABASE_URL is not an address of PostgreSQL: {str(error).strip()}") from error
