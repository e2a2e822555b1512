"""Runs queries in one DuckDB connection. A query reads the relations that it is given and no others: they are named for the one call.

What DuckDB does not know by name, it looks up among the variables of whoever calls it. So rows in memory are the variables of a call, which
costs a tenth of making and dropping a view of them. A view of the connection comes before an input of its name: nobody else makes any there.
"""

import builtins
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from types import FunctionType
from typing import Any, Self, TypeAlias

import duckdb
import pyarrow as pa

from focusflow.lake.data_files import DataFiles
from focusflow.lake.tables import Pinned, duckdb_connection


@dataclass(frozen=True, slots=True)
class Scan:
    """Rows that are read where a query asks for them, so that only the columns and partitions that it needs are."""

    query: str

    @classmethod
    def of(cls, table: Pinned, where: str | None = None) -> "Scan":
        """A table at its pinned version; of those partitions that the condition names."""
        return cls(f"from {table.scan(where)}")


#: What a query can be given under a name, which is `layer.table` for a table of the lake.
Relation: TypeAlias = pa.Table | Scan
Inputs: TypeAlias = Mapping[str, Relation]

#: So many rows at most are kept of a scan, and so many bytes of those scans that were wanted last.
SMALL_ROWS, KEPT_BYTES = 20_000, 32 * 1024 * 1024

#: So many answers are kept of queries over rows in memory, each of so many bytes with those rows at most.
MOST_ANSWERS, ANSWER_BYTES = 200, 128 * 1024

#: It advises a relation instead, which binds the query twice: that takes longer than to copy a few rows.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)


def _execute(
    _connection: duckdb.DuckDBPyConnection, _query: str, _parameters: Mapping[str, Any]
) -> duckdb.DuckDBPyConnection:
    return _connection.execute(_query, _parameters)


