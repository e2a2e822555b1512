"""Rules of RFC 5545 by which tasks and appointments recur, followed on the wall calendar and clock of their person.

An appointment at nine stays at nine when daylight saving begins; one whose hour does not exist that day comes an hour later, and on the
next day at its own again.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

from dateutil.rrule import rrule, rrulestr

from focusflow.clock import zone
from focusflow.errors import Invalid

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
AT_MOST = 1000
COUNT = re.compile(r"0*[1-9]\d{0,5}")

#: How the rule of a task keeps the hour that is missing on its day.
MEANT = re.compile(r";BYHOUR=(\d+);BYMINUTE=(\d+);BYSECOND=(\d+)$")

#: A rule that does not come within so many of its steps' years never does: the rarest day is the 29th of February, and years of leap
#: come round for every third or fifth year too.
YEARS = 9


class BadRecurrence(Invalid):
    """This is no RFC 5545 rule of days, weeks, months or years."""


def check_rule(rule: str, begin: datetime) -> None:
    """Refuse what cannot be followed from that moment on the wall clock, would recur more than daily, or never.

    >>> check_rule("FREQ=WEEKLY;BYDAY=MO", datetime(2026, 1, 1))
    """
    parts = dict(part.partition("=")[::2] for part in rule.upper().removeprefix("RRULE:").split(";"))
    too_often = {"BYHOUR", "BYMINUTE", "BYSECOND"} & parts.keys()
    counts = (parts.get("INTERVAL", "1"), parts.get("COUNT", "1"))
    if parts.get("FREQ") not in FREQUENCIES or too_often or not all(map(COUNT.fullmatch, counts)) or "\n" in rule:
        raise BadRecurrence
    found = followed(rule, begin)
    endless = ";".join(f"{name}={value}" for name, value in parts.items() if name not in ("UNTIL", "COUNT"))
    # Without an end to look up to, the 30th of February is looked for every day until the year 9999.
    latest = datetime(min(begin.year + YEARS * int(parts.get("INTERVAL", "1")), 9999), 12, 31)  # noqa: DTZ001 (of the wall clock)
    if next(iter(followed(endless, begin).replace(until=latest)), None) is None or next(iter(found), None) is None:
        raise BadRecurrence


def followed(rule: str, begin: datetime) -> rrule:
    """The rule, from a moment on the wall clock on. A zone in its UNTIL is passed over: it means the same wall clock."""
    try:
        found = rrulestr(rule, dtstart=begin, ignoretz=True)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise BadRecurrence from error
    if not isinstance(found, rrule):
        raise BadRecurrence
    return found


def from_then_on(rule: str, begin: datetime, then: datetime) -> str:
    """The rule as it goes on from a later one of its moments: of a number of times, those before it are used up.

    >>> from_then_on("FREQ=DAILY;COUNT=3", datetime(2026, 1, 1), datetime(2026, 1, 2))
    'FREQ=DAILY;COUNT=2'
    """

    def left(count: re.Match[str]) -> str:
        passed = sum(1 for _ in takewhile(lambda moment: moment < then, followed(rule, begin)))
        return f"COUNT={int(count[1]) - passed}"

    return re.sub(r"(?i)COUNT=(\d+)", left, rule)


def keeping_its_hour(rule: str, wall: datetime, timezone: str) -> str:
    """The rule of what comes at that time. Where the day lacks it, the rule keeps it, for it could not be told from what comes of it.

    >>> keeping_its_hour("FREQ=DAILY", datetime(2026, 3, 29, 2, 30), "Europe/Berlin")
    'FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0'
    """
    here = zone(timezone)
    if wall.replace(tzinfo=here).astimezone(UTC).astimezone(here).replace(tzinfo=None) == wall:
        return rule
    return f"{rule};BYHOUR={wall.hour};BYMINUTE={wall.minute};BYSECOND={wall.second}"


def meant(rule: str, moment: datetime, timezone: str) -> tuple[str, datetime]:
    """A rule, and the time on the wall clock from which on it is followed: that which it keeps, unless it was moved since.

    >>> gap = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    >>> meant("FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0", gap, "Europe/Berlin")
    ('FREQ=DAILY', datetime.datetime(2026, 3, 29, 2, 30))
    """
    here = zone(timezone)
    wall, kept = moment.astimezone(here).replace(tzinfo=None), MEANT.search(rule)
    if kept is None:
        return rule, wall
    hour, minute, second = map(int, kept.groups())
    before = wall.replace(hour=hour, minute=minute, second=second)
    return rule[: kept.start()], before if before.replace(tzinfo=here).astimezone(UTC) == moment else wall


def occurrences(
    rule: str,
    span: tuple[datetime, datetime],
    timezone: str,
    *,
    since: datetime,
    until: datetime,
    limit: int = AT_MOST,
) -> Iterator[tuple[datetime, datetime]]:
    """When an appointment that was first at `span` takes place between two moments, in UTC; so many times at most.

    >>> first = datetime(2026, 3, 28, 8, tzinfo=UTC), datetime(2026, 3, 28, 9, tzinfo=UTC)
    >>> march = {"since": datetime(2026, 3, 1, tzinfo=UTC), "until": datetime(2026, 4, 1, tzinfo=UTC)}
    >>> [str(start) for start, _ in occurrences("FREQ=DAILY;COUNT=2", first, "Europe/Berlin", **march)]
    ['2026-03-28 08:00:00+00:00', '2026-03-29 07:00:00+00:00']
    """
    here, (first, end) = zone(timezone), span
    lasts, begin = end - first, first.astimezone(here).replace(tzinfo=None)
    # a day more before: the wall clock and UTC are less than that apart
    earliest = since.astimezone(UTC).replace(tzinfo=None) - lasts - timedelta(days=1)
    for wall in islice(followed(rule, begin).xafter(earliest, inc=True), limit):
        start = wall.replace(tzinfo=here).astimezone(UTC)
        if start >= until:
            return
        if start + lasts > since:
            yield start, start + lasts
