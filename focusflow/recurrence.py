"""Recurrence of tasks and appointments by RFC 5545 rules, in the user's local time.

An appointment at nine stays at nine when daylight saving starts. One whose hour does not exist on a day takes place an hour later that day.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta
from itertools import islice

from focusflow.clock import zone
from focusflow.rrule import BadRecurrence, Rule, check_text, parse_rule
from focusflow.rule_days import RuleDays, Steps, is_empty, with_default_days

log = logging.getLogger(__name__)

#: The suffix in which a task's rule keeps an hour that does not exist on its day.
MEANT = re.compile(r";BYHOUR=(\d+);BYMINUTE=(\d+);BYSECOND=(\d+)$")


def check_syntax(rule: str) -> str:
    """Refuse a rule that is invalid for every start. It needs no database, so it runs before a transaction opens.

    >>> check_syntax("FREQ=WEEKLY;BYDAY=MO")
    'FREQ=WEEKLY;BYDAY=MO'
    """
    if is_empty(check_text(MEANT.sub("", rule))):
        raise BadRecurrence("no day of any year matches it")
    return rule


def check_rule(rule: str, begin: datetime, timezone: str = "UTC") -> None:
    """Refuse a rule that is invalid, recurs more than daily, or never takes place from its start on.

    >>> check_rule("FREQ=WEEKLY;BYDAY=MO", datetime(2026, 1, 1))
    """
    found = check_text(rule)
    days, last = _days(found, begin), _last_day(found, begin, timezone)
    if days.first(last) is None:
        raise BadRecurrence("it never takes place from its start on")


def check_series(rule: str, begin: datetime, timezone: str = "UTC") -> None:
    """Refuse also a rule that does not take place on its start: of an appointment, calendars differ on whether that counts.

    >>> check_series("FREQ=WEEKLY;BYDAY=TH", datetime(2026, 1, 1))
    """
    check_rule(rule, begin, timezone)
    check_start([rule], begin)


def check_start(rules: Iterable[str], begin: datetime) -> None:
    """Refuse a start that is a day of none of the rules."""
    if not any(starts_on_rule(rule, begin) for rule in rules):
        raise BadRecurrence(
            "its start is not one of its days, and calendars differ on whether it counts: start on one of them"
        )


def starts_on_rule(rule: str, begin: datetime) -> bool:
    """Whether the day of the start is one of the rule."""
    day = begin.toordinal()
    return _days(parse_rule(rule), begin).first(day) == day


def next_occurrence(rule: str, begin: datetime, after: datetime, timezone: str, *, last_year: int) -> datetime | None:
    """The next local time of a rule after another; None after `last_year` or the end of the rule.

    >>> next_occurrence("FREQ=DAILY", datetime(2026, 1, 1, 9), datetime(2026, 1, 5, 9), "UTC", last_year=2200)
    datetime.datetime(2026, 1, 6, 9, 0)
    """
    found = parse_rule(rule)
    days = _days(found, begin)
    first = after.toordinal() + (after.time() >= begin.time())
    last = min(_last_day(found, begin, timezone), date(last_year, 12, 31).toordinal())
    if found.count is not None and days.count_before(first, found.count) >= found.count:
        return None
    day = next(days.between(first, last), None)
    return None if day is None else _at(day, begin)


def remaining_rule(rule: str, begin: datetime, then: datetime) -> str:
    """The rule from a later occurrence on, with COUNT reduced by the occurrences before it.

    >>> remaining_rule("FREQ=DAILY;COUNT=3", datetime(2026, 1, 1), datetime(2026, 1, 2))
    'FREQ=DAILY;COUNT=2'
    """
    found = parse_rule(rule)
    if found.count is None:
        return rule
    left = found.count - _days(found, begin).count_before(then.toordinal(), found.count)
    return re.sub(r"(?i)COUNT=\d+", f"COUNT={left}", rule)


def keeping_its_hour(rule: str, wall: datetime, timezone: str) -> str:
    """The rule with its local time added where that time does not exist on the day, since it cannot be recovered otherwise.

    >>> keeping_its_hour("FREQ=DAILY", datetime(2026, 3, 29, 2, 30), "Europe/Berlin")
    'FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0'
    """
    here = zone(timezone)
    if wall.replace(tzinfo=here).astimezone(UTC).astimezone(here).replace(tzinfo=None) == wall:
        return rule
    return f"{rule};BYHOUR={wall.hour};BYMINUTE={wall.minute};BYSECOND={wall.second}"


def meant(rule: str, moment: datetime, timezone: str) -> tuple[str, datetime]:
    """A rule and its local start: the time that the rule keeps, unless the task was moved since.

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
    steps: Steps | None = None,
) -> Iterator[tuple[datetime, datetime]]:
    """The occurrences of an appointment between two moments, in UTC and in order. `span` is the first one; `steps` bounds the work.

    An invalid rule, stored by an external producer or before rules were checked, takes place once.

    >>> first = datetime(2026, 3, 28, 8, tzinfo=UTC), datetime(2026, 3, 28, 9, tzinfo=UTC)
    >>> march = {"since": datetime(2026, 3, 1, tzinfo=UTC), "until": datetime(2026, 4, 1, tzinfo=UTC)}
    >>> [str(start) for start, _ in occurrences("FREQ=DAILY;COUNT=2", first, "Europe/Berlin", **march)]
    ['2026-03-28 08:00:00+00:00', '2026-03-29 07:00:00+00:00']
    """
    here, (first, end) = zone(timezone), span
    lasts = end - first
    try:
        found, begin = parse_rule(rule), first.astimezone(here).replace(tzinfo=None)
    except (BadRecurrence, OverflowError) as error:
        log.warning("a stored recurrence rule is invalid, so its appointment takes place once: %s", error)
        walls = iter([first])
    else:
        walls = (wall.replace(tzinfo=here) for wall in _walls(found, begin, timezone, (since, lasts, until), steps))
    for wall in walls:
        start = wall.astimezone(UTC)
        if start >= until:
            return
        if start + lasts > since:
            yield start, start + lasts


def _walls(
    rule: Rule, begin: datetime, timezone: str, span: tuple[datetime, timedelta, datetime], steps: Steps | None
) -> Iterator[datetime]:
    """The local times around a span. Local time and UTC are less than a day apart."""
    since, lasts, until = span
    days, last = RuleDays(with_default_days(rule, begin), begin, steps), _last_day(rule, begin, timezone)
    first = max(since.toordinal() - lasts.days - 2, 1)
    found = days.between(first, min(last, until.toordinal() + 1))
    if rule.count is not None:
        found = islice(found, max(rule.count - days.count_before(first, rule.count), 0))
    return (_at(day, begin) for day in found)


def _days(rule: Rule, begin: datetime) -> RuleDays:
    return RuleDays(with_default_days(rule, begin), begin)


def _at(day: int, begin: datetime) -> datetime:
    return datetime.combine(date.fromordinal(day), begin.time())


def _last_day(rule: Rule, begin: datetime, timezone: str) -> int:
    """The last day that UNTIL allows, as an ordinal. UNTIL is a moment, a local time or a whole day."""
    until = rule.until
    if until is None or until.year == MAXYEAR:
        return date.max.toordinal()
    if not isinstance(until, datetime):
        return until.toordinal()
    if until.tzinfo is None:
        return until.toordinal() - (begin.time() > until.time())
    if until.year == MINYEAR:
        return 0
    here = zone(timezone)
    day = until.astimezone(here).toordinal()
    return day - (_at(day, begin).replace(tzinfo=here).astimezone(UTC) > until)
