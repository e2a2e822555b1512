"""Series with several rules, times added to them, and times left out."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from focusflow.clock import zone
from focusflow.series import Series
from tests.sizes import dice

HERE = "Europe/Berlin"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def at(text: str, hour: int = 9) -> datetime:
    return datetime.fromisoformat(text).replace(hour=hour, tzinfo=zone(HERE)).astimezone(UTC)


def starts(series: Series, start: datetime, timezone: str = HERE, days: int = 400) -> list[datetime]:
    return [
        each for each, _ in series.occurrences((start, start + HOUR), timezone, since=start, until=start + days * DAY)
    ]


#: The first start, the series, and its days, from what RFC 5545 says of each property.
FACTS = {
    "a time that is left out counts for COUNT": (
        "2026-12-01", ("FREQ=DAILY;COUNT=4",), (), ("2026-12-02",), "12-01 12-03 12-04",
    ),
    "the start can be left out": ("2026-12-01", ("FREQ=DAILY;COUNT=3",), (), ("2026-12-01",), "12-02 12-03"),
    "added times come beside a rule": ("2026-12-01", ("FREQ=WEEKLY;COUNT=2",), ("2026-12-04",), (), "12-01 12-04 12-08"),
    "without a rule the start is one of them": ("2026-12-01", (), ("2026-12-04", "2026-12-03"), (), "12-01 12-03 12-04"),
    "a time of two rules counts once": (
        "2026-12-01", ("FREQ=WEEKLY;COUNT=3", "FREQ=MONTHLY;BYMONTHDAY=1,8;COUNT=3"), (), (), "12-01 12-08 12-15 01-01",
    ),
    "an added time that a rule has counts once": ("2026-12-01", ("FREQ=DAILY;COUNT=2",), ("2026-12-02",), (), "12-01 12-02"),
    "a time to leave out wins over an added one": (
        "2026-12-01", ("FREQ=DAILY;COUNT=1",), ("2026-12-05",), ("2026-12-05",), "12-01",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FACTS)
def test_a_series_takes_place_as_the_standard_says(name):
    first, rules, added, left_out, days = FACTS[name]
    series = Series(rules, tuple(sorted(map(at, added))), tuple(sorted(map(at, left_out))))
    assert [f"{each:%m-%d}" for each in starts(series, at(first))] == days.split()


def test_a_time_stays_left_out_after_the_user_moved():
    """New York's clocks change on other days than Berlin's: on 30 March the meeting is an hour apart in the two zones."""
    left_out = at("2026-03-30")
    series = Series(("FREQ=WEEKLY;COUNT=4",), left_out=(left_out,))
    assert [f"{each:%m-%d %H}" for each in starts(series, at("2026-03-16"))] == ["03-16 08", "03-23 08", "04-06 07"]
    moved = [f"{each:%m-%d %H}" for each in starts(series, at("2026-03-16"), "America/New_York")]
    assert moved == ["03-16 08", "03-23 08", "04-06 08"]


def test_a_time_that_was_added_near_one_of_the_rule_is_left_out_alone():
    series = Series(("FREQ=DAILY;COUNT=2",), (at("2026-12-02", 10),), (at("2026-12-02", 10),))
    assert starts(series, at("2026-12-01")) == [at("2026-12-01"), at("2026-12-02")]


def test_a_time_to_leave_out_that_is_no_occurrence_is_named():
    series = Series(("FREQ=DAILY;COUNT=3",), (), (at("2026-12-02"), at("2026-12-02", 10), at("2026-12-09")))
    assert series.unmatched((at("2026-12-01"), at("2026-12-01")), HERE) == [at("2026-12-02", 10), at("2026-12-09")]


def test_a_series_is_the_union_of_its_parts_without_what_is_left_out():
    random = dice(5)
    for _ in range(60):
        first = at("2026-01-01") + random.randrange(365) * DAY
        rules = tuple(_rule(random) for _ in range(random.randint(0, 3)))
        added = tuple(sorted(first + random.randrange(1, 900) * HOUR for _ in range(random.randint(0, 4))))
        whole = {each for rule in rules for each in starts(Series((rule,)), first)} | set(added)
        whole |= set() if rules else {first}
        left_out = tuple(sorted(random.sample(sorted(whole), min(len(whole), random.randint(0, 5)))))
        assert starts(Series(rules, added, left_out), first) == sorted(whole - set(left_out))


def _rule(random: Random) -> str:
    frequency, interval = random.choice(["DAILY", "WEEKLY", "MONTHLY"]), random.randint(1, 9)
    return f"FREQ={frequency};INTERVAL={interval};COUNT={random.randint(1, 12)}"
