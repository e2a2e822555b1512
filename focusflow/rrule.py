"""Parses the text of an RFC 5545 recurrence rule. `rule_days` computes the days of a rule.

Parsing is lenient, so that rules stored under older checks keep their meaning; `check_text` validates new rules against the RFC.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from focusflow.errors import Invalid

Frequency = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

#: The limit of the event contract.
MAX_LENGTH = 500

NUMBER = re.compile(r"[+-]?\d{1,3}")
COUNT = re.compile(r"0*([1-9]\d{0,5})")
WEEKDAY = re.compile(rf"([+-]?\d{{1,2}})?({'|'.join(WEEKDAYS)})")
UNTIL = re.compile(r"\d{8}(T\d{6}Z?)?")

#: The largest number in each list, and whether it may count from the end.
LISTS = {
    "BYMONTH": (12, False),
    "BYMONTHDAY": (31, True),
    "BYYEARDAY": (366, True),
    "BYWEEKNO": (53, True),
    "BYSETPOS": (366, True),
}
TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")

#: What else than BYMONTH tells that a yearly rule with BYMONTHDAY means days of all months.
MONTHS_KNOWN_BY = {"BYMONTH", "BYYEARDAY", "BYWEEKNO", "BYDAY"}

#: The frequencies with which the RFC does not allow a part.
NOT_WITH = {"BYMONTHDAY": ("WEEKLY",), "BYYEARDAY": FREQUENCIES[:3], "BYWEEKNO": FREQUENCIES[:3]}


class BadRecurrence(Invalid):
    """It is not an RFC 5545 recurrence rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed rule; missing lists are empty. A weekday is Monday = 0, with its number in the month or year, or 0 for every one."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    weeks: frozenset[int] = frozenset()
    weekdays: frozenset[tuple[int, int]] = frozenset()
    positions: frozenset[int] = frozenset()
    week_start: int = 0


def parse_rule(text: str) -> Rule:
    """Parse a rule. Of a part that appears twice, the last one counts.

    >>> parse_rule("FREQ=WEEKLY;BYDAY=TU").weekdays
    frozenset({(1, 0)})
    """
    return _read(dict(_parts(text)))


def check_text(text: str) -> Rule:
    """Parse a new rule, and refuse what the RFC does not allow."""
    pairs = _parts(text)
    parts = dict(pairs)
    if len(parts) < len(pairs):
        names = [name for name, _ in pairs]
        raise BadRecurrence(f"{next(name for name in names if names.count(name) > 1)} appears twice")
    if any(name in parts for name in TIMES):
        raise BadRecurrence("BYHOUR, BYMINUTE and BYSECOND are not supported: the time of day is that of the start")
    rule = _read(parts)
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadRecurrence("COUNT and UNTIL cannot be used together")
    if "UNTIL" in parts and not UNTIL.fullmatch(parts["UNTIL"]):
        raise BadRecurrence("UNTIL should be written like 20261231T225959Z or 20261231")
    for name, frequencies in NOT_WITH.items():
        if name in parts and rule.frequency in frequencies:
            raise BadRecurrence(f"{name} cannot be used with FREQ={rule.frequency}")
    if any(number for _, number in rule.weekdays) and (rule.frequency in FREQUENCIES[:2] or rule.weeks):
        where = "BYWEEKNO" if rule.weeks else f"FREQ={rule.frequency}"
        raise BadRecurrence(f"a BYDAY with a number cannot be used with {where}")
    _check_ambiguity(rule, parts)
    if rule.positions and not any(name.startswith("BY") and name != "BYSETPOS" for name in parts):
        raise BadRecurrence("BYSETPOS needs another part that begins with BY")
    return rule


def _check_ambiguity(rule: Rule, parts: Mapping[str, str]) -> None:
    """Refuse what the RFC leaves open and calendars read differently."""
    if rule.frequency == "YEARLY" and rule.weeks and rule.interval > 1:
        raise BadRecurrence(
            "BYWEEKNO with an INTERVAL is not supported: calendars differ on the year of a week that reaches into two"
        )
    if rule.frequency == "YEARLY" and rule.month_days and not set(parts) & MONTHS_KNOWN_BY:
        raise BadRecurrence("BYMONTHDAY with FREQ=YEARLY needs BYMONTH: calendars differ on the month without it")


