"""The published tables as views in Postgres, for tools of analysts that read no DuckDB: the schema `gold`, and nothing else of the database.

A user is a pseudonym there, the same in all views. Groups of fewer users than the smallest group that analysts see are left out.
"""

import hashlib
from pathlib import Path

from psycopg import sql

from focusflow.database.queries import load_queries
from focusflow.database.session import Database
from pipelines.engine.descriptions import Table
from pipelines.engine.publish_tables import TABLES

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: How Postgres names the types that `table.toml` names.
TYPES = {"VARCHAR": "text", "DOUBLE": "double precision", "TIMESTAMPTZ": "timestamptz"}

#: Which columns tell how many users a row is about; the first that a table has.
GROUP_SIZES = ("cohort", "users", "mau")

PARTITIONS = ("bucket", "month")
PSEUDONYM = "user_pseudonym"


def write(database: Database, min_group_size: int, *, only_again: bool = False) -> bool:
    """Write the views if they are not what this version and this smallest group make of them. Returns whether they were written.

    With `only_again`, nothing is written where nobody asked for views yet.
    """
    statements = [statement for table in TABLES for statement in _statements(table, min_group_size)]
    text = "\n".join(statement.as_string(None) for statement in statements)
    digest = hashlib.sha256(text.encode()).hexdigest()
    with database.owner() as connection:
        connection.execute(QUERIES["lock"])
        row = connection.execute(QUERIES["written"]).fetchone()
        written = row["digest"] if row else None
        if written == digest or (only_again and row is None):
            return False
        connection.execute(QUERIES["begin"])
        for statement in statements:
            connection.execute(statement)
        connection.execute(sql.SQL("comment on schema gold is {}").format(digest))
        connection.execute(QUERIES["grant"])
    return True


def _statements(table: Table, min_group_size: int) -> list[sql.Composed]:
    name = sql.Identifier("gold", table.name)
    columns = {each.name: each for each in table.columns if each.name == table.day or each.name not in PARTITIONS}
    taken = sql.SQL(", ").join(_column(each.name, each.type, table.day) for each in columns.values())
    source = sql.Identifier("published_rows" if table.is_personal else "published_product")
    conditions = sql.SQL("table_name = {}").format(table.name) + _of_groups(table, min_group_size)
    view = sql.SQL("create view {} as select {} from {} where {}").format(name, taken, source, conditions)
    comments = [sql.SQL("comment on view {} is {}").format(name, table.description)]
    comments += [
        sql.SQL("comment on column {} is {}").format(sql.Identifier("gold", table.name, each.name), each.description)
        for each in columns.values()
        if each.name != "user_id"
    ]
    return [view, *comments]


def _column(name: str, type_: str, day: str) -> sql.Composed:
    if name == "user_id":
        return sql.SQL(QUERIES["pseudonym"]) + sql.SQL(" as {}").format(sql.Identifier(PSEUDONYM))
    if name == day:
        return sql.SQL("day as {}").format(sql.Identifier(name))
    return sql.SQL("(row ->> {})::{} as {}").format(
        name, sql.SQL(TYPES.get(type_, type_.lower())), sql.Identifier(name)
    )


def _of_groups(table: Table, min_group_size: int) -> sql.Composed:
    """As the API answers analysts: platforms together are shown, whatever their number."""
    names = {each.name for each in table.columns}
    size = next((name for name in GROUP_SIZES if name in names), None)
    if size is None:
        return sql.Composed([])
    large = sql.SQL("(row ->> {})::bigint >= {}").format(size, sql.Literal(min_group_size))
    if "platform" not in names:
        return sql.SQL(" and ") + large
    return sql.SQL(" and (row ->> 'platform' in ('*', '') or ") + large + sql.SQL(")")
