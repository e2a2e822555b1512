"""A report is due on each user's own day and hour, wherever the server stands, and once however the clock leaps."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from focusflow.clock import Period, zone
from focusflow.notification_kinds import KINDS
from focusflow.preferences import DEFAULTS
from reports.delivery.schedule import PAUSES, due, is_quiet, next_attempt
from reports.periods.facts import User
from reports.recipients import SCHEDULE_PREFERENCES, Recipient
from tests.unit.reports.conftest import ADA

QUARTER = timedelta(minutes=15)
ZONES = (
    "Pacific/Pago_Pago", "Pacific/Marquesas", "America/St_Johns", "America/New_York", "UTC", "Europe/Berlin", "Asia/Tehran", "Asia/Kathmandu",
    "Australia/Eucla", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia", "Pacific/Kiritimati",
)  # fmt: skip
#: An ordinary week, and those in which clocks change in the north and the south.
WEEKS = (date(2026, 6, 15), date(2026, 3, 23), date(2026, 10, 19), date(2026, 3, 30), date(2026, 9, 21))


def new_user(timezone="Europe/Berlin", week_start=0, joined="2020-01-01", **preferences):
    user = User(ADA.id, "Ada", timezone, week_start)
    chosen = {name: DEFAULTS[name] for name in SCHEDULE_PREFERENCES} | preferences
    return Recipient(
        user,
        "ada@example.com",
        datetime.fromisoformat(joined).replace(tzinfo=UTC),
        True,
        True,
        False,
        KINDS["report"].default_channels,
        **chosen,
    )


def turns(kind, to, first, days):
    """Each quarter of an hour at which another period became the newest that is due."""
    now = datetime.combine(first, time(), tzinfo=UTC)
    before = due(kind, to, now)
    for _ in range(days * 96):
        now += QUARTER
        if (period := due(kind, to, now)) != before:
            yield now.astimezone(zone(to.user.timezone)), period
            before = period


@pytest.mark.parametrize("timezone", ZONES)
@pytest.mark.parametrize("week", WEEKS, ids=str)
def test_each_zone_gets_its_week_once_on_its_own_day_and_hour(timezone, week):
    for day, hour in ((0, 8), (6, 0), (6, 23), (2, 2)):
        to = new_user(timezone, weekly_report_day=day, weekly_report_hour=hour)
        found = list(turns("weekly", to, week, 14))
        assert len(found) == 2
        for at, period in found:
            assert at.weekday() == day
            leapt = at.replace(hour=hour).astimezone(UTC).astimezone(at.tzinfo).hour != hour
            assert at.hour == (hour + 1 if leapt else hour)
            assert at.minute == (30 if leapt and timezone == "Australia/Lord_Howe" else 0)
            assert period == Period.week_of(at.date() - timedelta(days=7))


@pytest.mark.parametrize("hour", range(24))
def test_every_hour_of_the_day_is_met(hour):
    for timezone in ZONES:
        ((at, period),) = turns("weekly", new_user(timezone, weekly_report_hour=hour), date(2026, 6, 15), 7)
        assert (at.weekday(), at.hour, at.minute) == (0, hour, 0)
        assert period is not None
        assert period.last < at.date()


def test_the_week_begins_where_the_user_has_it_begin():
    to = new_user("America/New_York", week_start=6, weekly_report_day=6)
    ((_, period),) = turns("weekly", to, date(2026, 6, 16), 7)
    assert (period.first, period.last) == (date(2026, 6, 14), date(2026, 6, 20))


@pytest.mark.parametrize("timezone", ZONES)
def test_the_month_is_due_on_its_first_day(timezone):
    found = list(turns("monthly", new_user(timezone), date(2026, 10, 15), 60))
    assert [(at.day, at.hour, period.key) for at, period in found] == [(1, 8, "2026-10"), (1, 8, "2026-11")]


def test_a_new_user_gets_no_report_of_a_time_before_they_came():
    to = new_user(joined="2026-11-16T05:00")  # Monday morning, before the hour of the mail
    assert due("weekly", to, datetime(2026, 11, 16, 9, tzinfo=UTC)) is None
    assert due("weekly", to, datetime(2026, 11, 23, 9, tzinfo=UTC)) == Period.week_of(date(2026, 11, 16))


def test_after_weeks_of_silence_the_newest_week_is_due():
    assert due("weekly", new_user(), datetime(2026, 11, 19, 9, tzinfo=UTC)) == Period.week_of(date(2026, 11, 9))


@pytest.mark.parametrize(
    "setting", [{"weekly_report": False}, {"monthly_report": False}], ids=["no weekly mail", "no monthly mail"]
)
def test_who_wants_none_is_never_due(setting):
    kind = next(iter(setting)).removesuffix("_report")
    assert due(kind, new_user(**setting), datetime(2026, 11, 19, 9, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("hours", "quiet"),
    [(("22:00", "07:00"), {23, 0, 6}), (("12:00", "14:00"), {12, 13}), ((None, None), set())],
)
def test_quiet_hours_are_by_the_users_clock_and_may_span_midnight(hours, quiet):
    begin, end = (time.fromisoformat(each) if each else None for each in hours)
    to = new_user("Asia/Kathmandu", quiet_from=begin, quiet_until=end)
    for hour in (0, 6, 7, 11, 12, 13, 14, 21, 23):
        now = datetime(2026, 11, 19, hour, tzinfo=zone("Asia/Kathmandu")).astimezone(UTC)
        assert is_quiet(to, now) == (hour in quiet)


def test_attempts_come_slower_and_end():
    now = datetime(2026, 11, 19, tzinfo=UTC)
    times = [next_attempt(attempts, now) for attempts in range(1, len(PAUSES) + 2)]
    assert times[-1] is None
    waits = [each - now for each in times if each]
    assert waits == sorted(waits)
