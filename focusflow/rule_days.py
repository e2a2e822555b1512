"""Computes the days of a recurrence rule a year at a time, starting at any year.

The calendar repeats: the days that a rule selects in a year depend only on the weekday of January 1, on which of three years are leap
years, and on where the rule's first interval starts. So no rule has to be followed day by day from its start.
"""

from bisect import bisect_left
from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import MAXYEAR, date
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from focusflow.errors import Invalid
from focusflow.rrule import Rule

#: The cost of computing a rule's days in a year, relative to reading cached ones.
YEAR_STEPS = 30

#: A rule without an occurrence in two cycles of the calendar, which repeats every 400 years, is refused.
MAX_DAYS_AHEAD = 2 * 146_097

#: Of a common year. Calling `monthrange` for ten thousand days would take longer than checking a rule.
MONTH_LENGTHS = tuple(monthrange(2001, month)[1] for month in range(1, 13))

#: Days on either side of a year that may belong to one of its weeks.
SPILL = 6


class TooManySteps(Invalid):
    """Appointments recur too often here to look through all of them. Ask for fewer days, or delete recurring ones that are over."""


@dataclass(slots=True)
class Steps:
    """The remaining budget for expanding rules. A step is a cached year or an occurrence."""

    left: int

    def take(self, number: int = 1) -> None:
        self.left -= number
        if self.left < 0:
            raise TooManySteps


class Day(NamedTuple):
    """The attributes of a day that rules refer to; those counted from the end are negative."""

    offset: int
    month: int
    month_day: int
    month_day_left: int
    year_day: int
    year_day_left: int
    weekday: int


def _kind(year: int) -> tuple[int, bool, bool, bool]:
    return date(year, 1, 1).weekday(), isleap(year - 1), isleap(year), isleap(year + 1)


#: For each year of a cycle of 400, one with the same days.
SAME = {_kind(year): year for year in range(2000, 2400)}
LIKE = tuple(SAME[_kind(year)] for year in range(2000, 2400))


@cache
def _days_around(year: int) -> tuple[Day, ...]:
    new_year, length = date(year, 1, 1).toordinal(), 365 + isleap(year)
    return tuple(_day(new_year, offset) for offset in range(-SPILL, length + SPILL))


def _day(new_year: int, offset: int) -> Day:
    day = date.fromordinal(new_year + offset)
    year_day, year_length = day.toordinal() - date(day.year, 1, 1).toordinal() + 1, 365 + isleap(day.year)
    month_day_left = day.day - MONTH_LENGTHS[day.month - 1] - (day.month == 2 and year_length == 366) - 1
    return Day(offset, day.month, day.day, month_day_left, year_day, year_day - year_length - 1, day.weekday())


