"""What a report rests on: the rows of the user and the period, summed; what is not there is no zero."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from focusflow.clock import Period
from reports.periods import facts
from reports.periods.content import build_report
from reports.periods.facts import NOT_COMPARED, TOO_LITTLE_DATA, NotComputed, Reader, gather
from tests.unit.reports.conftest import ADA, BUCKETS, OTHER, WEEK, day


@pytest.mark.parametrize(
    ("earlier", "note"), [(["usual"] * 4 + ["higher"], "so far it held 4 of 5."), (["usual"] * 4, "")]
)
def test_a_report_says_how_many_earlier_weeks_lay_in_the_usual_range(with_days, with_week, lake, earlier, note):
    with_days(day(WEEK.first, tasks_completed=9))
    trends = dict.fromkeys(("focus_minutes_trend", "productivity_score_trend"), "usual")
    with_week(tasks_completed_usual_low=2.0, tasks_completed_usual_high=5.0, tasks_completed_trend="higher", **trends)
    for number, trend in enumerate(earlier, 1):
        first = WEEK.first - timedelta(weeks=number)
        with_week(first_day=first, final_day=first + timedelta(days=6), tasks_completed_trend=trend)
    assert build_report(gather(lake, BUCKETS, ADA, WEEK)).note.endswith(note)


def test_the_headline_is_the_sum_of_the_days_of_that_user_and_period(with_days):
    mine = [day(each, tasks_completed=n, focus_minutes=10.0) for n, each in enumerate(WEEK)]
    outside = [day(WEEK.last + timedelta(days=1), tasks_completed=100), day(WEEK.first, OTHER, tasks_completed=100)]
    found = gather(with_days(*mine, *outside), BUCKETS, ADA, WEEK)
    assert found.totals["tasks_completed"] == sum(row["tasks_completed"] for row in found.days) == 21
    assert found.totals["focus_minutes"] == 70.0
    assert [row["local_date"] for row in found.days] == list(WEEK)


def test_without_tables_or_rows_the_numbers_are_not_computed_rather_than_zero(lake, with_days):
    with pytest.raises(NotComputed):
        gather(lake, BUCKETS, ADA, WEEK)
    with_days(day(WEEK.first, OTHER, tasks_completed=1))
    with pytest.raises(NotComputed):
        gather(lake, BUCKETS, ADA, WEEK)


def test_a_query_that_fails_is_an_error(with_days, lake):
    with_days(day(WEEK.first))
    for file in lake.pinned("gold/productivity_daily").files():
        with open(file.removeprefix("file://"), "wb") as broken:
            broken.write(b"no parquet")
    with pytest.raises(Exception, match=r"(?i)parquet"):
        gather(lake, BUCKETS, ADA, WEEK)


def test_the_time_before_is_compared_only_where_all_of_it_is_there(with_days):
    before = [day(WEEK.first - timedelta(days=n), tasks_completed=2) for n in range(1, 7)]
    lake = with_days(day(WEEK.first), *before)
    assert gather(lake, BUCKETS, ADA, WEEK).before == {}
    with_days(day(WEEK.first - timedelta(days=7), tasks_completed=2))
    assert gather(lake, BUCKETS, ADA, WEEK).before["tasks_completed"] == 14


def test_what_is_usual_comes_from_the_week_and_is_unknown_until_it_is_there(with_days, with_week):
    lake = with_days(day(WEEK.first, tasks_completed=9))
    assert gather(lake, BUCKETS, ADA, WEEK).usual["tasks_completed"] == TOO_LITTLE_DATA
    with_week(tasks_completed_usual_low=2.0, tasks_completed_usual_high=5.0, tasks_completed_trend="higher")
    assert gather(lake, BUCKETS, ADA, WEEK).usual["tasks_completed"].trend == "higher"
    assert gather(lake, BUCKETS, ADA, WEEK).by_name()["tasks_completed_usual_high"] == 5.0


def test_the_mean_of_the_score_is_of_days_that_are_over(with_days, monkeypatch):
    lake = with_days(
        *(day(each, productivity_score=60.0) for each in list(WEEK)[:3]),
        day(WEEK.first + timedelta(days=3), productivity_score=0.0),
    )
    thursday = datetime(2026, 10, 22, 6, tzinfo=UTC)
    monkeypatch.setattr(facts, "_oldest", lambda *_: thursday)
    assert gather(lake, BUCKETS, ADA, WEEK).totals["productivity_score"] == 60.0


def test_a_span_of_other_days_is_not_compared_however_much_is_known(with_days, with_week):
    days = Period.between(WEEK.first, WEEK.first + timedelta(days=9))
    lake = with_days(*map(day, days))
    with_week(tasks_completed_usual_low=2.0, tasks_completed_usual_high=5.0, tasks_completed_trend="usual")
    assert gather(lake, BUCKETS, ADA, days).usual["tasks_completed"] == NOT_COMPARED


def test_a_week_in_which_nothing_was_done_is_empty(with_days):
    assert gather(with_days(*map(day, WEEK)), BUCKETS, ADA, WEEK).is_empty


def test_read_for_many_at_once_facts_are_the_same_as_for_each_alone(with_days, with_week):
    users = [replace(ADA, id=UUID(int=ADA.id.int + n)) for n in range(12)]
    lake = with_days(*(day(each, who.id, tasks_completed=n) for n, who in enumerate(users) for each in WEEK))
    with_week(tasks_completed_usual_low=2.0, tasks_completed_usual_high=5.0, tasks_completed_trend="lower")
    reader = Reader(lake, BUCKETS)
    alone = [gather(lake, BUCKETS, who, WEEK) for who in users]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda who: reader.gather(who, WEEK), users))
    assert together == alone
    with_days(*(day(WEEK.first, who.id, tasks_completed=100) for who in users))
    assert [reader.gather(who, WEEK) for who in users] == alone
