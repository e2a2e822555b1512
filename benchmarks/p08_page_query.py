"""P8: a page's query for one user over a year, warm, as the dashboard asks it, for somebody whose answer is not kept yet; and beside it
DuckDB on the files that hold the user, named beforehand, which tells how quick the machine is.
"""

import random
import tempfile
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import polars as pl

from benchmarks.result import Result, percentile, seconds
from dashboard import app_state
from dashboard.auth.sessions import Session, SessionStore
from dashboard.data import lake
from focusflow.identity import bucket_of
from focusflow.lake.tables import Lake, Pinned, duckdb_connection
from focusflow.settings import load_settings
from pipelines.engine.daily import DAILY

USERS, DAYS, BUCKETS, PAGES = 50_000, 365, 8, 200
FIRST = date(2025, 12, 1)
LAST = FIRST + timedelta(days=DAYS - 1)


def measure(scale: float) -> Result:
    users = max(int(USERS * scale), PAGES * 3)
    with tempfile.TemporaryDirectory() as folder:
        looking = Looking("http://127.0.0.1:1")
        settings = load_settings(home=Path(folder), buckets=BUCKETS)
        files = files_by_bucket(write_year(Lake.of(settings), users))
        app_state.provide(settings, looking)
        people = iter(random.Random(8).sample(range(users), 2 * (PAGES + 20)))

        def page() -> None:
            looking.user_id = name_of(next(people))
            assert lake.days(FIRST, LAST).height == DAYS

        connection = duckdb_connection()

        def bare() -> None:
            user = name_of(next(people))
            found = connection.read_parquet(files[bucket_of(UUID(user), BUCKETS)]).filter(f"user_id = '{user}'")
            assert found.pl().height == DAYS

        for warm_up in (page, bare):
            seconds(warm_up, times=20)
        taken, beside = zip(*[(seconds(page)[0] * 1000, seconds(bare)[0] * 1000) for _ in range(PAGES)], strict=True)
    detail = {
        "users": users,
        "ours": f"p50 {percentile(taken, 50):.1f}, p95 {percentile(taken, 95):.1f} ms",
        "rows": f"{users * DAYS:,}",
        "DuckDB on named files": f"p50 {percentile(beside, 50):.1f}, p95 {percentile(beside, 95):.1f} ms",
    }
    return Result(
        "P8",
        "one user's year out of the gold table, through the dashboard's data layer",
        percentile(taken, 95) / percentile(beside, 95),
        0.5,
        "× named files at p95",
        more_is_better=False,
        detail=detail,
    )


def files_by_bucket(table: Pinned) -> dict[int, list[str]]:
    return {bucket: table.files(f"bucket = {bucket}") for bucket in range(BUCKETS)}


class Looking(SessionStore):
    """In which somebody is signed in, whatever the cookie says."""

    user_id = ""

    def find(self, cookie: str | None, within: float = 0) -> Session:  # noqa: ARG002 (there is no browser)
        return Session("", self.user_id, "", "UTC", "user", 0)


def name_of(user: int) -> str:
    return f"01900000-0000-7000-8000-{user:012x}"


def write_year(lake: Lake, users: int) -> Pinned:
    """Month by month, each bucket one file, sorted by user and day: the layout that the pipeline writes."""
    days = pl.DataFrame(
        {"local_date": pl.date_range(FIRST, FIRST.replace(year=FIRST.year + 1), "1d", eager=True)[:DAYS]}
    )
    names = [name_of(user) for user in range(users)]
    people = pl.DataFrame(
        {
            "user": range(users),
            "user_id": names,
            "bucket": pl.Series([bucket_of(UUID(name), BUCKETS) for name in names], dtype=pl.Int16),
        }
    )
    table = lake.open(DAILY)
    for _, month in days.group_by(pl.col("local_date").dt.strftime("%Y-%m"), maintain_order=True):
        frame = month.join(people, how="cross").pipe(with_numbers).sort("bucket", "user_id", "local_date")
        table.append(frame.to_arrow(), positions={})
    return table


def with_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """All columns of the daily table, a number in every one that counts."""
    noise = (pl.struct("user", "local_date").hash(8) % 1000).cast(pl.Int64)
    given = {
        name: noise.cast(kind) if kind.is_numeric() else pl.lit(None, kind)
        for name, kind in pl.Schema(DAILY.schema).items()
    }
    kept = {"month": pl.col("local_date").dt.strftime("%Y-%m")} | {
        name: pl.col(name) for name in frame.columns if name != "user"
    }
    return frame.select(**(given | kept)).select(DAILY.schema.names)
