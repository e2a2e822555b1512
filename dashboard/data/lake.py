"""What the pages ask of the lake. Whom an answer is about comes from the session and nowhere else: a query sees only that user's rows.

Answers are kept as long as the tables they come from stand at the same versions. No widgets here.
"""

import json
import logging
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import duckdb
import polars as pl
import streamlit as st

from dashboard import current_user
from dashboard.app_state import shared
from dashboard.auth.sessions import Session
from focusflow.database.queries import load_queries
from focusflow.errors import Unavailable
from focusflow.identity import bucket_of
from focusflow.lake.tables import DAILY_TABLE, DEFERRED, Pinned, TableDamaged, duckdb_connection

LOG = logging.getLogger(__name__)

HERE = Path(__file__)
OWN, PRODUCT = (load_queries(HERE.with_name(name)) for name in ("queries.sql", "product.sql"))
QUERIES = OWN | PRODUCT
TABLE = re.compile(r"\b(from|join) (gold|quarantine)\.(\w+)")
DAY = re.compile(r"\$(\w+)")
Months = tuple[str, str]  # the first and the last, as partitions are called
VERSIONS_READ, VERSIONS_WATCHED = "tables read", "tables watched"  # by the page, in the state of the session

#: How long a version that one page looked up counts as the newest for the others.
RECENT_SECONDS = 0.5
_recent: Final = dict[str, tuple[float, int]]()
READS = {
    name: sorted({f"{layer}/{table}" for _, layer, table in TABLE.findall(query)}) for name, query in QUERIES.items()
}
SCORES = "gold/priority_scores"
TABLES = sorted({SCORES, *(name for names in READS.values() for name in names)})


class NumbersDamaged(Unavailable):
    """Some of the stored numbers cannot be read. The next refresh rebuilds them. Reload the page in a few minutes."""


def version(table: str) -> int:
    """The newest version of a table; -1 as long as there is none."""
    found = shared().lake.version(table)
    return -1 if found is None else found


def deferred_users() -> int:
    """Of how many users older days are computed later than everybody's newest."""
    pinned = shared().lake.pinned(DAILY_TABLE)
    commits = pinned.commit_metadata_since(max(0, pinned.version - 20)) if pinned else []
    notes = [entry[DEFERRED] for entry in commits if DEFERRED in entry]
    return len(json.loads(notes[-1])) if notes else 0


def as_of(table: str = DAILY_TABLE) -> datetime | None:
    """When the newest version of a table was made."""
    return _built_at(table, version(table))


@st.cache_data(max_entries=100, show_spinner=False)
def _built_at(table: str, version: int) -> datetime | None:
    pinned = shared().lake.pinned(table) if version >= 0 else None
    return pinned.made_at if pinned else None


def query(question: str, **values: Any) -> pl.DataFrame:
    """The answer to a query, about the user who is signed in; without rows and columns where nothing was computed yet.

    What is asked about all users together is answered to analysts and admins only.
    """
    me = current_user.require_analyst() if question in PRODUCT else current_user.require_user()
    try:
        versions = {name: version(name) for name in READS[question]}
        _remember(versions, None if question in PRODUCT else me.user_id)
        if -1 in versions.values():
            return pl.DataFrame()
        return _cached_answer(question, None if question in PRODUCT else me.user_id, versions, values)
    except (TableDamaged, OSError, duckdb.Error, pl.exceptions.PolarsError) as error:
        LOG.exception("The query %s cannot read its tables", question)
        raise NumbersDamaged from error


@dataclass(frozen=True, slots=True)
class Read:
    """The version of a table that a page was made from, and whose rows of it; None for those of all users."""

    version: int
    user_id: str | None


def _remember(versions: Mapping[str, int], user_id: str | None) -> None:
    known: dict[str, Read] = st.session_state.setdefault(VERSIONS_READ, {})
    for name, seen in versions.items():
        known[name] = Read(seen, None if name in known and known[name].user_id is None else user_id)


def has_newer_rows() -> bool:
    """Whether rows that the page was made from may be others now. Versions that left the user's partitions alone are passed over."""
    return bool(have_moved(st.session_state.get(VERSIONS_READ, {})))


def newest(session: Session) -> dict[str, Read]:
    """All tables as they are now, of which a user sees their own rows, and an analyst all."""
    whose = None if session.is_analyst else session.user_id
    return {name: Read(_recent_version(name), whose) for name in TABLES}


def have_moved(known: dict[str, Read]) -> set[str]:
    """The tables of which rows may be others now, after which the newest are known."""
    return {name for name in tuple(known) if _has_moved(known, name)}


def forget_recent_versions() -> None:
    _recent.clear()


def has_moved(name: str, user_id: str) -> bool:
    """Whether rows of a user may have changed since this was last asked on the page."""
    known: dict[str, Read] = st.session_state.setdefault(VERSIONS_WATCHED, {})
    known.setdefault(name, Read(_recent_version(name), user_id))
    return _has_moved(known, name)


