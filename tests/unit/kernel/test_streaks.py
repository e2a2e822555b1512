"""How long a streak is: days as they were due, weeks for habits of so many times a week, free days neither way."""

from datetime import date, timedelta

import pytest

from focusflow.streaks import Days, streak

MONDAY = date(2026, 3, 2)


def day(n):
    return MONDAY + timedelta(days=n)


def habit(frequency="daily", weekdays=(), times=None, start=MONDAY, end=None):
    return {
        "frequency": frequency, "weekdays": list(weekdays), "times_per_week": times, "start_date": start, "end_date": end,
    }  # fmt: skip


def held(habit, done, today, free=(), week_start=0):
    found = streak(habit, Days({day(n) for n in done}, {day(n) for n in free}), day(today), week_start)
    return found.current, found.longest


@pytest.mark.parametrize(
    ("done", "today", "free", "expected"),
    [
        ([], 0, [], (0, 0)),
        ([0], 0, [], (1, 1)),
        ([0, 1, 2], 3, [], (3, 3)),  # today is not over
        ([0, 1, 2], 4, [], (0, 3)),  # yesterday was missed
        ([0, 1, 4, 5], 5, [], (2, 2)),
        ([0, 1, 4, 5], 5, [2, 3], (4, 4)),  # free days break nothing
        ([0, 1], 9, list(range(2, 9)), (2, 2)),
        ([0, 1, 2, 3], 3, [2], (4, 4)),  # done on a day off counts
    ],
)
def test_days_in_a_row(done, today, free, expected):
    assert held(habit(), done, today, free) == expected


def test_only_the_weekdays_it_is_due_on_can_be_missed():
    mondays_and_thursdays = habit("weekdays", [0, 3])
    assert held(mondays_and_thursdays, [0, 3, 7], 9) == (3, 3)
    assert held(mondays_and_thursdays, [0, 3, 7], 11) == (0, 3)


def test_a_day_that_was_not_due_counts_when_it_was_done():
    assert held(habit("weekdays", [0]), [0, 2, 7], 7) == (3, 3)


def test_a_week_counts_when_it_was_done_often_enough():
    thrice = habit("weekly", times=3)
    assert held(thrice, [0, 2, 4, 7, 8, 9], 13) == (2, 2)
    assert held(thrice, [0, 2, 4, 7], 9) == (1, 1)  # the second week is not over
    assert held(thrice, [0, 2, 4, 7], 14) == (0, 1)  # now it is


def test_a_week_with_too_few_days_left_breaks_nothing():
    thrice = habit("weekly", times=3)
    off = [7, 8, 9, 10, 11]
    assert held(thrice, [0, 2, 4, 14, 15, 16], 20, off) == (2, 2)
    begun_on_saturday = habit("weekly", times=3, start=day(5))
    assert held(begun_on_saturday, [7, 8, 9], 13) == (1, 1)


def test_weeks_begin_where_the_person_has_them_begin():
    twice = habit("weekly", times=2)
    assert held(twice, [5, 6], 6, week_start=0) == (1, 1)
    assert held(twice, [5, 6], 6, week_start=6)[0] == 0  # Saturday is of one week, Sunday of the next


def test_a_habit_that_ended_keeps_its_streak():
    assert held(habit(end=day(2)), [0, 1, 2], 30) == (3, 3)
    assert held(habit(end=day(2)), [0, 1], 30) == (0, 2)


def test_before_it_begins_there_is_nothing():
    assert held(habit(start=day(10)), [], 3) == (0, 0)
