"""Brings up the gold tables that are folders: `table.toml` says what a table is, its SQL is one statement, `checks.sql` is what must hold.

A table whose rows are about days lies by month, and is made anew from the first month of which something is said that was not known;
the others for the buckets in which something happened; both once an hour for all, for days go on without events. A table is replaced
in one commit, which carries how far silver was read. Nothing here knows of Dagster.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import duckdb
import pyarrow as pa

from focusflow.lake.tables import Lake, Pinned, position_key, show
from focusflow.preferences import DEFAULTS
from pipelines.engine import achievements, dirty_days, habits, meetings, uplift
from pipelines.engine.as_of import last, note
from pipelines.engine.daily import DAILY
from pipelines.engine.descriptions import BUILT_BY_QUERY, FOLDER, SHARED_RELATIONS, Table
from pipelines.engine.histories import held_since, month_before
from pipelines.engine.silver import EVENTS
from pipelines.engine.user_timezones import STAYS

TABLES = BUILT_BY_QUERY

#: What the statements of tables call by name.
MACROS = (FOLDER / "macros.sql").read_text(encoding="utf-8")

#: Everybody, with what their days and weeks go by.
PEOPLE = """
    create or replace temp table people as
    select user_id, any_value(bucket) as bucket, min(changed_on) as registered_on, coalesce(arg_max(week_start, version), 0) as week_start,
           max(timezone(timezone, least(valid_to, $as_of::timestamptz))::date) as today
    from silver.user_history group by user_id"""

#: Of the rows of a table by month, those that are asked for.
FROM_FIRST_DAY = "select *, strftime({day}, '%Y-%m') as month from ({query}) where {day} >= getvariable('first_day')"

#: These two under the names by which a table declares them.
NAMED_INPUTS = """
    create or replace temp view users as from people;
    create or replace temp view user_timezones as from stays"""

#: The hours of work of whoever never chose them: what somebody chose stays in Postgres.
WORK = {name: DEFAULTS[name] for name in ("work_from", "work_until")}

#: How long before the registration a table of days may begin.
BEFORE = {"days_before_registration": dirty_days.DAYS_BEFORE_REGISTRATION}

#: So far ahead a table of meetings looks.
AHEAD = timedelta(weeks=5)

#: What SQL alone cannot work out is laid out beside the tables that it reads.
TABLE_INPUTS: Mapping[str, Callable[[duckdb.DuckDBPyConnection, date, datetime], None]] = {
    "meetings": lambda connection, first, as_of: meetings.lay_out(connection, start_of_all(first), as_of + AHEAD),
    "habit_streaks": lambda connection, *_: habits.lay_out(connection),
    "achievement_rules": lambda connection, *_: achievements.lay_out(connection),
    "bootstrap_intervals": lambda connection, *_: uplift.lay_out(connection),
}

#: Every relation that a table may name among its inputs, beside tables.
RELATIONS = (*SHARED_RELATIONS, *TABLE_INPUTS)


def start_of_all(day: date) -> datetime | None:
    """When a day begins in the first of all zones; nothing for the first of all days."""
    return datetime.combine(day, time(), UTC) - timedelta(days=1) if day > date.min else None


def bring_up(lake: Lake, connection: duckdb.DuckDBPyConnection, table: Table, buckets: int, as_of: datetime) -> int:
    """Bring a table up to silver's newest version, or as far as the days are. Returns how many rows were written."""
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
    if not firsts:
        return 0
    pieces = [(piece, compute(lake, connection, table, piece, as_of)) for piece in _pieces(table, firsts)]
    rows = _sorted(table, pa.concat_tables(rows for _, rows in pieces))
    where = " or ".join(f"({piece.of(gold)})" for piece, _ in pieces)
    gold.replace(rows, where=where, positions=positions, metadata=note(as_of) | dirty_days.up_to(source))
    return int(rows.num_rows)


@dataclass(frozen=True, slots=True)
class Piece:
    """What is made anew at a time: buckets, or all that there is, from a month on."""

    buckets: tuple[int, ...] | None
    first: date

    def of(self, table: Pinned, looks_back: int = 0) -> str:
        """The partitions of a table that belong to it, with those of some days before."""
        divided_by = table.delta.metadata().partition_columns
        told = [f"bucket in ({', '.join(map(str, self.buckets))})"] if self.buckets and "bucket" in divided_by else []
        if "last_month" in divided_by:
            told.append(held_since(table, self.first, looks_back))
        if "month" in divided_by:
            told.append(f"month >= '{month_before(self.first, looks_back)}'")
        return " and ".join(told) or "true"


#: All partitions of all tables.
EVERYTHING = Piece(None, date.min)


def _pieces(table: Table, firsts: Mapping[int, date]) -> list[Piece]:
    """The whole months in which those days lie, and the weeks that reach into them."""
    months = {bucket: date.fromisoformat(f"{month_before(first, 8)}-01") for bucket, first in firsts.items()}
    if not table.is_personal:
        return [Piece(None, min(months.values()))]
    return [
        Piece(tuple(bucket for bucket, its in months.items() if its == month), month)
        for month in sorted(set(months.values()))
    ]


def compute(lake: Lake, connection: duckdb.DuckDBPyConnection, table: Table, piece: Piece, as_of: datetime) -> pa.Table:
    """The rows of a table that belong to a piece, from what there is of its inputs."""
    _show(lake, connection, table, piece, as_of)
    query, given = table.query, {"as_of": as_of} if "$as_of" in table.query else {}
    if table.is_by_month:
        query = FROM_FIRST_DAY.format(query=query, day=table.day)
    return connection.sql(query, params=given).to_arrow_table().select(table.spec.schema.names).cast(table.spec.schema)


def _show(lake: Lake, connection: duckdb.DuckDBPyConnection, table: Table, piece: Piece, as_of: datetime) -> None:
    """Make what a table reads visible: only the partitions that its rows can come from."""
    read: list[Pinned] = [found for name in table.reads if (found := lake.pinned(name)) is not None]
    all_time = Piece(piece.buckets, date.min)
    show(connection, read, {
        each.name: (all_time if each.name in table.full_history_of else piece).of(each, table.lookback_days) for each in read
    })  # fmt: skip
    connection.execute(MACROS)
    connection.execute("set variable first_day = ?", [piece.first])
    if table.is_personal:
        connection.execute(PEOPLE, {"as_of": as_of})
        connection.execute(STAYS)
        connection.execute(NAMED_INPUTS)
    for name in table.inputs:
        if name in TABLE_INPUTS:
            TABLE_INPUTS[name](connection, piece.first, as_of)
    for name, value in {**WORK, **BEFORE, **table.toml.get("variables", {})}.items():
        connection.execute(f"set variable {name} = ?", [value])


def _sorted(table: Table, rows: pa.Table) -> pa.Table:
    """By person and day: a page about one person reads few row groups, and the same rows make the same files."""
    by = [*table.spec.partition_by, *(["user_id"] if table.is_personal else []), table.day, *table.key]
    return rows.sort_by([(name, "ascending") for name in by])
