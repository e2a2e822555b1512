"""The only source of the current time, and named spans of local days.

Durations are computed from instants, never from wall clocks: a local day has 23, 24 or 25 hours, now and then 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


@lru_cache
def zone_names() -> frozenset[str]:
    """The time zones a user may choose: those that both Python and PostgreSQL know."""
    odd = {"localtime", "posixrules", "Factory"}
    return frozenset(
        name for name in available_timezones() if name not in odd and not name.startswith(("posix/", "right/"))
    )


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local_date(moment: datetime, timezone: str) -> date:
    """The date in this zone at a moment.

    >>> local_date(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), "Europe/Berlin")
    datetime.date(2026, 3, 2)
    """
    return moment.astimezone(zone(timezone)).date()


def start_of(day: date, timezone: str) -> datetime:
    """The first instant of a local day, in UTC. Where midnight does not exist, the first instant after the gap.

    >>> start_of(date(2026, 4, 24), "Africa/Cairo").astimezone(zone("Africa/Cairo")).isoformat()
    '2026-04-24T01:00:00+03:00'
    """
    return datetime.combine(day, time(), tzinfo=zone(timezone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """A span of whole local days, first and last included, with its label and key.

    >>> week = Period.week_of(date(2026, 1, 1))
    >>> week.label, week.key
    ('Week 1, 2026', '2026-W01')
    """

    first: date
    last: date
    label: str
    key: str

    @classmethod
    def day(cls, day: date) -> "Period":
        return cls(day, day, f"{day:%A}, {day.day} {day:%B %Y}", f"{day}")

    @classmethod
    def week_of(cls, day: date, week_start: int = 0) -> "Period":
        """The week around a day; `week_start` counts from Monday = 0. It is named after the ISO week of its fourth day."""
        first = day - timedelta(days=(day.weekday() - week_start) % 7)
        year, week, _ = (first + timedelta(days=3)).isocalendar()
        return cls(first, first + timedelta(days=6), f"Week {week}, {year}", f"{year}-W{week:02}")

    @classmethod
    def month_of(cls, day: date) -> "Period":
        first = day.replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        return cls(first, last, f"{first:%B %Y}", f"{first:%Y-%m}")

    @classmethod
    def between(cls, first: date, last: date) -> "Period":
        if last < first:
            raise ValueError(f"a period cannot end ({last}) before it begins ({first})")
        return cls(first, last, f"{first} to {last}", f"{first}..{last}")

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range(self.days))

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def bounds(self, timezone: str) -> tuple[datetime, datetime]:
        """The instants between which the period lies in a zone: first included, second not."""
        return start_of(self.first, timezone), start_of(self.last + timedelta(days=1), timezone)
