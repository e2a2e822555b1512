"""Recurrence as Microsoft Graph describes it, as a rule of RFC 5545 and back. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from ingestion.calendars.components import Moment

DAYS = {"sunday": "SU", "monday": "MO", "tuesday": "TU", "wednesday": "WE", "thursday": "TH", "friday": "FR", "saturday": "SA"}  # fmt: skip
INDEXES = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}

NAMES = {short: name for name, short in DAYS.items()}
POSITIONS = {number: name for name, number in INDEXES.items()}

#: Of a rule, what a pattern can say.
KNOWN = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"})

#: Days that not every month has: there, Outlook takes the last one.
SHORTEST_MONTH = 28

Pattern = Mapping[str, Any]


def to_rule(recurrence: Pattern, start: Moment) -> tuple[str, ...]:
    """The line of the rule. A week's day that follows from the start is left out, so that it follows when the start is moved.

    >>> to_rule({"pattern": {"type": "weekly", "daysOfWeek": ["tuesday"]}, "range": {"type": "noEnd"}}, date(2026, 12, 29))
    ('RRULE:FREQ=WEEKLY',)
    >>> pattern = {"type": "relativeMonthly", "interval": 2, "daysOfWeek": ["tuesday"], "index": "last"}
    >>> to_rule({"pattern": pattern, "range": {"type": "numbered", "numberOfOccurrences": 5}}, date(2026, 12, 29))
    ('RRULE:FREQ=MONTHLY;INTERVAL=2;BYDAY=TU;BYSETPOS=-1;COUNT=5',)
    """
    pattern, span = recurrence["pattern"], recurrence["range"]
    kind, interval = str(pattern["type"]), int(pattern.get("interval") or 1)
    frequency = "MONTHLY" if kind.endswith("Monthly") else "YEARLY" if kind.endswith("Yearly") else kind.upper()
    parts = [f"FREQ={frequency}"]
    if interval > 1:
        parts.append(f"INTERVAL={interval}")
    if frequency == "YEARLY":
        parts.append(f"BYMONTH={pattern['month']}")
    if kind == "weekly" and pattern["daysOfWeek"] != [_weekday(start)]:
        parts.append(f"BYDAY={_days(pattern)}")
        if interval > 1:
            parts.append(f"WKST={DAYS[pattern.get('firstDayOfWeek') or 'sunday']}")
    elif kind.startswith("relative"):
        parts += [f"BYDAY={_days(pattern)}", f"BYSETPOS={INDEXES[pattern.get('index') or 'first']}"]
    elif kind.startswith("absolute"):
        day = int(pattern["dayOfMonth"])
        days = range(SHORTEST_MONTH, day + 1) if day > SHORTEST_MONTH and frequency == "MONTHLY" else (day,)
        parts.append(f"BYMONTHDAY={','.join(map(str, days))}")
        if len(days) > 1:
            parts.append("BYSETPOS=-1")
    if span["type"] == "numbered":
        parts.append(f"COUNT={span['numberOfOccurrences']}")
    elif span["type"] == "endDate":
        parts.append(f"UNTIL={_until(date.fromisoformat(span['endDate']), start)}")
    return (f"RRULE:{';'.join(parts)}",)


def from_rule(rules: tuple[str, ...], start: Moment) -> dict[str, Any]:
    """The pattern and span of a rule. Raises `ValueError` where there are none.

    >>> from_rule(("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4",), date(2026, 12, 2))["pattern"]
    {'type': 'weekly', 'interval': 1, 'daysOfWeek': ['monday', 'wednesday'], 'firstDayOfWeek': 'monday'}
    """
    if len(rules) != 1 or not rules[0].startswith("RRULE:"):
        raise ValueError("Microsoft's calendars have no series of several rules or single dates")
    parts = dict(part.partition("=")[::2] for part in rules[0].removeprefix("RRULE:").upper().split(";"))
    if parts.keys() - KNOWN:
        raise ValueError(f"Microsoft's calendars cannot follow the rule {rules[0]}")
    day = start.date() if isinstance(start, datetime) else start
    return {"pattern": _pattern(parts, day, rules[0]), "range": _range(parts, start, day)}


def _pattern(parts: Mapping[str, str], day: date, rule: str) -> dict[str, Any]:
    given = [each for each in parts.get("BYDAY", "").split(",") if each]
    days = [NAMES[each[-2:]] for each in given]
    positions = {each[:-2] for each in given} | ({parts["BYSETPOS"]} if "BYSETPOS" in parts else set())
    positions.discard("")
    pattern: dict[str, Any] = {"interval": int(parts.get("INTERVAL", "1"))}
    month_days, months = parts.get("BYMONTHDAY", "").split(","), parts.get("BYMONTH", str(day.month)).split(",")
    match parts["FREQ"]:
        case "DAILY" if not parts.keys() & {"BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"}:
            return {"type": "daily", **pattern}
        case "WEEKLY" if not positions and not parts.keys() & {"BYMONTHDAY", "BYMONTH"}:
            days = days or [_weekday(day)]
            if _weekday(day) not in days:
                raise ValueError("Microsoft's calendars have no series that begins on a day that is none of its rule")
            return {"type": "weekly", **pattern, "daysOfWeek": days, "firstDayOfWeek": NAMES[parts.get("WKST", "MO")]}
        case "MONTHLY" | "YEARLY" as frequency if len(months) == 1 and (
            frequency == "YEARLY" or "BYMONTH" not in parts
        ):
            name = frequency.capitalize()
            if frequency == "YEARLY":
                pattern["month"] = int(months[0])
            if days and len(positions) == 1 and "BYMONTHDAY" not in parts:
                index = POSITIONS.get(int(positions.pop()))
                if index is not None and (frequency == "MONTHLY" or "BYMONTH" in parts):
                    return {"type": f"relative{name}", **pattern, "daysOfWeek": days, "index": index}
            elif not days and (number := _day_of_month(month_days, parts.get("BYSETPOS"), day, frequency)):
                return {"type": f"absolute{name}", **pattern, "dayOfMonth": number}
    raise ValueError(f"Microsoft's calendars cannot follow the rule {rule}")


def _day_of_month(given: list[str], position: str | None, day: date, frequency: str) -> int | None:
    """The day, where a pattern means the same: a month without it is none for a rule, and ends with another day for a pattern."""
    if given == [""]:
        return day.day if position is None and (day.day <= SHORTEST_MONTH or frequency == "YEARLY") else None
    numbers = [int(each) for each in given]
    if len(numbers) == 1 and position is None:
        return numbers[0] if 0 < numbers[0] <= SHORTEST_MONTH or (frequency == "YEARLY" and numbers[0] > 0) else None
    if numbers == [-1]:
        return 31
    last = numbers[-1]
    return last if position == "-1" and numbers == list(range(SHORTEST_MONTH, last + 1)) else None


def _range(parts: Mapping[str, str], start: Moment, day: date) -> dict[str, Any]:
    span: dict[str, Any] = {"startDate": day.isoformat()}
    if "COUNT" in parts:
        return span | {"type": "numbered", "numberOfOccurrences": int(parts["COUNT"])}
    if "UNTIL" not in parts:
        return span | {"type": "noEnd"}
    text = parts["UNTIL"]
    last = datetime.strptime(text[:8], "%Y%m%d").date()  # noqa: DTZ007 (a day)
    if text.endswith("Z") and isinstance(start, datetime):
        moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).astimezone(start.tzinfo)
        last = moment.date()
    return span | {"type": "endDate", "endDate": last.isoformat()}


def _weekday(day: date) -> str:
    return NAMES[list(NAMES)[(day.weekday() + 1) % 7]]


def _days(pattern: Pattern) -> str:
    return ",".join(DAYS[each] for each in pattern["daysOfWeek"])


def _until(day: date, start: Moment) -> str:
    if not isinstance(start, datetime):
        return f"{day:%Y%m%d}"
    return f"{datetime.combine(day, time.max, start.tzinfo).astimezone(UTC):%Y%m%dT%H%M%SZ}"
