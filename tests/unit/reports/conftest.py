"""A lake in which one user has days and weeks of their own."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pyarrow as pa
import pytest

from focusflow.clock import Period
from focusflow.identity import bucket_of
from focusflow.lake.tables import TableSpec
from reports.periods.facts import Facts, User, Usual

ADA = User(UUID("019aa355-caa0-71ba-92ee-5a07b095125b"), "Ada", "Europe/Berlin", 0)
OTHER = UUID("019aa355-caa0-71ba-92ee-5a07b0951200")
WEEK = Period.week_of(date(2026, 10, 25))  # the clocks go back on its last day
BUCKETS = 1

COUNTS = (
    "tasks_created", "tasks_completed", "tasks_completed_with_due", "tasks_completed_on_time", "tasks_open", "tasks_overdue",
    "goals_progressed", "goals_completed", "habits_scheduled", "habits_completed",
)  # fmt: skip
DAILY = TableSpec(
    "gold/productivity_daily",
    pa.schema(
        [
            ("user_id", pa.string()), ("local_date", pa.date32()), *((name, pa.int64()) for name in COUNTS),
            ("focus_minutes", pa.float64()), ("meeting_minutes", pa.float64()), ("productivity_score", pa.float64()),
            ("is_day_off", pa.bool_()), ("month", pa.string()), ("bucket", pa.int16()),
            ("pomodoro_sessions", pa.int64()), ("ai_plans_generated", pa.int64()),
        ]
    ),
    ("month", "bucket"),
)  # fmt: skip
USUALS = [
    (f"{metric}_{end}", pa.string() if end == "trend" else pa.float64())
    for metric in ("tasks_completed", "focus_minutes", "productivity_score")
    for end in ("usual_low", "usual_high", "trend")
]
WEEKLY = TableSpec(
    "gold/productivity_weekly",
    pa.schema(
        [
            ("user_id", pa.string()), ("first_day", pa.date32()), ("final_day", pa.date32()), ("productivity_score", pa.float64()), *USUALS, ("bucket", pa.int16()),
        ]
    ),
    ("bucket",),
)  # fmt: skip


def day(when: date, user: UUID = ADA.id, **numbers):
    return {
        **dict.fromkeys(COUNTS, 0), "user_id": str(user), "local_date": when, "focus_minutes": 0.0, "meeting_minutes": 0.0,
        "productivity_score": None, "is_day_off": False, "month": f"{when:%Y-%m}", "bucket": bucket_of(user, BUCKETS),
        "pomodoro_sessions": 0, "ai_plans_generated": 0, **numbers,
    }  # fmt: skip


@pytest.fixture
def with_days(lake):
    """Put days into the lake."""

    def put(*rows):
        lake.open(DAILY).append(pa.Table.from_pylist(list(rows), DAILY.schema), positions={})
        return lake

    return put


@pytest.fixture
def with_week(lake):
    """Put what is usual for Ada's week into the lake."""

    def put(**columns):
        row = {"user_id": str(ADA.id), "first_day": WEEK.first, "final_day": WEEK.last, "bucket": 0, **columns}
        lake.open(WEEKLY).append(pa.Table.from_pylist([row], WEEKLY.schema), positions={})

    return put


@pytest.fixture
def facts() -> Facts:
    return facts_of_a_week()


def facts_of_a_week() -> Facts:
    days = tuple(
        {"local_date": WEEK.first + timedelta(days=n), "productivity_score": None if n == 6 else 40.0 + n}
        for n in range(7)
    )
    totals = {
        **dict.fromkeys(COUNTS, 0), "tasks_completed": 12, "tasks_completed_with_due": 5, "tasks_completed_on_time": 4,
        "tasks_overdue": 3, "habits_scheduled": 7, "habits_completed": 6, "focus_minutes": 135.0, "meeting_minutes": 0.0,
        "productivity_score": 42.5, "days": 7,
    }  # fmt: skip
    usual = {
        "tasks_completed": Usual(7.0, 10.0, "higher"),
        "focus_minutes": Usual(100.0, 200.0, "usual"),
        "productivity_score": Usual(None, None, "too_little_data"),
    }
    return Facts(
        ADA, WEEK, days, totals, {"tasks_completed": 9, "days": 7}, usual, datetime(2026, 10, 26, 6, tzinfo=UTC)
    )
