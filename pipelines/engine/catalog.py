"""The lake as a database file of views, for `focusflow sql` and for tools that speak DuckDB."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from focusflow.lake.session import Session
from focusflow.lake.tables import Lake, Pinned, State, let_read_store, show
from pipelines.engine import descriptions, user_quarantine

#: The tables that analysts can query.
TABLES = tuple(each.full_name for each in descriptions.TABLES if not (each.has_personal_text or each.is_internal))


#: Analysts' tools need not follow each event.
PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Written:
    """Of what the file was made."""

    as_of: datetime
    states: Mapping[str, State]
    quarantine: int | None


def create_views(lake: Lake, connection: duckdb.DuckDBPyConnection) -> list[Pinned]:
    """Create a view of every table that exists, as `silver.…` and `gold.…`, each at one version. Returns the tables."""
    found = [table for name in TABLES if (table := lake.pinned(name)) is not None]
    connection.execute("create schema if not exists silver")
    connection.execute("create schema if not exists gold")
    show(connection, found)
    return found


def write_if_due(lake: Lake, path: Path, as_of: datetime, *, is_live: bool) -> int:
    """Write the file again if a view has changed; in a live refresh not more often than `PAUSE` allows, for it takes as long as the rest."""
    written: _Written | None = lake.memory.get("catalog")
    if path.exists() and written:
        is_resting = is_live and timedelta(0) <= as_of - written.as_of < PAUSE
        states = written.states if is_resting else _states(lake)
        if states == written.states and lake.version(user_quarantine.USERS.name) == written.quarantine:
            return 0
    now = _Written(as_of, _states(lake), lake.version(user_quarantine.USERS.name))
    views = write(lake, path)
    lake.memory["catalog"] = now
    return views


def _states(lake: Lake) -> dict[str, State]:
    return {table.name: table.state for name in TABLES if (table := lake.pinned(name)) is not None}


def write(lake: Lake, path: Path) -> int:
    """Write the file again, beside the old one and then over it: who has that open goes on reading. Returns how many views it has. In gold there are
    no rows of users in quarantine.

    Its views name the files of one version each, which stay for `lake_history_hours`.
    """
    fresh = path.with_suffix(".tmp")
    fresh.unlink(missing_ok=True)
    with duckdb.connect(str(fresh)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        let_read_store(connection)
        found = create_views(lake, connection)
        withheld = user_quarantine.quarantined(lake, Session(connection))
        gold = [each for each in found if each.name.startswith("gold/")]
        for name, scan in user_quarantine.scans_without(gold, withheld).items():
            connection.execute(f"create or replace view {name} as {scan.query}")
    fresh.replace(path)
    return len(found)
