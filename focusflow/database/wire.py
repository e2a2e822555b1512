"""Sends several statements to Postgres as one message, and reads the rows of the last.

A psycopg cursor waits in Python: it releases and reacquires the GIL several times for each answer, which costs more than the statement
when other requests run in other threads. Here libpq waits, and the GIL is released once.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, LiteralString
from weakref import WeakKeyDictionary

import psycopg
from psycopg import ClientCursor
from psycopg.adapt import Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.rows import DictRow

Statement = tuple[LiteralString, Mapping[str, Any]]

PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Prepared:
    """A statement that each connection plans once, under the role of its first run."""

    name: LiteralString
    query: LiteralString

    @cached_property
    def preparation(self) -> str:
        return f"prepare {self.name} as {PLACEHOLDER.sub(lambda each: f'${self._names.index(each[1]) + 1}', self.query)};\n"

    @cached_property
    def execution(self) -> bytes:
        return f"execute {self.name} ({', '.join(f'%({name})s' for name in self._names)})".encode()

    @cached_property
    def _names(self) -> list[str]:
        return list(dict.fromkeys(PLACEHOLDER.findall(self.query)))


PreparedCall = tuple[Prepared, Mapping[str, Any]]

#: The prepared statements of each connection.
PLANNED: WeakKeyDictionary[psycopg.Connection[Any], set[Prepared]] = WeakKeyDictionary()


def send(connection: psycopg.Connection[DictRow], statements: Sequence[Statement]) -> list[DictRow]:
    """Run statements. Returns the rows of the last."""
    return _sent(connection, _text(ClientCursor(connection), statements))


def begin(
    connection: psycopg.Connection[DictRow], statements: Sequence[Statement], call: PreparedCall
) -> list[DictRow]:
    """Run statements that begin a transaction, then a prepared one. Returns its rows."""
    (prepared, values), cursor = call, ClientCursor(connection)
    begun, execution = _text(cursor, statements), cursor.mogrify(prepared.execution, values)
    planned = PLANNED.setdefault(connection, set())
    if prepared in planned:
        try:
            return _sent(connection, f"{begun};\n{execution}")
        except InvalidSqlStatementName:  # after a rollback psycopg drops all plans, ours included
            connection.pgconn.exec_(b"rollback")
    planned.add(prepared)
    return _sent(connection, f"{begun};\n{prepared.preparation}{execution}")


def _text(cursor: ClientCursor[Any], statements: Sequence[Statement]) -> str:
    return ";\n".join([cursor.mogrify(query, values) if values else query for query, values in statements])


def _sent(connection: psycopg.Connection[DictRow], text: str) -> list[DictRow]:
    result = connection.pgconn.exec_(text.encode())
    if connection.pgconn.status != ConnStatus.OK:
        raise psycopg.OperationalError(connection.pgconn.get_error_message())
    if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        raise error_from_result(result)
    names = [(result.fname(place) or b"").decode() for place in range(result.nfields)]
    reader = Transformer(connection)
    reader.set_pgresult(result)
    return reader.load_rows(0, result.ntuples, lambda values: dict(zip(names, values, strict=True)))
