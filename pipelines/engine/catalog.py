"""The lake as a database file of views, for `focusflow sql` and for tools that speak DuckDB."""

from pathlib import Path

import duckdb

from focusflow.lake.session import Session
from focusflow.lake.tables import Lake, Pinned, show
from pipelines.engine import descriptions, user_quarantine

#: The tables that analysts can query.
TABLES = tuple(each.full_name for each in descriptions.TABLES if not (each.has_personal_text or each.is_internal))


def create_views(lake: Lake, connection: duckdb.DuckDBPyConnection) -> list[Pinned]:
    """Create a view of every table that exists, as `silver.…` and `gold.…`, each at one version. Returns the tables."""
    found = [table for name in TABLES if (table := lake.pinned(name)) is not None]
    connection.execute("create schema if not exists silver")
    connection.execute("create schema if not exists gold")
    show(connection, found)
    return found


def write(lake: Lake, path: Path) -> int:
    """Write the file again, beside the old one and then over it: who has that open goes on reading. Returns how many views it has. In gold there are
    no rows of users in quarantine.

    Its views name the files of one version each, which stay for `lake_history_hours`; each refresh writes it again.
    """
    fresh = path.with_suffix(".tmp")
    fresh.unlink(missing_ok=True)
    with duckdb.connect(str(fresh)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = create_views(lake, connection)
        withheld = user_quarantine.quarantined(lake, Session(connection))
        gold = [each for each in found if each.name.startswith("gold/")]
        for name, scan in user_quarantine.scans_without(gold, withheld).items():
            connection.execute(f"create or replace view {name} as {scan.query}")
    fresh.replace(path)
    return len(found)
