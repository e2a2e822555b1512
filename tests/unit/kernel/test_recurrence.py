"""Which recurrence rules are accepted, when they take place, and what that costs at most."""

# ruff: noqa: DTZ001 (times on a wall clock)

import datetime as dt
import time
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from types import SimpleNamespace
from unittest.mock import patch

import dateutil.rrule
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focusflow.clock import zone
from focusflow.recurrence import check_rule, check_syntax, next_occurrence, occurrences, remaining_rule
from focusflow.rrule import WEEKDAYS, BadRecurrence, parse_rule
from focusflow.rule_days import RuleDays, Steps, TooManySteps, with_default_days

BERLIN = "Europe/Berlin"
TUESDAY = datetime(2026, 12, 1, 9)

REFUSED = {
    "": "empty",
    "every monday": "one line without spaces",
    "FREQ=DAILY\nFREQ=WEEKLY": "one line",
    "RRULE:FREQ=DAILY\nEXDATE:20261201": "one line",
    "FREQ=DAILY;COUNT=3 ": "without spaces",
    "FREQ=DAILY\0": "one line",
    "FREQ=DAILY;COUNT=٣": "one line",
    "FREQ=DAILY;": "an empty text is not a part",
    "FREQ=DAILY;COUNT": "COUNT has no value",
    "FREQ=DAILY;BYDAY=": "BYDAY has no value",
    "FREQ=": "FREQ has no value",
    "COUNT=3": "FREQ is missing",
    "FREQ=SECONDLY": "FREQ should be",
    "FREQ=MINUTELY;INTERVAL=5": "FREQ should be",
    "FREQ=HOURLY": "FREQ should be",
    "FREQ=DAILY;FREQ=DAILY": "FREQ appears twice",
    "FREQ=DAILY;BYMONTH=1;bymonth=1": "BYMONTH appears twice",
    "FREQ=DAILY;BYEASTER=0": "BYEASTER is not a part",
    "FREQ=DAILY;DTSTART=20261201": "DTSTART is not a part",
    "FREQ=DAILY;INTERVAL=0": "INTERVAL should be a whole number from 1 to 999999",
    "FREQ=DAILY;INTERVAL=-1": "INTERVAL should be",
    "FREQ=DAILY;INTERVAL=1000000": "INTERVAL should be",
    "FREQ=DAILY;COUNT=0": "COUNT should be",
    "FREQ=DAILY;COUNT=2;UNTIL=20261231": "COUNT and UNTIL",
    "FREQ=DAILY;UNTIL=tomorrow": "UNTIL is not a date",
    "FREQ=DAILY;UNTIL=20261331": "UNTIL is not a date",
    "FREQ=DAILY;UNTIL=2026-12-31": "UNTIL should be written like",
    "FREQ=DAILY;BYHOUR=9,10": "BYHOUR, BYMINUTE and BYSECOND are not supported",
    "FREQ=DAILY;BYMONTH=13": "BYMONTH should be from 1 to 12",
    "FREQ=DAILY;BYMONTH=-1": "BYMONTH should be from 1 to 12",
    "FREQ=MONTHLY;BYMONTHDAY=32": "BYMONTHDAY should be from 1 to 31 or -31 to -1",
    "FREQ=MONTHLY;BYMONTHDAY=0": "BYMONTHDAY should be",
    "FREQ=MONTHLY;BYMONTHDAY=1,,2": "BYMONTHDAY should be a list",
    "FREQ=YEARLY;BYYEARDAY=367": "BYYEARDAY should be from 1 to 366",
    "FREQ=YEARLY;BYWEEKNO=54": "BYWEEKNO should be from 1 to 53",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367": "BYSETPOS should be from 1 to 366",
    "FREQ=MONTHLY;BYDAY=XX": "BYDAY should be a list",
    "FREQ=MONTHLY;BYDAY=0MO": "BYDAY should be a list",
    "FREQ=YEARLY;BYDAY=54MO": "a number in BYDAY",
    "FREQ=WEEKLY;WKST=XX": "WKST should be",
    "FREQ=WEEKLY;BYMONTHDAY=1": "BYMONTHDAY cannot be used with FREQ=WEEKLY",
    "FREQ=DAILY;BYYEARDAY=100": "BYYEARDAY cannot be used with FREQ=DAILY",
    "FREQ=MONTHLY;BYWEEKNO=53": "BYWEEKNO cannot be used with FREQ=MONTHLY",
    "FREQ=WEEKLY;BYDAY=1MO": "a BYDAY with a number",
    "FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO": "a BYDAY with a number",
    "FREQ=DAILY;BYSETPOS=1": "BYSETPOS needs another part",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30": "no day of any year",
    "FREQ=DAILY;BYMONTHDAY=31;BYSETPOS=2": "no day of any year",
    "FREQ=MONTHLY;BYDAY=6MO": "no day of any year",
    "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6": "no day of any year",
    "FREQ=YEARLY;BYYEARDAY=-366;BYMONTH=2": "no day of any year",
    "FREQ=WEEKLY;INTERVAL=53;BYDAY=TU;BYMONTH=2;BYSETPOS=2": "no day of any year",
    "FREQ=MONTHLY;BYMONTHDAY=" + ",".join(["31"] * 10_000): "at most 500 characters",
}  # fmt: skip

