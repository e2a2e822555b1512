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


def test_weeks_begin_where_the_user_has_them_begin():
    twice = habit("weekly", times=2)
    assert held(twice, [5, 6], 6, week_start=0) == (1, 1)
    assert held(twice, [5, 6], 6, week_start=6)[0] == 0  # Saturday is of one week, Sunday of the next


def test_a_habit_that_ended_keeps_its_streak():
    assert held(habit(end=day(2)), [0, 1, 2], 30) == (3, 3)
    assert held(habit(end=day(2)), [0, 1], 30) == (0, 2)


def test_before_it_begins_there_is_nothing():
    assert held(habit(start=day(10)), [], 3) == (0, 0)


def of(habit, done, today, free=()):
    return streak(habit, Days({day(n) for n in done}, {day(n) for n in free}), day(today))


def test_the_reason_is_that_of_the_last_streak_that_ended():
    found = of(habit(), [0, 1, 2, 5, 6, 9], 9)
    assert (found.ended_on, found.ended_length, found.ended_because) == (day(7), 2, "it was not done")
    found = of(habit("weekly", times=3), [0, 2, 4, 7], 20)
    assert (found.ended_on, found.ended_length, found.ended_because) == (day(13), 1, "it was done 1 of 3 times")
    assert of(habit(), [0, 1], 2).ended_on is None


def test_the_strength_of_a_daily_habit_is_half_after_thirteen_days_and_a_missed_day_costs_little():
    assert of(habit(), range(13), 12).strength == pytest.approx(0.5)
    assert of(habit(), range(13), 13).strength == pytest.approx(0.5)  # today is not over
    assert of(habit(), range(13), 14).strength == pytest.approx(0.5 * 0.5 ** (1 / 13))
    assert of(habit(), range(13), 30, free=range(13, 30)).strength == pytest.approx(0.5)  # skipped days and days off


def test_on_which_of_its_days_a_habit_of_some_days_was_done_matters_little():
    thrice, thursdays = habit("weekly", times=3), habit("weekdays", [3])
    early = of(thrice, [7 * n + d for n in range(20) for d in (0, 1, 2)], 140).strength
    late = of(thrice, [7 * n + d for n in range(20) for d in (1, 3, 6)], 140).strength
    assert early == pytest.approx(late, abs=0.02)
    # with m = 0.5 ** (1 / 7 ** 0.5 / 13), after two weeks as if it were done every day
    memory = 0.5 ** ((1 / 7) ** 0.5 / 13)
    first_weeks = of(thursdays, [3, 10], 14).strength
    whole = of(thursdays, [7 * n + 3 for n in range(10)], 70).strength
    assert whole == pytest.approx(1 - (1 - first_weeks) * memory**56)


def test_a_month_is_held_against_the_days_it_was_due_on():
    assert of(habit(), range(20), 40).rate_30_days == pytest.approx(9 / 29)  # from the 11th day on; today is not over
    assert of(habit("weekdays", [0]), [0, 7, 21], 28).rate_30_days == pytest.approx(3 / 4)
    assert of(habit("weekly", times=7), range(14), 13).rate_30_days == 1
    assert of(habit(), [], 5, free=range(6)).rate_30_days is None
