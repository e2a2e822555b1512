"""A day is called the best only where it is."""

from datetime import date, timedelta

import polars as pl
import pytest

from dashboard.components.records import best_day

TODAY = date(2026, 11, 30)


def days(*newest, count=63):
    """Scores from today back, then days of 50 points."""
    scores = [*newest, *[50.0] * (count - len(newest))]
    rows = {"local_date": [TODAY - timedelta(days=n) for n in range(count)], "productivity_score": scores}
    return pl.DataFrame(rows, schema={"local_date": pl.Date, "productivity_score": pl.Float64}).reverse()


def test_the_best_day_of_all_that_are_known_is_celebrated_the_day_after():
    assert best_day(days(None, 71.2), TODAY) == "Yesterday was your best day since 29 September: score 71."


@pytest.mark.parametrize(
    "known",
    [
        days(90.0, 40.0),  # today is not over
        days(None, 50.3),  # both are written as 50
        days(None, None, 71.0),
        days(None, 71.0, count=28),
        days(count=0),
    ],
)
def test_of_any_other_day_nothing_is_claimed(known):
    assert best_day(known, TODAY) == ""