#: As calendars write them, and the rarest that there are.
ACCEPTED = [
    "RRULE:FREQ=WEEKLY;WKST=SU;UNTIL=20301231T225959Z;INTERVAL=2;BYDAY=TU,TH",
    "freq=weekly;byday=mo,we",
    "FREQ=DAILY;COUNT=999999",
    "FREQ=DAILY;INTERVAL=999999",
    "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
    "FREQ=DAILY;UNTIL=99991231T235959Z",
    "FREQ=MONTHLY;BYMONTHDAY=31,-31",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;BYDAY=5MO",
    "FREQ=YEARLY;BYDAY=5MO",
    "FREQ=YEARLY;BYDAY=+53MO",
    "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
    "FREQ=YEARLY;BYYEARDAY=366",
    "FREQ=YEARLY;BYYEARDAY=-366",
    "FREQ=YEARLY;BYWEEKNO=53",
    "FREQ=YEARLY;BYWEEKNO=-53;BYDAY=SU",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=YEARLY;INTERVAL=3;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
    "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR",
]

NEVER_FROM_THEN = [
    "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
    "FREQ=DAILY;INTERVAL=49;BYDAY=MO,WE,TH,FR,SA,SU",
    "FREQ=DAILY;UNTIL=20261130T000000Z",
    "FREQ=DAILY;UNTIL=20261130",
    "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2",
    "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=YEARLY;INTERVAL=100;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=YEARLY;INTERVAL=999999;BYMONTH=2",
    "FREQ=DAILY;INTERVAL=365;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
]


def starts(rule, first, since, until, timezone=BERLIN, **rest):
    """The times on the wall clock, of an appointment of an hour."""
    begin = first.replace(tzinfo=zone(timezone)).astimezone(UTC)
    found = occurrences(rule, (begin, begin + timedelta(hours=1)), timezone, since=since, until=until, **rest)
    return [start.astimezone(zone(timezone)).replace(tzinfo=None) for start, _ in found]


def days(rule, begin, first, last):
    found = parse_rule(rule)
    between = RuleDays(with_default_days(found, begin), begin).between(first.toordinal(), last.toordinal())
    return [date.fromordinal(day) for day in between]


@pytest.mark.parametrize(("rule", "why"), REFUSED.items(), ids=lambda each: each[:60])
def test_a_rule_that_no_calendar_can_follow_is_refused_with_the_reason(rule, why):
    with pytest.raises(BadRecurrence, match=why):
        check_syntax(rule)
    with pytest.raises(BadRecurrence):
        check_rule(rule, TUESDAY)


@pytest.mark.parametrize("rule", ACCEPTED)
@pytest.mark.parametrize("begin", [datetime(1970, 1, 1), TUESDAY, datetime(2024, 2, 29, 23, 59)], ids=str)
def test_a_rule_that_calendars_write_is_accepted(rule, begin):
    check_syntax(rule)
    check_rule(rule, begin)


