"""What pages make of rows before they show them."""

from datetime import date

import polars as pl
import pytest

from dashboard.views import habits, product

SATURDAY, MONDAY = date(2026, 3, 7), date(2026, 3, 9)
WORKDAYS = {"frequency": "weekdays", "weekdays": [0, 1, 2, 3, 4]}


@pytest.mark.parametrize(
    ("habit", "day", "log", "state"),
    [
        (WORKDAYS, SATURDAY, None, "not due"),
        (WORKDAYS, MONDAY, None, "not done"),
        (WORKDAYS, SATURDAY, {"skipped": False}, "done"),
        (WORKDAYS, MONDAY, {"skipped": True}, "skipped"),
        ({"frequency": "weekly", "weekdays": None}, SATURDAY, None, "not done"),
    ],
)
def test_a_day_that_is_none_of_the_habits_is_not_held_against_it(habit, day, log, state):
    assert habits.state(habit, day, log) == state


def test_users_are_counted_on_days_that_are_over():
    days = pl.DataFrame({"local_date": [SATURDAY, MONDAY], "dau": [9, 1]})
    assert product.over(days, MONDAY)["dau"].to_list() == [9]
    assert product.over(days, SATURDAY)["dau"].to_list() == [9, 1]
