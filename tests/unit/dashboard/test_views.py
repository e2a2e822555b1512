"""What pages make of rows before they show them."""

from datetime import date, timedelta

import polars as pl
import pytest

from dashboard.views import habits, product

SATURDAY, MONDAY = date(2026, 3, 7), date(2026, 3, 9)
WORKDAYS = {"frequency": "weekdays", "weekdays": [0, 1, 2, 3, 4]}


def test_a_day_that_is_not_over_is_open_and_a_day_off_is_no_missed_one():
    assert habits.state(WORKDAYS, MONDAY, None, MONDAY) == "open"
    assert habits.state(WORKDAYS, MONDAY, None, MONDAY + timedelta(days=9), is_off=True) == "day off"


@pytest.mark.parametrize(
    ("habit", "day", "log", "state"),
    [
        (WORKDAYS, SATURDAY, None, "not due"),
        (WORKDAYS, MONDAY, None, "missed"),
        (WORKDAYS, SATURDAY, {"skipped": False}, "done"),
        (WORKDAYS, MONDAY, {"skipped": True}, "excused"),
        ({"frequency": "weekly", "weekdays": None}, SATURDAY, None, "not due"),
    ],
)
def test_a_day_that_is_none_of_the_habits_is_not_held_against_it(habit, day, log, state):
    assert habits.state(habit, day, log, MONDAY + timedelta(days=9)) == state


def test_users_are_counted_on_days_that_are_over():
    days = pl.DataFrame({"local_date": [SATURDAY, MONDAY], "dau": [9, 1]})
    assert product.over(days, MONDAY)["dau"].to_list() == [9]
    assert product.over(days, SATURDAY)["dau"].to_list() == [9, 1]