@pytest.mark.parametrize("rule", NEVER_FROM_THEN)
def test_a_rule_is_refused_that_never_comes_from_its_start_on(rule):
    check_syntax(rule)
    with pytest.raises(BadRecurrence, match="never takes place"):
        check_rule(rule, TUESDAY)


def test_deciding_about_the_worst_rules_takes_a_moment():
    """One of them alone took 6.7 seconds, others took hours."""
    begun = time.process_time()
    for rule in (*REFUSED, *NEVER_FROM_THEN):
        with pytest.raises(BadRecurrence):
            check_rule(rule, TUESDAY)
    assert time.process_time() - begun < 2


LISTS = {
    "BYMONTH": st.integers(1, 12),
    "BYMONTHDAY": st.integers(1, 31) | st.integers(-31, -1),
    "BYYEARDAY": st.integers(1, 366) | st.integers(-366, -1),
    # the oracle takes the first days of January for another week now and then, where the last week of a year is asked for
    "BYWEEKNO": st.integers(2, 51),
    "BYSETPOS": st.integers(1, 4) | st.integers(-4, -1),
}


@st.composite
def rules(draw):
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.sampled_from([1, 1, 1, 2, 3, 4, 7, 12, 28, 100]))}"]
    for name, numbers in LISTS.items():
        # the oracle counts positions in the week of the start from the start on
        if draw(st.booleans()) and draw(st.booleans()) and (frequency, name) != ("WEEKLY", "BYSETPOS"):
            values = draw(st.lists(numbers, min_size=1, max_size=4))
            parts.append(f"{name}={','.join(map(str, values))}")
    is_week_alone = frequency == "YEARLY" and any(part.startswith("BYWEEKNO") for part in parts)
    if is_week_alone or draw(st.booleans()):  # without a weekday, the oracle takes all days of a week
        is_numbered = frequency in ("MONTHLY", "YEARLY") and draw(st.booleans())
        number = st.sampled_from([-5, -2, -1, 1, 2, 3, 5] if is_numbered else [""])
        values = draw(st.lists(st.tuples(number, st.sampled_from(WEEKDAYS)), min_size=1, max_size=4))
        parts.append("BYDAY=" + ",".join(f"{number}{weekday}" for number, weekday in values))
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(WEEKDAYS))}")
    return ";".join(parts)


@settings(max_examples=150, deadline=None)
@given(rules(), st.datetimes(datetime(2019, 1, 1), datetime(2025, 1, 1)), st.integers(0, 900))
def test_a_rule_takes_place_when_another_implementation_says(rule, begin, later):
    begin = begin.replace(microsecond=0)
    first, last = begin.date() + timedelta(days=later), begin.date() + timedelta(days=later + 400)
    # the oracle heeds an end only once it has found something after it, and looks for what never comes up to the last of all years
    calendar = SimpleNamespace(**{**vars(dt), "MAXYEAR": last.year})
    with patch.object(dateutil.rrule, "datetime", calendar):
        expected = [moment.date() for moment in dateutil.rrule.rrulestr(rule, dtstart=begin)]
    assert days(rule, begin, first, last) == [day for day in expected if first <= day <= last]
    before = RuleDays(with_default_days(parse_rule(rule), begin), begin).count_before(first.toordinal(), 10_000)
    assert before == sum(day < first for day in expected)


@pytest.mark.parametrize("number", [1, 52, 53])
def test_weeks_are_numbered_as_iso_numbers_them(number):
    found = days(
        f"FREQ=YEARLY;BYWEEKNO={number};BYDAY={','.join(WEEKDAYS)}",
        datetime(1999, 12, 1),
        date(2000, 1, 1),
        date(2039, 12, 31),
    )
    every = [date(2000, 1, 1) + timedelta(days=n) for n in range(14_610)]
    assert found == [day for day in every if day.isocalendar().week == number]


