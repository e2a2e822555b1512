"""What was known at a moment, from the histories: lists of open tasks at many moments of the past, or now. Later changes cannot show.

The histories are read as `silver.<noun>_history` views of a DuckDB connection, of the lake or of anything else that keeps the contract.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from focusflow.clock import local_date, start_of
from focusflow.database.queries import load_queries
from models.features.task_facts import INSTANT

QUERIES = load_queries(Path(__file__).with_name("snapshots.sql"))

#: The nouns whose histories are read.
NOUNS: Final = ("task", "user", "time_entry", "goal")

#: When the day's first list is made, local time: after the night owls, before the early birds.
MORNING: Final = timedelta(hours=5)

#: So many more lists a day are made just after something was finished.
AFTER: Final = 2

#: What somebody does these days.
RECENT: Final = timedelta(weeks=4)

#: After so many days, what somebody did counts half in their rates.
HALF_LIFE_DAYS: Final = 60.0

TODAY: Final[dict[str, pl.DataType]] = {
    "timezone": pl.String(),
    "local_date": pl.Date(),
    "day_begins": INSTANT,
    "day_ends": INSTANT,
    "next_day_ends": INSTANT,
}
MORNINGS: Final[dict[str, pl.DataType]] = {
    "timezone": pl.String(),
    "local_date": pl.Date(),
    "as_of": INSTANT,
    "day_begins": INSTANT,
    "day_ends": INSTANT,
    "next_day_ends": INSTANT,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Local days, first and last included."""

    first: date
    last: date


def last_weeks(now: datetime) -> Span:
    return Span(now.date() - RECENT, now.date())


def choose(connection: duckdb.DuckDBPyConnection, users: Sequence[str] | None = None) -> int:
    """Look at these people, or at everybody, from now on. Returns how many they are."""
    count = _look_at(connection, users)
    for name in ("age_of", "works", "acts", "active_days"):
        connection.execute(QUERIES[name])
    connection.execute(QUERIES["counters"], {"half_life": HALF_LIFE_DAYS})
    return count


def open_at(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> pl.DataFrame:
    """Everybody's open tasks at one moment, without what is remembered of the past: enough for the baseline."""
    _look_at(connection, None)
    _ask_at(connection, as_of)
    connection.execute(QUERIES["facts"])
    return pl.DataFrame(connection.table("facts").to_arrow_table())


def _look_at(connection: duckdb.DuckDBPyConnection, users: Sequence[str] | None) -> int:
    everybody = "create or replace temp table people as select distinct user_id from silver.user_history"
    connection.execute(everybody)
    if users is not None:
        connection.execute("delete from people where not list_contains($users, user_id)", {"users": list(users)})
    connection.execute(QUERIES["versions"])
    return int(connection.execute("select count(*) from people").fetchall()[0][0])


def days_of(connection: duckdb.DuckDBPyConnection) -> Span | None:
    """From the first to the last day on which the chosen people were up to something."""
    query = "select min(valid_from)::date, max(valid_from)::date from (select valid_from from versions union all select happened_at from acts)"
    first, last = connection.execute(query).fetchall()[0]
    return Span(first, last) if first else None


def lists_of_days(connection: duckdb.DuckDBPyConnection, days: Span) -> pl.DataFrame:
    """The lists of the chosen people on some days: each morning, and after finishing something."""
    zones = [name for (name,) in connection.execute("select distinct timezone from silver.user_history").fetchall()]
    connection.register("mornings", _mornings(zones, days).to_arrow())
    connection.execute(QUERIES["moments"], {"after": AFTER})
    connection.unregister("mornings")
    return lists_of_moments(connection)


def lists_at(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> pl.DataFrame:
    """The lists of the chosen people at one moment, the same for all."""
    _ask_at(connection, as_of)
    return lists_of_moments(connection)


def remembered(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """What is remembered of the chosen people at the one moment that was asked about last: every kind and key with its rates."""
    connection.execute(QUERIES["asked_of_all"])
    connection.execute(QUERIES["rates"], {"half_life": HALF_LIFE_DAYS})
    return pl.DataFrame(connection.table("rates").to_arrow_table()).drop("number")


def _ask_at(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    zones = [name for (name,) in connection.execute("select distinct timezone from silver.user_history").fetchall()]
    today = {name: local_date(as_of, name) for name in zones}
    rows = [(name, day, *(start_of(day + timedelta(days=n), name) for n in range(3))) for name, day in today.items()]
    connection.register("todays", pl.DataFrame(rows, schema=TODAY, orient="row").to_arrow())
    connection.execute(QUERIES["moments_now"], {"as_of": as_of})
    connection.unregister("todays")


def lists_of_moments(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The open tasks of the lists in `moments`, one row each, with all that was known."""
    for name in ("facts", "worked", "skipped", "last_act", "behind", "asked"):
        connection.execute(QUERIES[name])
    connection.execute(QUERIES["rates"], {"half_life": HALF_LIFE_DAYS})
    connection.execute(QUERIES["complete"])
    return pl.DataFrame(connection.table("complete").to_arrow_table())


def _mornings(zones: Sequence[str], days: Span) -> pl.DataFrame:
    rows = []
    for zone in zones:
        starts = [start_of(days.first + timedelta(days=n), zone) for n in range((days.last - days.first).days + 3)]
        for number, (begins, ends, next_ends) in enumerate(zip(starts, starts[1:], starts[2:], strict=False)):
            rows.append((zone, days.first + timedelta(days=number), begins + MORNING, begins, ends, next_ends))
    return pl.DataFrame(rows, schema=MORNINGS, orient="row")
