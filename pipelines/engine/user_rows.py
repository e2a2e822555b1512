"""The rows of a few users in tables of the lake. Where the files are small, they come from what this process has read before."""

from collections.abc import Collection, Iterable

import pyarrow as pa
import pyarrow.compute as pc

from focusflow.lake.session import SMALL_ROWS, Relation, Scan, Session
from focusflow.lake.tables import Pinned
from pipelines.engine import changed_users


def of_users(session: Session, table: Pinned, users: Collection[str], where: str | None = None) -> Relation:
    """The rows of some users, of those partitions that the condition names."""
    key = f"{table.name} {table.state} {where} {sorted(users)}"
    return session.kept(key, lambda: _of_users(session, table, users, where))


def _of_users(session: Session, table: Pinned, users: Collection[str], where: str | None) -> Relation:
    rows = session.files.rows(table, table.files(where))
    if rows is None:
        return session.small(Scan(f"from {table.scan(where)} where {changed_users.condition(users)}"))
    return _theirs(rows, users)


def few_or_scan(session: Session, table: Pinned, where: str | None = None) -> Relation:
    """The rows of all users as they come quickest: in memory where they are few."""
    rows = session.files.rows(table, table.files(where), SMALL_ROWS)
    return Scan.of(table, where) if rows is None else rows


def of_files(session: Session, table: Pinned, paths: Iterable[str], users: Collection[str]) -> Relation:
    """The rows of some users in some files of a table."""
    paths = set(paths)
    rows = session.files.rows(table, map(table.file, paths))
    if rows is None:
        scan = table.scan(without=table.sizes().keys() - paths)
        return Scan(f"from {scan} where {changed_users.condition(users)}")
    return _theirs(rows, users)


def _theirs(rows: pa.Table, users: Collection[str]) -> pa.Table:
    return rows.filter(pc.is_in(rows["user_id"], pa.array(sorted(users), pa.string()))).combine_chunks()