def test_numbered_and_other_weekdays_stand_beside_each_other():
    november = days("FREQ=MONTHLY;BYDAY=FR,1MO,-1TU", datetime(2026, 11, 1), date(2026, 11, 1), date(2026, 11, 30))
    assert [day.day for day in november] == [2, 6, 13, 20, 24, 27]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20261203T233000Z", 4),  # half past midnight in Berlin
        ("20261203T232959Z", 3),
        ("20261204T003000", 4),
        ("20261204T002959", 3),
        ("20261204", 4),
        ("99991231T235959Z", 9),
        ("00010101T000000Z", None),
    ],
)
def test_the_end_of_a_rule_is_a_moment_a_time_on_the_clock_or_a_whole_day(until, last):
    since, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 9, 12, tzinfo=UTC)
    found = starts(f"FREQ=DAILY;UNTIL={until}", datetime(2026, 12, 1, 0, 30), since, end)
    assert (found[-1].day if found else None) == last


def test_a_rule_that_was_stored_under_older_checks_keeps_its_meaning():
    since, until = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC)
    for rule in ("FREQ=WEEKLY;BYDAY=1TU", "FREQ=DAILY;BYDAY=TU;UNTIL=2026-12-31", "FREQ=WEEKLY;COUNT=9;UNTIL=20261231"):
        assert [start.day for start in starts(rule, TUESDAY, since, until)] == [1, 8, 15]


@pytest.mark.parametrize("rule", ["FREQ=DAILY;BYEASTER=0", "FREQ=SOMETIMES", "FREQ=DAILY\nFREQ=WEEKLY", "x" * 501])
def test_a_stored_rule_that_cannot_be_followed_takes_place_once_and_is_logged(rule, caplog):
    since, until = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC)
    assert starts(rule, TUESDAY, since, until) == [TUESDAY]
    assert starts(rule, TUESDAY, until, until + timedelta(days=9)) == []
    assert "is invalid" in caplog.text


@pytest.mark.parametrize(("year", "month"), [(1, 1), (9999, 12)])
@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_first_and_the_last_of_all_days_are_days_like_others(year, month, timezone):
    begin = datetime(year, month, 1 if month == 1 else 31, 12, tzinfo=UTC)
    span = begin, begin + timedelta(hours=1)
    for rule in ("FREQ=WEEKLY;WKST=SU", "FREQ=DAILY;BYSETPOS=1", "FREQ=MONTHLY;INTERVAL=999999", "FREQ=YEARLY;COUNT=3"):
        assert list(occurrences(rule, span, timezone, since=begin, until=span[1])) == [span]


@pytest.mark.parametrize(
    "rule",
    ["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=DAILY;COUNT=999999", "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", "FREQ=DAILY;INTERVAL=2"],
)  # fmt: skip
def test_a_day_long_after_the_beginning_costs_a_fixed_number_of_steps(rule):
    """Each of these days before would be one of twenty thousand."""
    steps, begin = Steps(3000), datetime(1970, 1, 6, 9, tzinfo=UTC)
    since = datetime(2026, 12, 1, tzinfo=UTC)
    span = begin, begin + timedelta(hours=1)
    list(occurrences(rule, span, "UTC", since=since, until=since + timedelta(days=7), steps=steps))
    assert steps.left > (0 if "COUNT" in rule else 2800)


def test_more_than_the_steps_that_are_left_is_not_worked_out():
    since = datetime(2026, 1, 1, tzinfo=UTC)
    span = since, since + timedelta(hours=1)
    found = occurrences("FREQ=DAILY", span, "UTC", since=since, until=since + timedelta(days=999), steps=Steps(100))
    assert len(list(islice(found, 30))) == 30
    with pytest.raises(TooManySteps):
        list(islice(found, 70))


def test_the_next_time_is_found_from_any_time_before():
    begin = datetime(1970, 1, 6, 9)

    def following(rule, after=TUESDAY):
        return next_occurrence(rule, begin, after, BERLIN, last_year=2200)

    assert following("FREQ=WEEKLY") == TUESDAY + timedelta(weeks=1)
    assert following("FREQ=WEEKLY", TUESDAY - timedelta(minutes=1)) == TUESDAY
    assert following("FREQ=DAILY;COUNT=20000") is None
    assert following("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29") == datetime(2028, 2, 29, 9)
    assert following("FREQ=YEARLY;INTERVAL=999999") is None
    assert remaining_rule("FREQ=DAILY;COUNT=30000", begin, TUESDAY) == f"FREQ=DAILY;COUNT={30_000 - 20_783}"
