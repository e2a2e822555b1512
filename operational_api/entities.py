"""What all nouns have in common: a row of one person, its version, and the event that goes with each change of it.

The rules of a noun stand in its own `rules.py`, its lists in its own `queries.sql`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow
from sqlalchemy import Table

from focusflow.database.rows import insert_row, update_row
from focusflow.database.session import Transaction
from focusflow.errors import Invalid, NotFound
from focusflow.identity import new_id
from operational_api.http.schema_base import Output
from operational_api.http.unit_of_work import Work


@dataclass(frozen=True)
class Entity:
    """A noun: its table, how it is shown, how its events begin, and what is said where there is none."""

    table: Table
    shape: type[Output]
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
        return self._found(tx.connection.execute(self._one, {"id": id_}).fetchone())

    def locked(self, tx: Transaction, id_: UUID) -> DictRow:
        """The row, kept from others until the transaction ends."""
        return self._found(tx.connection.execute(self._locked, {"id": id_}).fetchone())

    def add(self, work: Work, fields: Mapping[str, Any], happening: str = "created") -> Mapping[str, Any]:
        row = insert_row(work.tx, self.table, {"id": new_id(), **fields})
        self._emit(work, happening, row)
        return row

    def save(
        self, work: Work, before: Mapping[str, Any], changes: Mapping[str, Any], happening: str = "updated"
    ) -> Mapping[str, Any]:
        """Save a change and say what happened. Nothing is saved, and nothing said, where nothing changes."""
        changes = {name: value for name, value in changes.items() if before[name] != value}
        if not changes:
            return before
        row = self._found(update_row(work.tx, self.table, before["id"], changes))
        self._emit(work, happening, row, before)
        return row

    def remove(self, work: Work, row: Mapping[str, Any], happening: str = "deleted") -> None:
        """Delete the row itself. Its event carries it as it was last."""
        work.tx.connection.execute(self._delete, {"id": row["id"]})
        self._emit(work, happening, {**row, "version": row["version"] + 1})

    def shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {name: row[name] for name in self.shape.model_fields}

    def _emit(
        self, work: Work, happening: str, row: Mapping[str, Any], before: Mapping[str, Any] | None = None
    ) -> None:
        if self.prefix is not None:
            work.emit(f"{self.prefix}.{happening}", row, before=before)

    def _found(self, row: DictRow | None) -> DictRow:
        if row is None:
            raise self.missing
        return row


def filled(wish: Mapping[str, Any], *needed: str) -> Mapping[str, Any]:
    """A change, in which what must not be empty is not emptied."""
    for name in needed:
        if name in wish and wish[name] is None:
            raise Invalid.field(f"body.{name}", "it cannot be empty")
    return wish
