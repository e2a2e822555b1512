"""What becomes of due dates and important tasks when a list is followed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from models.evaluation.simulation import _followed

INSTANT = pl.Datetime("us", "UTC")
SCHEMA: Any = {
    "user_id": pl.String, "task_id": pl.String, "as_of": INSTANT, "local_date": pl.Date, "day_ends": INSTANT, "next_day_ends": INSTANT,
    "hours_left": pl.Float64, "created_at": INSTANT, "due": INSTANT, "priority": pl.String, "is_done_today": pl.Boolean,
    "days_overdue": pl.Float64, "age_days": pl.Float64,
}  # fmt: skip
FIRST = datetime(2026, 3, 2, 5, tzinfo=UTC)


def morning(day, tasks, done=()):
    """One user's list: the due day of each task, by name; those named old are important and from long ago."""
    now = FIRST + timedelta(days=day)
    begins = now - timedelta(hours=5)
    rows = []
    for task, due in tasks.items():
        created = FIRST - timedelta(days=30 if task == "old" else 1)
        due_at = None if due is None else FIRST + timedelta(days=due, hours=12)
        overdue = None if due_at is None else (now - due_at) / timedelta(days=1)
        rows.append(
            ("ada", task, now, date(2026, 3, 2) + timedelta(days=day), begins + timedelta(days=1), begins + timedelta(days=2), 19.0,
             created, due_at, "high" if task == "old" else "low", task in done, overdue, (now - created) / timedelta(days=1))
        )  # fmt: skip
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def first(*names):
    return lambda facts: (
        facts["task_id"].replace_strict({name: -n for n, name in enumerate(names)}, default=-99).to_numpy()
    )


DAYS = pl.concat(
    [
        morning(0, {"old": None, "due": 0, "later": 1}, done=["old"]),
        morning(1, {"due": 0, "later": 1}, done=["due"]),
        morning(2, {"later": 1}, done=["later"]),
    ]
)


@pytest.mark.parametrize(
    ("order", "missed", "stale"),
    [
        (first("old", "due", "later"), 2 / 2, 0),
        (first("due", "later", "old"), 0, 2 / 3),
        (first("due", "old", "later"), 1 / 2, 1 / 3),
    ],
)
def test_each_day_as_many_tasks_are_done_as_were_and_those_that_stand_first(order, missed, stale):
    found = _followed(DAYS, order)
    assert found == {"due_dates": 2, "missed": pytest.approx(missed), "user_days": 3, "stale": pytest.approx(stale)}


def test_a_task_that_was_given_up_is_neither_kept_nor_missed():
    gone = pl.concat(
        [morning(0, {"old": None, "gone": 1}, done=["old"]), morning(1, {"new": None}), morning(2, {"new": None})]
    )
    assert _followed(gone, first("old", "gone"))["due_dates"] == 0
