"""Builds the gold tables that a folder describes: `table.toml` declares a table, `query.sql` computes it, `checks.sql` says what must hold.

A table whose rows are about days is partitioned by month, and rebuilt from the first month with new data; other tables are rebuilt for the
buckets with new events. Once an hour all are rebuilt, because a day can end without an event. A table is replaced in one commit, which
records how far silver was read. Nothing here knows of Dagster.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa

from focusflow.lake.session import Scan, Session, scans
from focusflow.lake.tables import Lake, Pinned, position_key
from focusflow.preferences import DEFAULTS
from pipelines.engine import dirty_days
from pipelines.engine.as_of import as_of_metadata, last, newest_metadata
from pipelines.engine.daily import DAILY
from pipelines.engine.descriptions import BUILT_BY_QUERY, Table
from pipelines.engine.histories import held_since, month_before
from pipelines.engine.silver import EVENTS
from pipelines.engine.table_inputs import MACROS, table_inputs
from pipelines.engine.window import Window

TABLES = BUILT_BY_QUERY

#: The default working hours, since what a user chose is in Postgres only; and how long before the registration a table of days may begin.
PARAMETERS: Mapping[str, object] = {
    "work_from": DEFAULTS["work_from"],
    "work_until": DEFAULTS["work_until"],
    "days_before_registration": dirty_days.DAYS_BEFORE_REGISTRATION,
}


def load_incremental(lake: Lake, session: Session, table: Table, buckets: int, as_of: datetime) -> int:
    """Update a table to the newest version of silver or of the daily table. Returns how many rows were written."""
    source, gold = lake.open(DAILY if table.is_by_month else EVENTS), lake.open(table.spec)
    positions = {position_key(bucket): source.position(position_key(bucket)) for bucket in range(buckets)}
    this_hour, last_hour = (moment.replace(minute=0, second=0, microsecond=0) for moment in (as_of, last(gold)))
    if table.is_by_month:
        firsts = dirty_days.first_days(source, gold, buckets)
        if last_hour != this_hour:  # a later one too: the clock ran ahead
            yesterday = min(last(gold), as_of).date() - timedelta(days=1)
            firsts = {bucket: min(firsts.get(bucket, yesterday), yesterday) for bucket in range(buckets)}
    else:
        behind = [key for key, position in positions.items() if last_hour != this_hour or gold.position(key) < position]
        firsts = {bucket: date.min for bucket in range(buckets) if position_key(bucket) in behind}
    if gold.version and (newest_metadata(gold, "computation") or "1") != table.computation:
        firsts = dict.fromkeys(range(buckets), date.min)
    if not firsts:
        return 0
    pieces = [(piece, compute(lake, session, table, piece, as_of)) for piece in _pieces(table, firsts)]
    rows = _sorted(table, pa.concat_tables(rows for _, rows in pieces))
    where = " or ".join(f"({piece.of(gold)})" for piece, _ in pieces)
    gold.replace(
        rows,
        where=where,
        positions=positions,
        metadata=as_of_metadata(as_of) | dirty_days.version_metadata(source) | {"computation": table.computation},
    )
    return int(rows.num_rows)


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a table that is rebuilt at once: some buckets or all, from a month on."""

    buckets: tuple[int, ...] | None
    first: date

    def of(self, table: Pinned, looks_back: int = 0) -> str:
        """A condition for its partitions of a table, and for those of the days before that the query looks back to."""
        divided_by = table.delta.metadata().partition_columns
        conditions = (
            [f"bucket in ({', '.join(map(str, self.buckets))})"] if self.buckets and "bucket" in divided_by else []
        )
        if "last_month" in divided_by:
            conditions.append(held_since(table, self.first, looks_back))
        if "month" in divided_by:
            conditions.append(f"month >= '{month_before(self.first, looks_back)}'")
        return " and ".join(conditions) or "true"


#: All partitions of all tables.
EVERYTHING = Piece(None, date.min)


def _pieces(table: Table, firsts: Mapping[int, date]) -> list[Piece]:
    """The months of these days, from the start of a week that reaches into them."""
    months = {bucket: date.fromisoformat(f"{month_before(first, 8)}-01") for bucket, first in firsts.items()}
    if not table.is_personal:
        return [Piece(None, min(months.values()))]
    return [
        Piece(tuple(bucket for bucket, its in months.items() if its == month), month)
        for month in sorted(set(months.values()))
    ]


def compute(lake: Lake, session: Session, table: Table, piece: Piece, as_of: datetime) -> pa.Table:
    """Compute the rows of one piece of a table."""
    session.define(MACROS)
    window = Window(piece.first, as_of)
    given = table_inputs(session, table, _tables(lake, table, piece), window)
    parameters = {**PARAMETERS, **table.toml.get("variables", {}), "as_of": as_of}
    rows = session.run(table.query, given, parameters)
    return rows.select(table.spec.schema.names).cast(table.spec.schema)


def _tables(lake: Lake, table: Table, piece: Piece) -> dict[str, Scan]:
    """The tables that it reads, directly or through a relation: only the partitions that its rows can come from."""
    read: list[Pinned] = [found for name in table.reads if (found := lake.pinned(name)) is not None]
    all_time = Piece(piece.buckets, date.min)
    return scans(read, {
        each.name: (all_time if each.name in table.full_history_of else piece).of(each, table.lookback_days) for each in read
    })  # fmt: skip


def _sorted(table: Table, rows: pa.Table) -> pa.Table:
    """By user and day: a page about one user reads few row groups, and the same rows make the same files."""
    by = [*table.spec.partition_by, *(["user_id"] if table.is_personal else []), table.day, *table.key]
    return rows.sort_by([(name, "ascending") for name in by])