def _stream(
    _connection: duckdb.DuckDBPyConnection, _query: str, _parameters: Mapping[str, Any], _size: int
) -> pa.RecordBatchReader:
    return _connection.sql(_query, params=_parameters).to_arrow_reader(_size)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a query made of its inputs."""

    inputs: Mapping[str, pa.Table]
    rows: pa.Table

    def is_of(self, inputs: Mapping[str, pa.Table]) -> bool:
        return all(self.inputs[name] is each or self.inputs[name].equals(each) for name, each in inputs.items())


class Session:
    """One connection, with the macros that queries call. `run` returns the rows of a query as an Arrow table."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, macros: str = "") -> None:
        self.connection = connection
        self.files = DataFiles()
        self._numbers = count()
        self._macros: set[str] = set()
        self._schemas: set[str] = set()
        self._parameters: dict[str, list[str]] = {}  # by query
        self._small: OrderedDict[str, pa.Table] = OrderedDict()
        self._small_bytes = 0
        self._answers: OrderedDict[tuple[object, ...], _Answer] = OrderedDict()
        self.define(macros)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()

    def define(self, macros: str) -> None:
        """Define macros for all later queries. Macros that are defined already cost nothing."""
        if macros not in self._macros:
            self.connection.execute(macros)
            self._macros.add(macros)
            self._answers.clear()

    def run(self, query: str, inputs: Inputs | None = None, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """The rows of a query. Of the parameters it gets those that it names. Of rows in memory, it is not asked the same twice."""
        tables = _in_memory(query, inputs or {})
        if tables is not None:
            return self._answer(query, tables, self._of(query, parameters or {}))
        with self.stored(query, inputs, parameters) as rows:  # they may be more than fit into memory
            return self.connection.sql(rows.query).to_arrow_table()

    @contextmanager
    def held(
        self, query: str, inputs: Inputs | None = None, parameters: Mapping[str, Any] | None = None
    ) -> Iterator[Relation]:
        """The rows of a query as long as the block runs: in memory where all that it reads is."""
        if _in_memory(query, inputs or {}) is not None:
            yield _with_integers(self.run(query, inputs, parameters))
            return
        with self.stored(query, inputs, parameters) as rows:
            yield rows

    def _answer(self, query: str, inputs: Mapping[str, pa.Table], parameters: dict[str, Any]) -> pa.Table:
        """A query has no other inputs than these, so its rows are the same for the same ones."""
        key = (query, repr(parameters), *((name, each.num_rows) for name, each in inputs.items()))
        known = self._answers.get(key)
        if known and known.is_of(inputs):
            self._answers.move_to_end(key)
            return known.rows
        with self._result(query, inputs, parameters) as result:
            rows: pa.Table = result.to_arrow_table()
        if sum(each.nbytes for each in (rows, *inputs.values())) <= ANSWER_BYTES:
            self._answers[key] = _Answer(inputs, rows)
            self._answers.move_to_end(key)
            if len(self._answers) > MOST_ANSWERS:
                self._answers.popitem(last=False)
        return rows

    def small(self, scan: Scan) -> Relation:
        """The rows of a scan, read once for all queries of this session: a scan names the files of a version, which do not change. Where they
        are many, the scan itself.
        """
        return self.kept(scan.query, lambda: self._read(scan))

    def _read(self, scan: Scan) -> Relation:
        rows: pa.Table = self.connection.sql(scan.query).limit(SMALL_ROWS + 1).to_arrow_table()
        return scan if rows.num_rows > SMALL_ROWS else rows

    def kept(self, key: str, read: Callable[[], Relation]) -> Relation:
        """The rows that are kept under a key, or else are read and, where they are few, kept from here on."""
        if key in self._small:
            self._small.move_to_end(key)
            return self._small[key]
        rows = read()
        if isinstance(rows, Scan) or rows.num_rows > SMALL_ROWS:
            return rows
        self._small[key] = rows
        self._small_bytes += rows.get_total_buffer_size()
        while len(self._small) > 1 and self._small_bytes > KEPT_BYTES:
            _, oldest = self._small.popitem(last=False)
            self._small_bytes -= oldest.get_total_buffer_size()
        return rows

    def row(
        self, query: str, inputs: Inputs | None = None, parameters: Mapping[str, Any] | None = None
    ) -> tuple[Any, ...]:
        """The one row of a query."""
        (found,) = self.rows(query, inputs, parameters)
        return found

    def rows(
        self, query: str, inputs: Inputs | None = None, parameters: Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        """The rows of a query as Python values: for few rows."""
        with self._result(query, inputs, self._of(query, parameters or {})) as result:
            found: list[tuple[Any, ...]] = result.fetchall()
        return found

    def records(
        self, query: str, inputs: Inputs | None = None, parameters: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """The rows of a query by the names of their columns: for few rows, which `run` would store first."""
        with self._result(query, inputs, self._of(query, parameters or {})) as result:
            names = [name for name, *_ in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def batches(
        self, query: str, inputs: Inputs | None = None, parameters: Mapping[str, Any] | None = None, *, size: int
    ) -> Iterator[pa.RecordBatch]:
        """The rows of a query, a batch at a time: for more rows than fit into memory. Run no other query before the last batch."""
        if _in_memory(query, inputs or {}) is not None:
            yield from self.run(query, inputs, parameters).to_batches(size)
            return
        with self._named(query, inputs or {}) as variables:
            stream = FunctionType(_stream.__code__, variables)
            yield from stream(self.connection, query, self._of(query, parameters or {}), size)

    @contextmanager
    def stored(
        self, query: str, inputs: Inputs | None = None, parameters: Mapping[str, Any] | None = None
    ) -> Iterator[Scan]:
        """The rows of a query, kept by DuckDB as long as the block runs: for many and wide rows, which it can spill to disk."""
        name = f"stored_{next(self._numbers)}"
        with self._result(f"create temp table {name} as {query}", inputs, self._of(query, parameters or {})):
            pass
        try:
            yield Scan(f"from {name}")
        finally:
            self.connection.execute(f"drop table {name}")

    def _of(self, query: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Those parameters that a query names."""
        if query not in self._parameters:
            (statement,) = self.connection.extract_statements(query)
            self._parameters[query] = sorted(statement.named_parameters)
        return {name: parameters[name] for name in self._parameters[query]}

    @contextmanager
    def _result(
        self, query: str, inputs: Inputs | None, parameters: Mapping[str, Any]
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._named(query, inputs or {}) as variables:
            yield FunctionType(_execute.__code__, variables)(self.connection, query, parameters)

    @contextmanager
    def _named(self, query: str, inputs: Inputs) -> Iterator[dict[str, Any]]:
        """Those inputs that a query mentions: rows in memory as the variables that the call is to have, others as views that are gone after the
        block. To make a view of many files takes time.
        """
        variables: dict[str, Any] = {"__builtins__": builtins}  # DuckDB imports modules
        views: list[str] = []
        try:
            for name, relation in inputs.items():
                if name not in query:
                    continue
                layer, _, its_name = name.rpartition(".")
                if isinstance(relation, Scan) or its_name in variables:  # a variable has no layer
                    views.append(name)
                    self._make_view(layer, name, relation)
                else:
                    variables[its_name] = relation
            yield variables
        finally:
            for name in views:
                self.connection.execute(f"drop view if exists {name}")
                if isinstance(inputs[name], pa.Table):
                    self.connection.unregister(name)

    def _make_view(self, layer: str, name: str, relation: Relation) -> None:
        if layer and layer not in self._schemas:
            self.connection.execute(f"create schema if not exists {layer}")
            self._schemas.add(layer)
        kind = "view" if layer else "temp view"
        if isinstance(relation, pa.Table):
            self.connection.register(name, relation)
        query = relation.query if isinstance(relation, Scan) else f'from "{name}"'
        self.connection.execute(f"create or replace {kind} {name} as {query}")


def _with_integers(rows: pa.Table) -> pa.Table:
    """Sums of integers are of a type that Arrow does not have, and come as decimals, which SQL divides and multiplies otherwise."""
    for place, field in enumerate(rows.schema):
        if field.type == pa.decimal128(38, 0):
            rows = rows.set_column(place, field.name, rows[field.name].cast(pa.int64()))
    return rows


def _in_memory(query: str, inputs: Inputs) -> dict[str, pa.Table] | None:
    """The inputs that a query mentions, where all of them are a few rows in memory."""
    given = {name: each for name, each in inputs.items() if name in query}
    tables = {name: each for name, each in given.items() if isinstance(each, pa.Table)}
    are_few = sum(each.num_rows for each in tables.values()) <= SMALL_ROWS
    return tables if given and len(tables) == len(given) and are_few else None


def duckdb_session(memory_limit: str = "2GB", temp_directory: str | None = None) -> Session:
    """A session with a DuckDB of its own, in memory."""
    return Session(duckdb_connection(memory_limit, temp_directory))


def scans(tables: Iterable[Pinned], where: Mapping[str, str] | None = None) -> dict[str, Scan]:
    """Tables as inputs, by the names that queries give them, narrowed to the partitions that `where` names for a table."""
    return {each.name.replace("/", "."): Scan.of(each, (where or {}).get(each.name)) for each in tables}