@cache
def _week_numbers(year: int, week_start: int) -> dict[int, tuple[int, int]]:
    """The week number of each day, and the same counted from the end of the week's year."""
    first = date(year, 1, 1).toordinal()
    begins = [_first_week(each, week_start) - first for each in range(year - 1, year + 3)]
    return {
        offset: ((offset - begin) // 7 + 1, (offset - end) // 7)
        for begin, end in pairwise(begins)
        for offset in range(max(begin, -SPILL), min(end, 366 + SPILL))
    }


def _first_week(year: int, week_start: int) -> int:
    """The first day of the first week of a year, the one that contains January 4."""
    day = date(year, 1, 4)
    return day.toordinal() - (day.weekday() - week_start) % 7


class RuleDays:
    """The days of a rule from its start on, ignoring COUNT and UNTIL. Days are ordinals."""

    def __init__(self, rule: Rule, begin: date, steps: Steps | None = None) -> None:
        self._rule = rule
        self._begin, self._begin_year, self._steps = begin.toordinal(), begin.year, steps
        self._begin_month = begin.year * 12 + begin.month - 1
        self._begin_week = self._begin - (begin.weekday() - rule.week_start) % 7
        self._matching: dict[int, dict[int, Day]] = {}
        self._by_year: dict[tuple[int, int], list[int]] = {}

    def between(self, first: int, last: int) -> Iterator[int]:
        """The days from `first` to `last`, both included."""
        first = max(first, self._begin)
        for new_year, days in self._years(first, last):
            for offset in days:
                if new_year + offset > last:
                    return
                if new_year + offset >= first:
                    self._take()
                    yield new_year + offset

    def first(self, last: int) -> int | None:
        """The first day of the rule, up to `last`."""
        return next(self.between(self._begin, min(last, self._begin + MAX_DAYS_AHEAD)), None)

    def count_before(self, day: int, at_most: int) -> int:
        """The number of days before a day. Counting stops at `at_most`."""
        passed = 0
        for new_year, days in self._years(self._begin, day - 1):
            passed += bisect_left(days, day - new_year) - bisect_left(days, self._begin - new_year)
            if passed >= at_most:
                break
        return passed

    def _years(self, first: int, last: int) -> Iterator[tuple[int, list[int]]]:
        """The years that an interval of the rule touches: the ordinal of January 1, and the rule's days in the year."""
        if first > last:
            return
        year, last_year = date.fromordinal(first).year, date.fromordinal(last).year
        while year <= last_year and (year := self._next_year(year)) <= last_year:
            self._take()
            new_year, like = date(year, 1, 1).toordinal(), LIKE[year % 400]
            if self._days_like(like):
                yield new_year, self._in_year(like, self._phase(year, new_year))
            year += 1

    def _next_year(self, year: int) -> int:
        """The first year from this one on that an interval of the rule touches."""
        interval = self._rule.interval
        match self._rule.frequency:
            case "YEARLY":
                return year + (self._begin_year - year) % interval
            case "MONTHLY":
                return year + (self._begin_month - year * 12) % interval // 12
        new_year = date(year, 1, 1).toordinal()
        day = new_year + max(self._phase(year, new_year), 0)
        return date.fromordinal(day).year if day <= date.max.toordinal() else MAXYEAR + 1

    def _phase(self, year: int, new_year: int) -> int:
        """The start of the first interval in a year: a month counted from 0, or a day, negative for a week from the year before."""
        interval = self._rule.interval
        match self._rule.frequency:
            case "YEARLY":
                return 0
            case "MONTHLY":
                return (self._begin_month - year * 12) % interval
            case "WEEKLY":
                return (self._begin_week - new_year + SPILL) % (7 * interval) - SPILL
            case "DAILY":
                return (self._begin - new_year) % interval

    def _days_like(self, year: int) -> dict[int, Day]:
        """The days around a year of this kind that the rule's lists allow."""
        if year not in self._matching:
            self._take(YEAR_STEPS)
            self._matching[year] = _matching_days(self._rule, year)
        return self._matching[year]

    def _in_year(self, year: int, phase: int) -> list[int]:
        """The days that the rule selects in a year of this kind."""
        key = (year, phase)
        if key not in self._by_year:
            self._take(YEAR_STEPS)
            self._by_year[key] = self._work_out(year, phase)
        return self._by_year[key]

    def _work_out(self, year: int, phase: int) -> list[int]:
        groups = self._groups(self._days_like(year), phase, 365 + isleap(year))
        chosen = (offset for group in groups for offset in _at_positions(group, self._rule.positions))
        return [offset for offset in chosen if 0 <= offset < 365 + isleap(year)]

    def _groups(self, days: Mapping[int, Day], phase: int, length: int) -> Iterable[list[int]]:
        """The days of each interval that touches the year."""
        interval = self._rule.interval
        match self._rule.frequency:
            case "YEARLY":
                return [[offset for offset in days if 0 <= offset < length]]
            case "MONTHLY":
                months: dict[int, list[int]] = {month + 1: [] for month in range(phase, 12, interval)}
                for day in days.values():
                    if 0 <= day.offset < length and day.month in months:
                        months[day.month].append(day.offset)
                return months.values()
            case "WEEKLY":
                weeks = (range(week, week + 7) for week in range(phase, length, 7 * interval))
                return [[offset for offset in week if offset in days] for week in weeks]
            case "DAILY":
                return [[offset] for offset in range(phase, length, interval) if offset in days]

    def _take(self, number: int = 1) -> None:
        if self._steps is not None:
            self._steps.take(number)


def is_empty(rule: Rule) -> bool:
    """Whether a rule falls on no day of any year, wherever it begins."""
    days = RuleDays(replace(rule, interval=1), date(1970, 1, 1))
    years = ((date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()) for year in SAME.values())
    return all(next(days.between(*year), None) is None for year in years)


def with_default_days(rule: Rule, begin: date) -> Rule:
    """The rule with the days of its start, where it names none. A week that is named by its number has no day yet."""
    if rule.frequency == "DAILY" or rule.month_days or rule.year_days or rule.weekdays:
        return rule
    if rule.weeks and rule.frequency != "YEARLY":  # of older rules
        return rule
    if rule.frequency == "WEEKLY" or rule.weeks:
        return replace(rule, weekdays=frozenset({(begin.weekday(), 0)}))
    months = rule.months or (frozenset({begin.month}) if rule.frequency == "YEARLY" else frozenset())
    return replace(rule, months=months, month_days=frozenset({begin.day}))


@lru_cache(maxsize=256)
def _matching_days(rule: Rule, year: int) -> dict[int, Day]:
    """The days around a year that all lists of a rule allow, by their offset."""
    days = list(_days_around(year))
    if rule.months:
        days = [day for day in days if day.month in rule.months]
    if wanted := rule.month_days:
        days = [day for day in days if day.month_day in wanted or day.month_day_left in wanted]
    if wanted := rule.year_days:
        days = [day for day in days if day.year_day in wanted or day.year_day_left in wanted]
    if wanted := rule.weeks:
        numbers = _week_numbers(year, rule.week_start)
        days = [day for day in days if not wanted.isdisjoint(numbers[day.offset])]
    if rule.weekdays:
        days = [day for day in days if _is_weekday(rule, day)]
    return {day.offset: day for day in days}


def _is_weekday(rule: Rule, day: Day) -> bool:
    if (day.weekday, 0) in rule.weekdays:
        return True
    if rule.frequency in ("DAILY", "WEEKLY"):  # where a number has no meaning
        return any(weekday == day.weekday for weekday, _ in rule.weekdays)
    if rule.frequency == "MONTHLY" or rule.months:
        from_start, from_end = day.month_day, day.month_day_left
    else:
        from_start, from_end = day.year_day, day.year_day_left
    numbers = ((from_start - 1) // 7 + 1, -((-from_end - 1) // 7 + 1))
    return any((day.weekday, number) in rule.weekdays for number in numbers)


def _at_positions(days: list[int], positions: frozenset[int]) -> list[int]:
    if not positions:
        return days
    count = len(days)
    return sorted({days[each - (each > 0)] for each in positions if -count <= each <= count})
