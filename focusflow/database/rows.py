"""Inserts and updates entity rows. The columns come from the schema, and each update increments the version."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow
from sqlalchemy import Table

from focusflow.database.session import Transaction


def insert_row(tx: Transaction, table: Table, values: Mapping[str, Any]) -> DictRow:
    """Insert a new entity of the transaction's user; returns the row as saved."""
    row = {"user_id": tx.user_id, "created_at": tx.now, "updated_at": tx.now, **values}
    saved = tx.connection.execute(_insert(table, tuple(row)), row).fetchone()
    assert saved is not None
    return saved


def update_row(tx: Transaction, table: Table, row_id: UUID, changes: Mapping[str, Any]) -> DictRow | None:
    """Change an entity of the transaction's user; its version grows. None if there is no such row."""
    statement = _update(table, tuple(changes))
    return tx.connection.execute(statement, {**changes, "now": tx.now, "row_id": row_id}).fetchone()


@lru_cache(1000)  # composing costs more than sending
def _insert(table: Table, names: tuple[str, ...]) -> bytes:
    statement = sql.SQL("insert into {table} ({names}) values ({values}) returning *").format(
        table=sql.Identifier(table.name),
        names=sql.SQL(", ").join(sql.Identifier(_column(table, name)) for name in names),
        values=sql.SQL(", ").join(sql.Placeholder(name) for name in names),
    )
    return statement.as_bytes()


@lru_cache(1000)  # composing costs more than sending
def _update(table: Table, names: tuple[str, ...]) -> bytes:
    statement = sql.SQL(
        "update {table} set {changes}, version = version + 1, updated_at = %(now)s where id = %(row_id)s returning *"
    ).format(
        table=sql.Identifier(table.name),
        changes=sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(_column(table, name)), sql.Placeholder(name)) for name in names
        ),
    )
    return statement.as_bytes()


def _column(table: Table, name: str) -> str:
    return str(table.columns[name].name)
