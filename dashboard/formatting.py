"""Numbers in words. Zero never stands for what could not be computed; that is a dash."""

from datetime import date, datetime

import polars as pl

from focusflow.spreadsheet import FORMULA

NONE = "–"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def minutes(value: float | None) -> str:
    """
    >>> minutes(135.2)
    '2 h 15 min'
    >>> minutes(50)
    '50 min'
    """
    if value is None:
        return NONE
    hours, rest = divmod(round(value), 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest:02} min" if rest else f"{hours} h"


def hours(value: float | None) -> str:
    """
    >>> hours(1234)
    '20.6 h'
    """
    return NONE if value is None else f"{value / 60:,.1f} h"


def duration(value: float | None) -> str:
    """Hours, as one would say them.

    >>> duration(0.5), duration(30.2), duration(80)
    ('30 min', '30 h', '3.3 days')
    """
    if value is None:
        return NONE
    if value < 2:
        return minutes(value * 60)
    return f"{value:.0f} h" if value < 48 else f"{value / 24:.1f} days"


def number(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"


def count(value: int, thing: str, things: str | None = None) -> str:
    """
    >>> count(1, "day"), count(1200, "task"), count(2, "user", "users")
    ('1 day', '1,200 tasks', '2 users')
    """
    return f"{value:,} {thing}" if value == 1 else f"{value:,} {things or f'{thing}s'}"


def tenths(value: float | None) -> str:
    return NONE if value is None else f"{value:,.1f}"


def percent(value: float | None) -> str:
    return NONE if value is None else f"{value:.0%}"


def chance(value: float) -> str:
    """A percentage that is never certain.

    >>> chance(0.001), chance(0.45), chance(1.0)
    ('under 1%', '45%', 'over 99%')
    """
    return "under 1%" if value < 0.01 else "over 99%" if value > 0.99 else percent(value)


def against_before(now: float | None, before: float | None, show: str = "number") -> str | None:
    """The difference to the period before, in the metric's own unit; None when there is nothing to compare with.

    >>> against_before(12, 10), against_before(10, 12)
    ('2 more than in the period before', '2 fewer than in the period before')
    >>> against_before(0.8, 0.85, "percent"), against_before(0.86, 0.85, "percent")
    ('5 points less than in the period before', '1 point more than in the period before')
    >>> against_before(90, 60, "hours"), against_before(61, 60, "hours")
    ('0.5 h more than in the period before', 'the same as in the period before')
    """
    if now is None or before is None:
        return None
    scale, digits = {"percent": (100, 0), "hours": (1 / 60, 1)}.get(show, (1, 0))
    difference = round((now - before) * scale, digits)
    if not difference:
        return "the same as in the period before"
    amount = f"{abs(difference):,.{digits}f}"
    if show in ("percent", "points"):
        amount += " point" if abs(difference) == 1 else " points"
    less = "fewer" if show == "number" else "less"
    return f"{amount}{' h' if show == 'hours' else ''} {'more' if difference > 0 else less} than in the period before"


def spreadsheet(frame: pl.DataFrame) -> str:
    """A frame as CSV, in which no text is a formula.

    >>> spreadsheet(pl.DataFrame({"title": ["=1+1", "-x"], "points": [-1, 2]})).splitlines()
    ['title,points', "'=1+1,-1", "'-x,2"]
    """
    texts = pl.col(pl.String)
    is_formula = texts.str.slice(0, 1).is_in(FORMULA)
    return frame.with_columns(pl.when(is_formula).then("'" + texts).otherwise(texts).name.keep()).write_csv()


def greeting(hour: int) -> str:
    """
    >>> greeting(8), greeting(14), greeting(22)
    ('Good morning', 'Good afternoon', 'Good evening')
    """
    if 4 <= hour < 12:
        return "Good morning"
    return "Good afternoon" if 12 <= hour < 18 else "Good evening"


def long_date(day: date) -> str:
    """
    >>> long_date(date(2026, 11, 20))
    'Friday, 20 November 2026'
    """
    return f"{day:%A}, {day.day} {day:%B %Y}"


def short_date(day: date) -> str:
    """
    >>> short_date(date(2026, 11, 20))
    '20 November 2026'
    """
    return f"{day.day} {day:%B %Y}"


def due(task: dict[str, object], today: date, moment: datetime | None) -> str:
    """When a task is due, as one would say it; empty when it is not."""
    day = date.fromisoformat(str(task["due_date"])) if task.get("due_date") else moment.date() if moment else None
    if day is None:
        return ""
    at = f" at {moment:%H:%M}" if moment else ""
    away = (day - today).days
    if away == 0:
        return f"today{at}"
    if away == 1:
        return f"tomorrow{at}"
    if away == -1:
        return "yesterday"
    if away < 0:
        return f"{-away} days ago"
    return f"{day:%A}{at}" if away < 7 else f"{day.day} {day:%B}"
