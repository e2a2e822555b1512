"""Puts the gold tables where the API reads them: rows of JSON in Postgres, a table in one transaction, so that nobody sees half of it.

Only changes are written. The files that a table has gained and lost since it was published tell which rows those are, so a day that goes on
costs its few rows, whatever the history behind it. Once a day, and where what was published is not known for certain, all rows are compared.
Rows go from DuckDB to Postgres in batches. Users in quarantine keep what was published of them, in all tables alike, until they are released.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.lake import verification
from focusflow.lake.session import Relation, Scan, Session
from focusflow.lake.tables import Lake, Pinned, identifier, position_key, quoted
from pipelines.engine import changed_users, descriptions, user_quarantine, user_rows
from pipelines.engine.as_of import last
from pipelines.engine.descriptions import Table

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: What the API can be asked about: a year, and the weeks around it.
DAYS_BACK = 400

#: So many rows are in memory at a time.
BATCH_ROWS = 20_000

#: The names of the inputs of a query: the rows of the version to publish, and of files that only the version before has.
FRESH, STALE = "fresh_rows", "stale_rows"


TABLES = tuple(each for each in descriptions.TABLES if each.is_published)


@dataclass(frozen=True, slots=True)
class Published:
    """Which state of a table the API has."""

    version: int
    as_of: datetime


def publish(
    lake: Lake,
    session: Session,
    database: Database,
    buckets: int,
    tables: Sequence[Table] = TABLES,
) -> int:
    """Publish what has changed since. Returns how many rows were written or deleted."""
    with database.transaction(Role.REPORTING) as tx:
        known = {row["table_name"]: row["lake_version"] for row in tx.all(QUERIES["known"])}
    withheld = user_quarantine.quarantined(lake, session)
    changed = 0
    for table in tables:
        newest = lake.version(f"gold/{table.name}")
        if newest is None or known.get(table.name) == newest:
            continue
        with database.transaction(Role.REPORTING) as tx:
            publication = Publication(lake, session, tx, buckets)
            changed += publication.write(table, withheld if table.is_personal else [])
    return changed


@dataclass(frozen=True, slots=True)
class Publication:
    """A table's newest version on its way to Postgres, in one transaction."""

    lake: Lake
    session: Session
    tx: Transaction
    buckets: int

    def write(self, table: Table, without: Sequence[str]) -> int:
        """Publish a table's newest version. Of several processes that publish it, each builds on what the one before wrote."""
        self.tx.run(QUERIES["lock"], {"table_name": table.name})
        row = self.tx.one(QUERIES["published"], {"table_name": table.name})
        gold = self.lake.pinned(f"gold/{table.name}")
        assert gold is not None
        if row and row["lake_version"] == gold.version:
            return 0
        before = _state_before(self.lake, gold, Published(row["lake_version"], row["as_of"])) if row else None
        as_of = last(gold)
        given: dict[str, Any] = {} if table.is_timeless else {"as_of": as_of}
        given |= {"without": list(without)} if table.is_personal else {}
        changed = self._write_rows(table, gold, before, given, without)
        # What lacks rows of a version is not that version: it is published again until nobody is withheld.
        state = {
            "table_name": table.name,
            "lake_version": 0 if without else gold.version,
            "events": sum(gold.position(position_key(bucket)) for bucket in range(self.buckets)),
            "as_of": as_of,
            "now": self.tx.now,
        }
        self.tx.run(QUERIES["say"], state)
        return changed

    def _write_rows(
        self, table: Table, gold: Pinned, before: Pinned | None, given: dict[str, Any], without: Sequence[str]
    ) -> int:
        """Write the rows that are otherwise than before: of the users whose rows have changed, where it is known who they are."""
        users = changed_users.since(gold, before.version) if table.is_personal and before else None
        if users is not None and not users:
            return 0
        self.tx.run(QUERIES["incoming"])
        query = _rows_of(table, gold, FRESH) if before is None else _difference(table, gold)
        inputs = {FRESH: Scan.of(gold)} if before is None else _changed_files(self.session, gold, before, users)
        with self.tx.connection.cursor().copy(QUERIES["copy"]) as stream:
            for batch in self.session.batches(query, inputs, given, size=BATCH_ROWS):
                stream.write(_as_csv(batch))
        kind = "rows" if table.is_personal else "product"
        named = {"table_name": table.name, "without": list(without)}
        drop = self.tx.run(QUERIES[f"{'drop' if before is None else 'delete'}_{kind}"], named)
        return drop + self.tx.run(QUERIES[f"take_{kind}"], named)


def _state_before(lake: Lake, gold: Pinned, published: Published) -> Pinned | None:
    """The table as it was published, where that is certain; None where all rows are to be compared."""
    if not 0 < published.version < gold.version or last(gold).date() != published.as_of.date():
        return None  # on another day, rows have left those that the API is asked about
    before = lake.pinned(gold.name, version=published.version)
    # A table that was rebuilt from nothing has the same versions again, made at other moments.
    if before is None or last(before) != published.as_of or before.columns() != gold.columns():
        return None
    return before if _are_whole(before, _gone(before, gold)) else None


def _are_whole(table: Pinned, paths: Iterable[str]) -> bool:
    """Whether files that a later version has no more are still there as they were written: a rebuild takes damaged ones out, too."""
    return not any(verification.check_files(table, paths))


def _gone(before: Pinned, after: Pinned) -> set[str]:
    """The files that a later version has no more."""
    return before.sizes().keys() - after.sizes().keys()


def _changed_files(
    session: Session, gold: Pinned, before: Pinned, users: Mapping[str, date] | None
) -> dict[str, Relation]:
    """The rows of the files that only one of the two versions has; of some users, where they are named."""
    added, gone = _gone(gold, before), _gone(before, gold)
    if users is not None:
        return {
            FRESH: user_rows.of_files(session, gold, added, users),
            STALE: user_rows.of_files(session, before, gone, users),
        }
    return {
        FRESH: Scan(f"from {gold.scan(without=gold.sizes().keys() - added)}"),
        STALE: Scan(f"from {before.scan(without=before.sizes().keys() - gone)}"),
    }


def _difference(table: Table, gold: Pinned) -> str:
    """Rows that were added or have changed, and without a `row` those that are gone."""
    fresh, stale = _rows_of(table, gold, FRESH), _rows_of(table, gold, STALE)
    joined = f"({fresh}) as fresh full join ({stale}) as stale using (user_id, day, key)"
    has_changed = "fresh.row is distinct from stale.row"
    return f"from {joined} select user_id, day, key, fresh.row where {has_changed}"


def _as_csv(batch: pa.RecordBatch) -> str:
    return pl.DataFrame(batch).with_columns(pl.col("user_id").replace("", None)).write_csv(include_header=False)


def _rows_of(table: Table, gold: Pinned, source: str) -> str:
    """The rows of a table as the API passes them on. Moments are written as everywhere in it. Rows about nobody have an empty `user_id`."""
    user = "user_id" if table.is_personal else quoted("")
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
    row = f"to_json(struct_pack({fields}))::varchar"
    return f"from {source} select {user} as user_id, {day} as day, {key} as key, {row} as row{where}"
