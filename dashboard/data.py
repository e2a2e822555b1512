"""What the pages ask of the lake. Whom an answer is about comes from the session and nowhere else: a query sees only that person's rows.

Answers are kept as long as the tables they come from stand at the same versions. No widgets here.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import polars as pl
import streamlit as st

from dashboard import person
from dashboard.shared import shared
from focusflow.database.queries import load_queries
from focusflow.identity import bucket_of
from focusflow.lake import DAILY_TABLE, Pinned, duckdb_connection, quoted

HERE = Path(__file__)
OWN, PRODUCT = (load_queries(HERE.with_name(name)) for name in ("queries.sql", "product.sql"))
QUERIES = OWN | PRODUCT
TABLE = re.compile(r"\b(?:from|join) (gold|quarantine)\.(\w+)")
READ = "tables read"  # by the page, with their versions, in the state of the session
READS = {name: sorted({"/".join(found) for found in TABLE.findall(query)}) for name, query in QUERIES.items()}


def version(table: str) -> int:
    """The newest version of a table; -1 as long as there is none."""
    found = shared().lake.version(table)
    return -1 if found is None else found


def as_of(table: str = DAILY_TABLE) -> datetime | None:
    """When the newest version of a table was made."""
    return _made_at(table, version(table))


@st.cache_data(max_entries=100, show_spinner=False)
def _made_at(table: str, version: int) -> datetime | None:
    pinned = shared().lake.pinned(table) if version >= 0 else None
    return pinned.made_at if pinned else None


def ask(question: str, **values: Any) -> pl.DataFrame:
    """The answer to a query, about the person who is signed in; without rows and columns where nothing was computed yet.

    What is asked about all people together is answered to analysts and admins only.
    """
    me = person.analyst() if question in PRODUCT else person.current()
    versions = {name: version(name) for name in READS[question]}
    st.session_state.setdefault(READ, {}).update(versions)
    if -1 in versions.values():
        return pl.DataFrame()
    return _answered(question, None if question in PRODUCT else me.user_id, versions, values)


def has_news() -> bool:
    """Whether a table that the page was made from has a newer version now."""
    return any(version(name) != seen for name, seen in st.session_state.get(READ, {}).items())


@st.cache_data(max_entries=500, show_spinner=False)
def _answered(
    question: str, user_id: str | None, versions: Mapping[str, int], values: Mapping[str, Any]
) -> pl.DataFrame:
    """Versions are in the key: a newer one is another question."""
    first, last = values.get("first"), values.get("last")

    def rows(found: re.Match[str]) -> str:
        name = f"{found[1]}/{found[2]}"
        return f"{found[0].split()[0]} {_rows(_table(name, versions[name], shared().lake.location), user_id, first, last)} as {found[2]}"

    with _duckdb().cursor() as cursor:
        found = cursor.sql(TABLE.sub(rows, QUERIES[question]), params=dict(values) or None)
        return pl.DataFrame(found.to_arrow_table())


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    """One for all pages; each answer has a cursor of its own."""
    return duckdb_connection("1GB")


@lru_cache(64)
def _table(name: str, version: int, lake: str) -> Pinned:  # noqa: ARG001 (each version of each lake is another table)
    """Opened once, at this version or one that has come since."""
    table = shared().lake.pinned(name)
    assert table is not None
    return table


def _rows(table: Pinned, user_id: str | None, first: date | None, last: date | None) -> str:
    """What a query sees of a table: a person's rows and no others, from the partitions where they can be."""
    where, partitions = [], table.delta.metadata().partition_columns
    if user_id:
        where.append(f"bucket = {bucket_of(UUID(user_id), shared().buckets)}")
    if "month" in partitions and first and last:
        where.append(f"month >= '{first:%Y-%m}' and month <= '{last:%Y-%m}'")
    theirs = f" where user_id = {quoted(user_id)}" if user_id else ""
    return f"(from {table.scan(' and '.join(where) or None)}{theirs})"


def days(first: date, last: date) -> pl.DataFrame:
    """The days of a span, first and last included, in their order."""
    return ask("days", first=first, last=last)


def with_comparison(first: date, last: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The days of a span, and those of the equally long span before it."""
    found = days(before(first, last), last)
    if found.is_empty():
        return found, found
    return found.filter(pl.col("local_date") >= first), found.filter(pl.col("local_date") < first)


def before(first: date, last: date) -> date:
    """The first day of the equally long span before.

    >>> before(date(2026, 11, 8), date(2026, 11, 14))
    datetime.date(2026, 11, 1)
    """
    return first - (last - first) - timedelta(days=1)


def total(frame: pl.DataFrame, column: str) -> float:
    """The sum of a column; 0 for no rows."""
    return float(frame.select(pl.col(column).sum().cast(pl.Float64)).item())
