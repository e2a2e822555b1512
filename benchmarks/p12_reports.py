"""P12: weekly reports made whole, as a run of the sender makes them: facts from the lake, goals and habits from Postgres, words, chart, text and HTML."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from benchmarks.result import Result, seconds
from focusflow.clock import Period
from focusflow.database.embedded import embedded_server
from focusflow.database.migrate import prepare
from focusflow.database.session import Database
from focusflow.identity import bucket_of, new_id
from focusflow.lake.tables import Lake, TableSpec
from focusflow.settings import load_settings
from reports.periods.builder import report_builder
from reports.periods.facts import Reader, User
from reports.render import render_report

PEOPLE, BUCKETS, THREADS = 1_000, 8, 4
WEEK = Period.week_of(date(2026, 11, 9))
COUNTS = (
    "tasks_created", "tasks_completed", "tasks_completed_with_due", "tasks_completed_on_time", "tasks_open", "tasks_overdue", "goals_progressed",
    "goals_completed", "habits_scheduled", "habits_completed",
)  # fmt: skip


def measure(scale: float) -> Result:
    people = [User(new_id(), "Somebody", "Europe/Berlin", 0) for _ in range(max(int(PEOPLE * scale), 20))]
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        Path(folder).chmod(0o711)
        settings = load_settings(home=folder)
        write(Lake.of(settings), people)
        with embedded_server(Path(folder), {}) as server:
            prepare(server.url, BUCKETS)
            with Database(server.url, connections=THREADS) as database:
                ours = replace(report_builder(settings, database), service=None)
                reader = Reader(ours.lake, BUCKETS)

                def one(user: User) -> None:
                    made = render_report(ours.report(reader.gather(user, WEEK)))
                    assert "Score by day" in made.html or "Day by day" in made.html

                with ThreadPoolExecutor(THREADS) as threads:
                    (taken,) = seconds(lambda: list(threads.map(one, people)))
    detail = {"people": len(people), "threads": THREADS, "seconds": f"{taken:.1f}"}
    return Result(
        "P12",
        "weekly reports made and rendered",
        len(people) / taken,
        50,
        "reports/s",
        more_is_better=True,
        detail=detail,
    )


def write(lake: Lake, people: list[User]) -> None:
    """Nine weeks of days for all users, in the columns that a report reads."""
    days = [WEEK.last - timedelta(days=n) for n in range(63)]
    frame = pl.DataFrame({"local_date": days}).join(
        pl.DataFrame(
            {
                "user_id": [str(user.id) for user in people],
                "bucket": pl.Series([bucket_of(user.id, BUCKETS) for user in people], dtype=pl.Int16),
            }
        ),
        how="cross",
    )
    noise = (pl.struct("user_id", "local_date").hash(12) % 10).cast(pl.Int64)
    rows = frame.with_columns(
        **dict.fromkeys(COUNTS, noise),
        focus_minutes=noise * 11.0,
        meeting_minutes=noise * 5.0,
        productivity_score=noise * 9.0,
        is_day_off=pl.lit(False),
        pomodoro_sessions=noise,
        ai_plans_generated=noise,
        month=pl.col("local_date").dt.strftime("%Y-%m"),
    )
    data = rows.sort("bucket", "user_id", "local_date").to_arrow()
    table = lake.open(TableSpec("gold/productivity_daily", data.schema, ("month", "bucket")))
    table.append(data, positions={})
