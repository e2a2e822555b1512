"""A subject tells what is rare about a week or month, and nothing that its numbers do not support."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from focusflow.clock import Period
from focusflow.i18n import LANGUAGES
from reports.periods.content import build_report
from reports.periods.facts import Standing, Usual, gather
from reports.render import render_report
from tests.unit.reports.conftest import ADA, BUCKETS, WEEK, day

MONTH = Period.month_of(WEEK.first)
PLAIN = "Week 43, 2026: score 42, 12 done, 3 slipping"
AUGUST, LAST_YEAR = date(2026, 8, 30), date(2025, 8, 31)


def subject(facts, **changes):
    return render_report(build_report(replace(facts, **changes))).subject


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing(7, AUGUST), "42, your best week since August: 12 done, 3 slipping"),
        (Standing(59, LAST_YEAR), "42, your best week since August 2025: 12 done, 3 slipping"),
        (Standing(4, None), "42, your best week yet: 12 done, 3 slipping"),
        (Standing(3, None), PLAIN),  # of so few weeks it is no news
        (Standing(3, AUGUST), PLAIN),
        (Standing(0, AUGUST), PLAIN),
        (None, PLAIN),
    ],
)
def test_the_best_week_is_called_so_only_after_enough_others(facts, standing, expected):
    assert subject(facts, standing=standing) == expected


@pytest.mark.parametrize(
    ("beaten", "expected"),
    [(3, "42, your best month since August: 12 done, 3 slipping"), (2, "October 2026: score 42, 12 done, 3 slipping")],
)
def test_a_month_is_held_against_months(facts, beaten, expected):
    assert (
        subject(facts, period=MONTH, standing=Standing(beaten, AUGUST), as_of=facts.as_of + timedelta(days=9))
        == expected
    )


def test_a_week_that_goes_on_has_no_rank(facts):
    as_of = facts.as_of - timedelta(days=2)
    assert subject(facts, standing=Standing(9, None), as_of=as_of) == PLAIN


@pytest.mark.parametrize(
    ("high", "expected"), [(38.0, "42, above your usual 33–38: 12 done, 3 slipping"), (42.2, PLAIN)]
)
def test_a_score_is_above_the_usual_only_as_both_are_written(facts, high, expected):
    usual = {**facts.usual, "productivity_score": Usual(33.0, high, "higher")}
    assert subject(facts, usual=usual) == expected


def test_nothing_slipping_and_no_score_are_left_out(facts):
    totals = {**facts.totals, "tasks_overdue": 0, "tasks_completed": 1}
    assert subject(facts, totals=totals) == "Week 43, 2026: score 42, 1 done"
    assert subject(facts, totals={**totals, "productivity_score": None}) == "Week 43, 2026: 1 done"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("done", [1, 123])
def test_a_subject_of_every_language_is_shown_in_whole(facts, language, done):
    totals = {**facts.totals, "tasks_completed": done, "tasks_overdue": done}
    user = replace(ADA, locale=language)
    for standing in (Standing(59, LAST_YEAR), None):
        found = subject(facts, totals=totals, user=user, standing=standing)
        assert "…" not in found
        assert found.startswith("42, ") == (standing is not None)


@pytest.mark.parametrize(
    ("scores", "standing"),
    [
        ([41.0, 40.0, 39.0, 38.0, 42.4], Standing(4, WEEK.last - timedelta(weeks=5))),  # written as 42, too
        ([41.0, None, 40.0], Standing(2, None)),
        ([70.0], Standing(0, WEEK.last - timedelta(weeks=1))),
        ([], Standing(0, None)),
    ],
)
def test_earlier_weeks_are_those_of_the_user_with_a_score(lake, with_days, with_week, scores, standing):
    with_days(day(WEEK.first, productivity_score=41.9))
    with_week(productivity_score=41.9)
    for number, score in enumerate(scores, 1):
        first = WEEK.first - timedelta(weeks=number)
        with_week(first_day=first, final_day=first + timedelta(days=6), productivity_score=score)
    with_week(user_id=str(BUCKETS), first_day=WEEK.first - timedelta(weeks=1), productivity_score=99.0)
    assert gather(lake, BUCKETS, ADA, WEEK).standing == standing
