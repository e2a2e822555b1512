"""Local days, as calendars on the wall have them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from focusflow.clock import Period, local_date, start_of, zone_names


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 3, 29), "Europe/Berlin", 23),
        (date(2026, 10, 25), "Europe/Berlin", 25),
        (date(2026, 10, 4), "Australia/Lord_Howe", 23.5),
        (date(2026, 4, 24), "Africa/Cairo", 23),
        (date(2011, 12, 30), "Pacific/Apia", 0),
        (date(2026, 6, 1), "Asia/Kathmandu", 24),
    ],
)
def test_a_local_day_is_as_long_as_it_was(day, zone, hours):
    first, end = Period.day(day).bounds(zone)
    assert (end - first) / timedelta(hours=1) == hours


def test_the_first_instant_of_a_day_belongs_to_it_and_the_one_before_does_not():
    for zone in ("Europe/Berlin", "America/Sao_Paulo", "Africa/Cairo", "Asia/Kolkata"):
        for day in Period.between(date(2026, 1, 1), date(2026, 12, 31)):
            first = start_of(day, zone)
            assert local_date(first, zone) == day
            assert local_date(first - timedelta(microseconds=1), zone) == day - timedelta(days=1)


def test_a_week_is_named_by_its_iso_year():
    assert Period.week_of(date(2024, 12, 30)).label == "Week 1, 2025"
    assert Period.week_of(date(2026, 1, 1)).first == date(2025, 12, 29)


def test_a_week_begins_on_the_users_own_first_day():
    week = Period.week_of(date(2026, 11, 20), week_start=6)
    assert (week.first, week.last) == (date(2026, 11, 15), date(2026, 11, 21))


def test_a_month_ends_on_its_last_day():
    assert Period.month_of(date(2028, 2, 10)).last == date(2028, 2, 29)
    assert Period.month_of(date(2026, 12, 31)).days == 31


def test_a_period_cannot_end_before_it_begins():
    with pytest.raises(ValueError, match="cannot end"):
        Period.between(date(2026, 2, 1), date(2026, 1, 1))


def test_a_period_holds_its_first_and_last_day():
    period = Period.between(date(2026, 1, 1), date(2026, 1, 3))
    assert list(period) == [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)]
    assert date(2026, 1, 4) not in period


def test_zones_that_only_python_knows_cannot_be_chosen():
    assert "Europe/Berlin" in zone_names()
    assert not {"posixrules", "localtime", "Factory"} & zone_names()


def test_a_moment_has_the_date_of_the_wall():
    assert local_date(datetime(2026, 1, 1, 3, tzinfo=UTC), "America/New_York") == date(2025, 12, 31)