def _has_moved(known: dict[str, Read], name: str) -> bool:
    read, newest = known[name], _recent_version(name)
    if newest == read.version:
        return False
    known[name] = Read(newest, read.user_id)
    if read.user_id is None or -1 in (newest, read.version):
        return True
    lake, bucket = shared().lake.location, bucket_of(UUID(read.user_id), shared().buckets)
    try:
        before, after = (_table(name, version, lake) for version in (read.version, newest))
        where = _where(after, None, bucket)
        files = [_files(name, table.version, lake, where) for table in (before, after)]
    except (TableDamaged, Unavailable, OSError):
        return True  # the page says so
    return before.version != read.version or files[0] != files[1]


def _recent_version(name: str) -> int:
    """The newest version, looked up once in a while for all open pages together."""
    looked_at, known = _recent.get(name, (-math.inf, -1))
    if time.monotonic() - looked_at >= RECENT_SECONDS:
        known = version(name)
        _recent[name] = time.monotonic(), known
    return known


@st.cache_data(max_entries=500, show_spinner=False)
def _cached_answer(
    question: str, user_id: str | None, versions: Mapping[str, int], values: Mapping[str, Any]
) -> pl.DataFrame:
    """Versions are in the key: a newer one is another question."""
    tables = [_table(name, version, shared().lake.location) for name, version in versions.items()]
    months = _months(values.get("first"), values.get("last"))
    if user_id:
        return _answer_for_user(question, user_id, tables, months, values)
    scans = {table.name: table.scan(_where(table, months)) for table in tables}
    text = TABLE.sub(lambda match: f"{match[1]} {scans[f'{match[2]}/{match[3]}']} as {match[3]}", PRODUCT[question])
    with _duckdb().cursor() as cursor:
        return pl.DataFrame(cursor.sql(text, params=dict(values) or None).to_arrow_table())


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    """One for what is about all users; each answer has a cursor of its own."""
    return duckdb_connection("1GB")


@lru_cache(64)
def _table(name: str, version: int, lake: str) -> Pinned:  # noqa: ARG001 (each lake has other tables)
    """Opened once, at this version, or the newest where its log is cleared away."""
    table = shared().lake.pinned(name, version) or shared().lake.pinned(name)
    assert table is not None
    return table


def _answer_for_user(
    question: str, user_id: str, tables: list[Pinned], months: Months | None, days: Mapping[str, date]
) -> pl.DataFrame:
    """The user's rows are all that the query sees; Polars, that read them, answers it."""
    seen = {table.name.partition("/")[2]: _rows(table, user_id, months) for table in tables}
    text = TABLE.sub(lambda match: f"{match[1]} {match[3]}", OWN[question])
    return pl.SQLContext(seen).execute(DAY.sub(lambda match: f"date '{days[match[1]]:%Y-%m-%d}'", text), eager=True)


def _rows(table: Pinned, user_id: str, months: Months | None) -> pl.DataFrame:
    """A user's rows of a table and no others, from the partitions where they can be.

    Polars needs a fifth of DuckDB's time here: of each file it reads the few pages that hold the user. The days are looked at afterwards,
    for holding each page against two conditions costs more than the few rows it saves.
    """
    partitions = table.partition_by
    schema = pl.Schema({name: kind for name, kind in pl.Schema(table.columns()).items() if name not in partitions})
    where = _where(table, months, bucket_of(UUID(user_id), shared().buckets))
    files = _files(table.name, table.version, shared().lake.location, where)
    if not files:
        return schema.to_frame().drop("user_id")
    all_users = pl.scan_parquet(
        files,
        schema=schema,
        missing_columns="insert",
        hive_partitioning=False,
        glob=False,
        storage_options=table.options or None,
    )
    return all_users.filter(pl.col("user_id") == user_id).drop("user_id").collect()


@lru_cache(1000)
def _files(name: str, version: int, lake: str, where: str | None) -> list[str]:
    return _table(name, version, lake).files(where)


def _where(table: Pinned, months: Months | None, bucket: int | None = None) -> str | None:
    """Which partitions can hold it, as the table's log is asked."""
    partitions = table.partition_by
    conditions = [f"bucket = {bucket}"] if bucket is not None and "bucket" in partitions else []
    if months and "month" in partitions:
        conditions.append(f"month >= '{months[0]}' and month <= '{months[1]}'")
    return " and ".join(conditions) or None


def _months(first: date | None, last: date | None) -> Months | None:
    return (f"{first:%Y-%m}", f"{last:%Y-%m}") if first and last else None


def days(first: date, last: date) -> pl.DataFrame:
    """The days of a span, first and last included, in their order."""
    return query("days", first=first, last=last)


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
