"""What is said of yesterday and the week is true."""

from datetime import date, timedelta

import polars as pl
import pytest

from dashboard.morning import sentence

TODAY = date(2026, 11, 30)


def days(completed, count=70, **yesterday):
    rows = [
        {
            "local_date": TODAY - timedelta(days=n),
            "tasks_completed": completed(n),
            "focus_minutes": 60.0,
            "habits_scheduled": 2,
            "habits_completed": 1,
            "is_day_off": False,
        }
        | (yesterday if n == 1 else {})
        for n in range(count)
    ]
    return pl.DataFrame(rows[::-1])


def test_yesterday_and_the_week_are_summarized_with_what_is_usual():
    found = sentence(days(lambda n: 2 + (n // 7) % 2), TODAY)
    assert (
        found
        == "Yesterday: 2 tasks done, 1 h of focus, 1 of 2 habits. The last 7 days: 15 tasks done, within your usual 15 to 20."
    )


@pytest.mark.parametrize(
    ("this_week", "text"),
    [
        (5, "35 tasks done, more than in any of the 8 weeks before."),
        (0, "0 tasks done, fewer than your usual 21."),
        (3, "21 tasks done, within your usual 21."),
    ],
)
def test_a_week_out_of_the_usual_says_so(this_week, text):
    assert text in sentence(days(lambda n: this_week if 1 <= n <= 7 else 3), TODAY)


def test_today_which_is_not_over_is_in_no_figure():
    assert "The last 7 days: 7 tasks done" in sentence(days(lambda n: 1 if n else 100), TODAY)


@pytest.mark.parametrize(("is_day_off", "text"), [(True, "Yesterday was a day off."), (False, "Yesterday was quiet.")])
def test_a_day_without_anything_is_no_row_of_zeros(is_day_off, text):
    quiet = {"tasks_completed": 0, "focus_minutes": 0.0, "habits_completed": 0, "is_day_off": is_day_off}
    assert sentence(days(lambda _: 1, **quiet), TODAY).startswith(text)


def test_without_a_history_nothing_is_compared():
    assert sentence(days(lambda _: 1, count=10), TODAY).endswith("The last 7 days: 7 tasks done.")
    assert sentence(days(lambda _: 1, count=1), TODAY) == ""
    assert sentence(pl.DataFrame(), TODAY) == ""
