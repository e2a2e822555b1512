"""What the refresher has done, in Postgres: how it fares, and which tables it built since that was last reported to Dagster.

Both are small whatever the number of refreshes: one row for itself, and one for each table.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg.types.json import Jsonb

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Build:
    """A table that a refresh changed. `broken_rules` says how often each broken rule is broken; None where the rules were not checked."""

    table_name: str
    lake_version: int
    rows: int
    seconds: float
    broken_rules: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Builds:
    """All builds of a table since the last report, of which the newest is described."""

    table_name: str
    lake_version: int
    built_at: datetime
    builds: int
    rows_written: int
    seconds: float
    broken_rules: Mapping[str, int] | None


def record_success(database: Database, builds: Iterable[Build], seconds: float) -> None:
    with database.transaction(Role.REPORTING) as tx:
        _record_builds(tx, builds)
        tx.run(QUERIES["record_success"], {"seconds": seconds, "now": tx.now})


def record_failure(database: Database, builds: Iterable[Build], error: str) -> None:
    """With what was built before it failed: of these tables, rules may be broken."""
    with database.transaction(Role.REPORTING) as tx:
        _record_builds(tx, builds)
        tx.run(QUERIES["record_failure"], {"error": error, "now": tx.now})


def record_conflict(database: Database, builds: Iterable[Build]) -> None:
    """With what was built before another refresh was quicker."""
    with database.transaction(Role.REPORTING) as tx:
        _record_builds(tx, builds)
        tx.run(QUERIES["record_conflict"])


def _record_builds(tx: Transaction, builds: Iterable[Build]) -> None:
    for each in sorted(builds, key=lambda build: build.table_name):  # the order in which every process locks them
        broken = None if each.broken_rules is None else Jsonb(each.broken_rules)
        values = {"table_name": each.table_name, "lake_version": each.lake_version, "rows": each.rows}
        tx.run(QUERIES["record_build"], values | {"seconds": each.seconds, "broken_rules": broken, "now": tx.now})


def unreported(database: Database) -> list[Builds]:
    with database.transaction(Role.REPORTING) as tx:
        return [Builds(**row) for row in tx.all(QUERIES["unreported"])]


def mark_reported(database: Database, builds: Builds) -> None:
    values = {"table_name": builds.table_name, "builds": builds.builds, "rows_written": builds.rows_written}
    with database.transaction(Role.REPORTING) as tx:
        tx.run(QUERIES["mark_reported"], values | {"seconds": builds.seconds})
