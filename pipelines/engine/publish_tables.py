"""Puts the gold tables where the API reads them: rows of JSON in Postgres, a table in one transaction, so that nobody sees half of it.

Only what differs is written: a day that goes on costs its few rows, whatever the history behind it. Users in quarantine keep what was published of
them, in all tables alike, until they are released.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.lake.tables import Lake, Pinned, identifier, position_key, quoted, show
from pipelines.engine import descriptions, user_quarantine
from pipelines.engine.as_of import last
from pipelines.engine.descriptions import Table

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: What the API can be asked about: a year, and the weeks around it.
DAYS_BACK = 400


TABLES = tuple(each for each in descriptions.TABLES if each.is_published)


def publish(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    database: Database,
    buckets: int,
    tables: Sequence[Table] = TABLES,
) -> int:
    """Publish what has changed since. Returns how many rows were written or taken away."""
    with database.transaction(Role.REPORTING) as tx:
        known = {row["table_name"]: row["lake_version"] for row in tx.all(QUERIES["known"])}
    withheld = user_quarantine.quarantined(lake, connection)
    changed = 0
    for table in tables:
        gold = lake.pinned(f"gold/{table.name}")
        if gold is None or known.get(table.name) == gold.version:
            continue
        without = withheld if table.is_personal else []
        rows = _read(connection, table, gold, without)
        events = sum(gold.position(position_key(bucket)) for bucket in range(buckets))
        # What lacks rows of a version is not that version: it is published again until nobody is withheld.
        version = 0 if without else gold.version
        with database.transaction(Role.REPORTING) as tx:
            changed += _take_over(tx, table, rows, without)
            said = {"table_name": table.name, "lake_version": version, "events": events, "as_of": last(gold)}
            tx.run(QUERIES["say"], said | {"now": tx.now})
    return changed


def _read(
    connection: duckdb.DuckDBPyConnection, table: Table, gold: Pinned, without: Sequence[str]
) -> list[tuple[Any, ...]]:
    show(connection, [gold])
    given: dict[str, Any] = {} if table.is_timeless else {"as_of": last(gold)}
    given |= {"without": without} if table.is_personal else {}
    return connection.execute(_as_json(table, gold), given).fetchall()


def _take_over(tx: Transaction, table: Table, rows: Sequence[tuple[Any, ...]], without: Sequence[str]) -> int:
    tx.run(QUERIES["incoming"])
    with tx.connection.cursor().copy("copy incoming (user_id, day, key, row) from stdin") as stream:
        for row in rows:
            stream.write_row(row)
    kind = "rows" if table.is_personal else "product"
    named = {"table_name": table.name, "without": list(without)}
    return tx.run(QUERIES[f"drop_{kind}"], named) + tx.run(QUERIES[f"take_{kind}"], named)


def _as_json(table: Table, gold: Pinned) -> str:
    """The rows of a table as the API passes them on. Moments are written as everywhere in it."""
    user = "user_id" if table.is_personal else "null"
    key = f"concat_ws('/', {', '.join(map(identifier, table.key))})" if table.key else quoted("")
    fields = ", ".join(
        f"{identifier(field.name)} := "
        + (
            f"strftime({identifier(field.name)}, '%Y-%m-%dT%H:%M:%SZ')"
            if "timestamp" in str(field.type)
            else identifier(field.name)
        )
        for field in gold.columns()
        if field.name not in ("user_id", "bucket", "month")
    )
    day = identifier(table.day)
    conditions = [] if table.is_timeless else [f"{day} >= $as_of::date - {DAYS_BACK}"]
    conditions += ["not list_contains($without::varchar[], user_id)"] if table.is_personal else []
    where = f" where {' and '.join(conditions)}" if conditions else ""
    return f"from gold.{identifier(table.name)} select {user}, {day}, {key}, to_json(struct_pack({fields}))::varchar{where}"
