"""What all nouns have in common: a user's row, its version, and the event of each change.

The rules of a noun belong in its `rules.py`, its lists in its `queries.sql`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow
from sqlalchemy import Table

from focusflow.database.rows import insert_row, update_row
from focusflow.database.session import Transaction
from focusflow.errors import Invalid, NotFound
from focusflow.identity import new_id
from operational_api.http.schema_base import Output
from operational_api.http.unit_of_work import UnitOfWork

Schema = TypeVar("Schema", bound=Output)


@dataclass(frozen=True)
class Entity(Generic[Schema]):
    """A noun: its table, the schema of its answers, the error for a missing row, and the prefix of its event types (None: no events)."""

    table: Table
    schema: type[Schema]
    missing: type[NotFound]
    prefix: str | None = None

    @cached_property
    def _select(self) -> sql.Composed:
        gone = sql.SQL(" and deleted_at is null") if "deleted_at" in self.table.columns else sql.SQL("")
        return sql.SQL("select * from {table} where id = %(id)s{gone}").format(
            table=sql.Identifier(self.table.name), gone=gone
        )

    @cached_property
    def _one(self) -> bytes:
        return self._select.as_bytes()

    @cached_property
    def _locked(self) -> bytes:
        return (self._select + sql.SQL(" for update")).as_bytes()

    @cached_property
    def _delete(self) -> bytes:
        return sql.SQL("delete from {table} where id = %(id)s").format(table=sql.Identifier(self.table.name)).as_bytes()

    def one(self, tx: Transaction, id_: UUID) -> DictRow:
        return self._required(tx.connection.execute(self._one, {"id": id_}).fetchone())

    def locked(self, tx: Transaction, id_: UUID) -> DictRow:
        """The row, locked until the transaction ends."""
        return self._required(tx.connection.execute(self._locked, {"id": id_}).fetchone())

    def add(self, uow: UnitOfWork, fields: Mapping[str, Any], event_action: str = "created") -> Mapping[str, Any]:
        row = insert_row(uow.tx, self.table, {"id": new_id(), **fields})
        self._emit(uow, event_action, row)
        return row

    def save(
        self, uow: UnitOfWork, before: Mapping[str, Any], changes: Mapping[str, Any], event_action: str = "updated"
    ) -> Mapping[str, Any]:
        """Save a change and append its event. Without a change, neither is written."""
        changes = {name: value for name, value in changes.items() if before[name] != value}
        if not changes:
            return before
        row = self._required(update_row(uow.tx, self.table, before["id"], changes))
        self._emit(uow, event_action, row, before)
        return row

    def remove(self, uow: UnitOfWork, row: Mapping[str, Any], event_action: str = "deleted") -> None:
        """Delete the row. Its event carries the last state."""
        uow.tx.connection.execute(self._delete, {"id": row["id"]})
        self._emit(uow, event_action, {**row, "version": row["version"] + 1})

    def to_response(self, row: Mapping[str, Any]) -> Schema:
        return self.schema.from_row(row)

    def to_responses(self, rows: Iterable[Mapping[str, Any]]) -> list[Schema]:
        return [self.to_response(row) for row in rows]

    def _emit(
        self, uow: UnitOfWork, event_action: str, row: Mapping[str, Any], before: Mapping[str, Any] | None = None
    ) -> None:
        if self.prefix is not None:
            uow.emit(f"{self.prefix}.{event_action}", row, before=before)

    def _required(self, row: DictRow | None) -> DictRow:
        if row is None:
            raise self.missing
        return row


def require_non_null(patch: Mapping[str, Any], *needed: str) -> Mapping[str, Any]:
    """The patch, after a check that it sets none of these fields to null."""
    for name in needed:
        if name in patch and patch[name] is None:
            raise Invalid.field(f"body.{name}", "it cannot be empty")
    return patch
