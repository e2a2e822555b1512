"""Sources that know how long, but not when on a day: their time is laid out on the day, one entry after another."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

K = TypeVar("K")

MORNING = time(9)
DAY = timedelta(hours=24)

#: What is said once of a file whose entries have no time of day.
NO_TIME_OF_DAY = "the file does not say at what time of day: the entries of a day follow one another from 9:00 on"


def spread(day: date, parts: Iterable[tuple[K, timedelta]], here: ZoneInfo) -> Iterator[tuple[K, datetime, datetime]]:
    """The parts as spans of the day. They begin in the morning, or earlier where they would not fit; what exceeds a day is cut off.

    >>> [(key, f"{start:%H:%M}", f"{end:%H:%M}") for key, start, end in spread(date(2026, 3, 2), [("a", timedelta(hours=20))], ZoneInfo("UTC"))]
    [('a', '04:00', '00:00')]
    """
    kept = [(key, length) for key, length in parts if length > timedelta()]
    begin = datetime.combine(day, time(), tzinfo=here).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=here).astimezone(UTC)
    whole = sum((length for _, length in kept), timedelta())
    morning = datetime.combine(day, MORNING, tzinfo=here).astimezone(UTC)
    at = max(begin, min(morning, end - whole))
    for key, length in kept:
        until = min(end, at + length)
        if until > at:
            yield key, at, until
        at = until
