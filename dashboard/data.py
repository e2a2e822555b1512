"""A cached function for each question of the pages. Person, period and the table's version are always in the key; no widgets here."""

from datetime import date, datetime, timedelta
from uuid import UUID

import polars as pl
import streamlit as st

from dashboard.shared import shared
from focusflow.identity import bucket_of
from focusflow.lake import duckdb_connection

DAILY = "gold/productivity_daily"


def version(table: str = DAILY) -> int:
    """The newest version of a table; -1 as long as there is none. Cheap: it reads the table's log, not its rows."""
    pinned = shared().lake.pinned(table)
    return pinned.version if pinned else -1


def total(days: pl.DataFrame, column: str) -> float:
    """The sum of a column; 0 for no days."""
    return float(days.select(pl.col(column).sum().cast(pl.Float64)).item())


def as_of(table: str = DAILY) -> datetime | None:
    """When the newest version of a table was made."""
    pinned = shared().lake.pinned(table)
    return pinned.made_at if pinned else None


def days(user_id: str, first: date, last: date) -> pl.DataFrame:
    """A person's days, first and last included, in their order; without rows where nothing was computed yet."""
    return _days(user_id, first, last, version())


@st.cache_data(max_entries=200, show_spinner=False)
def _days(user_id: str, first: date, last: date, version: int) -> pl.DataFrame:
    table = shared().lake.pinned(DAILY)
    if table is None or version < 0:
        return pl.DataFrame()
    bucket = bucket_of(UUID(user_id), shared().buckets)
    where = f"bucket = {bucket} and month >= '{first:%Y-%m}' and month <= '{last:%Y-%m}'"
    query = (
        f"from {table.scan(where)} where user_id = $user and local_date between $first and $last order by local_date"
    )
    connection = duckdb_connection("512MB")
    try:
        values = {"user": user_id, "first": first, "last": last}
        return pl.DataFrame(connection.sql(query, params=values).to_arrow_table())
    finally:
        connection.close()


def with_comparison(user_id: str, first: date, last: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The days of a period, and those of the equally long period before it."""
    length = (last - first).days + 1
    before = first - timedelta(days=length)
    found = days(user_id, before, last)
    if found.is_empty():
        return found, found
    return found.filter(pl.col("local_date") >= first), found.filter(pl.col("local_date") < first)
