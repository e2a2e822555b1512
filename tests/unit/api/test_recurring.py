"""The next of a recurring task, over the day whose night has an hour less."""

from datetime import UTC, date, datetime, timedelta

import pytest

from focusflow.clock import zone
from operational_api.tasks.rules import next_occurrence

BERLIN = "Europe/Berlin"
EVE = datetime(2027, 3, 27, 1, 30, tzinfo=UTC)


def completed_each_day(task, days, timezone=BERLIN):
    """When it is due from then on, on the wall, each completed half a day late; and the last of them."""
    walls = []
    for _ in range(days):
        following = next_occurrence(task, timezone, task["due_at"] + timedelta(hours=12))
        assert following is not None
        task = {**task, **following}
        walls.append(f"{task['due_at'].astimezone(zone(timezone)):%d %H:%M}")
    return walls, task


@pytest.fixture
def at_half_past_two():
    return {"recurrence": "FREQ=DAILY;COUNT=9", "due_at": EVE, "due_date": None, "start_at": None}


def test_a_task_has_its_own_hour_again_after_the_day_that_lacks_it(at_half_past_two):
    walls, last = completed_each_day(at_half_past_two, 3)
    assert walls == ["28 03:30", "29 02:30", "30 02:30"]
    assert last["recurrence"] == "FREQ=DAILY;COUNT=6"


def test_a_task_that_was_moved_on_that_day_stays_where_it_was_moved(at_half_past_two):
    _, missing = completed_each_day(at_half_past_two, 1)
    moved = {**missing, "due_at": missing["due_at"] + timedelta(hours=5)}
    assert completed_each_day(moved, 2)[0] == ["29 08:30", "30 08:30"]


def test_a_task_due_at_midnight_has_it_again_where_midnight_is_missing():
    midnight = datetime(2026, 8, 30, 4, tzinfo=UTC)  # in Santiago, where the sixth of September begins at one
    task = {"recurrence": "FREQ=WEEKLY", "due_at": midnight, "due_date": None, "start_at": None}
    assert completed_each_day(task, 2, "America/Santiago")[0] == ["06 01:00", "13 00:00"]


@pytest.mark.parametrize("rule", ["FREQ=DAILY;BYEASTER=0", "FREQ=SOMETIMES", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"])
def test_a_task_whose_rule_was_stored_earlier_and_leads_nowhere_does_not_recur(rule):
    task = {"recurrence": rule, "due_at": EVE, "due_date": None, "start_at": None}
    assert next_occurrence(task, BERLIN, EVE) is None


def test_a_task_of_long_ago_is_next_due_after_today_and_has_used_up_what_passed():
    task = {"recurrence": "FREQ=DAILY;COUNT=30000", "due_date": date(1970, 1, 1), "due_at": None, "start_at": None}
    following = next_occurrence(task, BERLIN, EVE)
    assert following is not None
    assert following["due_date"] == date(2027, 3, 28)
    assert following["recurrence"] == f"FREQ=DAILY;COUNT={30_000 - (date(2027, 3, 28) - date(1970, 1, 1)).days}"