def _parts(text: str) -> list[tuple[str, str]]:
    if len(text) > MAX_LENGTH:
        raise BadRecurrence(f"it should have at most {MAX_LENGTH} characters")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise BadRecurrence("it should be one line without spaces, like FREQ=WEEKLY;BYDAY=TU")
    pairs = [part.partition("=") for part in text.upper().removeprefix("RRULE:").split(";")]
    for name, _, value in pairs:
        if name not in READERS:
            raise BadRecurrence(f"{name[:20] or 'an empty text'} is not a part of an RFC 5545 recurrence rule")
        if not value:
            raise BadRecurrence(f"{name} has no value")
    return [(name, value) for name, _, value in pairs]


def _read(parts: Mapping[str, str]) -> Rule:
    if "FREQ" not in parts:
        raise BadRecurrence("FREQ is missing")
    found = {READERS[name][0]: READERS[name][1](name, value) for name, value in parts.items() if name not in TIMES}
    return Rule(**found)


def _frequency(_: str, value: str) -> str:
    if value not in FREQUENCIES:
        raise BadRecurrence("FREQ should be DAILY, WEEKLY, MONTHLY or YEARLY")
    return value


def _count(name: str, value: str) -> int:
    found = COUNT.fullmatch(value)
    if found is None:
        raise BadRecurrence(f"{name} should be a whole number from 1 to 999999")
    return int(found[1])


def _until(_: str, value: str) -> date | datetime:
    try:
        return date.fromisoformat(value) if "T" not in value else datetime.fromisoformat(value)
    except ValueError as error:
        raise BadRecurrence("UNTIL is not a date or moment, like 20261231 or 20261231T225959Z") from error


def _numbers(name: str, value: str) -> frozenset[int]:
    largest, is_signed = LISTS[name]
    numbers = value.split(",")
    if not all(map(NUMBER.fullmatch, numbers)):
        raise BadRecurrence(f"{name} should be a list of numbers")
    found = frozenset(map(int, numbers))
    if 0 in found or max(found) > largest or min(found) < -largest * is_signed:
        also = f" or -{largest} to -1" * is_signed
        raise BadRecurrence(f"{name} should be from 1 to {largest}{also}")
    return found


def _weekdays(_: str, value: str) -> frozenset[tuple[int, int]]:
    found = [WEEKDAY.fullmatch(each) for each in value.split(",")]
    days = frozenset((WEEKDAYS.index(each[2]), int(each[1] or 0)) for each in found if each)
    if not all(found) or any(each and each[1] and int(each[1]) == 0 for each in found):
        raise BadRecurrence("BYDAY should be a list of MO, TU, WE, TH, FR, SA and SU, with or without a number")
    if any(abs(number) > 53 for _, number in days):
        raise BadRecurrence("a number in BYDAY should be from 1 to 53 or -53 to -1")
    return days


def _week_start(_: str, value: str) -> int:
    if value not in WEEKDAYS:
        raise BadRecurrence("WKST should be MO, TU, WE, TH, FR, SA or SU")
    return WEEKDAYS.index(value)


READERS: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "FREQ": ("frequency", _frequency),
    "INTERVAL": ("interval", _count),
    "COUNT": ("count", _count),
    "UNTIL": ("until", _until),
    "BYMONTH": ("months", _numbers),
    "BYMONTHDAY": ("month_days", _numbers),
    "BYYEARDAY": ("year_days", _numbers),
    "BYWEEKNO": ("weeks", _numbers),
    "BYDAY": ("weekdays", _weekdays),
    "BYSETPOS": ("positions", _numbers),
    "WKST": ("week_start", _week_start),
} | {name: ("", lambda *_: None) for name in TIMES}
