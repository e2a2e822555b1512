"""P8: a page's query for one user over a year, warm, through the lake as the dashboard reads it."""

import random
import tempfile
from datetime import date

import polars as pl

from benchmarks.result import Result, percentile, seconds
from focusflow.lake import Lake, Pinned, TableSpec, duckdb_connection

USERS, DAYS, BUCKETS, PAGES = 50_000, 365, 8, 200
FIRST = date(2025, 12, 1)


def measure(scale: float) -> Result:
    users = max(int(USERS * scale), BUCKETS)
    with tempfile.TemporaryDirectory() as folder:
        table = write_year(Lake(folder), users)
        connection, rng = duckdb_connection(), random.Random(8)

        def page() -> None:
            user = rng.randrange(users)
            source = table.scan(f"bucket = {user % BUCKETS}")
            query = f"select local_date, tasks_completed, focus_minutes, productivity_score from {source} where user_id = $user"
            assert len(connection.execute(query, {"user": name_of(user)}).fetchall()) == DAYS

        seconds(page, times=20)
        taken = [each * 1000 for each in seconds(page, times=PAGES)]
    detail = {"users": users, "p50": f"{percentile(taken, 50):.1f} ms", "rows": f"{users * DAYS:,}"}
    return Result(
        "P8",
        "one user's year out of the gold table",
        percentile(taken, 95),
        15,
        "ms at p95",
        more_is_better=False,
        detail=detail,
    )


def name_of(user: int) -> str:
    return f"01900000-0000-7000-8000-{user:012x}"


def write_year(lake: Lake, users: int) -> Pinned:
    """Month by month, each bucket one file, sorted by user and day: the layout that the pipeline writes."""
    days = pl.DataFrame(
        {"local_date": pl.date_range(FIRST, FIRST.replace(year=FIRST.year + 1), "1d", eager=True)[:DAYS]}
    )
    people = pl.DataFrame({"user": pl.int_range(users, eager=True)}).with_columns(
        user_id=pl.Series([name_of(user) for user in range(users)]), bucket=(pl.col("user") % BUCKETS).cast(pl.Int16)
    )
    rows = days.head(1).join(people, how="cross").pipe(with_numbers).to_arrow()
    table = lake.open(TableSpec("gold/productivity_daily", rows.schema, ("month", "bucket")))
    for _, month in days.group_by(pl.col("local_date").dt.strftime("%Y-%m"), maintain_order=True):
        frame = month.join(people, how="cross").pipe(with_numbers).sort("bucket", "user_id", "local_date")
        table.append(frame.to_arrow(), positions={})
    return table


def with_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    noise = (pl.struct("user", "local_date").hash(8) % 1000).cast(pl.Int64)
    return frame.with_columns(
        month=pl.col("local_date").dt.strftime("%Y-%m"),
        tasks_completed=noise % 12,
        focus_minutes=(noise % 240).cast(pl.Float64),
        productivity_score=(noise / 10.0),
    ).drop("user")
