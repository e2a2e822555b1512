"""Numbers in words. Zero never stands for what could not be computed; that is a dash."""

from datetime import date, datetime

import polars as pl

from focusflow.durations import duration
from focusflow.spreadsheet import FORMULA

NONE = "–"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def lead_time(hours: float | None) -> str:
    """
    >>> lead_time(0.5), lead_time(30.2), lead_time(80)
    ('30 min', '30 h', '3.3 days')
    """
    return duration(hours and hours * 60) if hours is None or hours < 48 else f"{hours / 24:.1f} days"


def number(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"


def amount(value: float) -> str:
    """A number as exactly as somebody would write it down.

    >>> amount(24.0), amount(1180.25), amount(0.333)
    ('24', '1,180.25', '0.33')
    """
    return f"{value:,.2f}".rstrip("0").rstrip(".")


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
    >>> against_before(90, 60, "minutes"), against_before(60.2, 60, "minutes")
    ('30 min more than in the period before', 'the same as in the period before')
    """
    if now is None or before is None:
        return None
    difference = round((now - before) * (100 if show == "percent" else 1))
    if not difference:
        return "the same as in the period before"
    amount = duration(abs(difference)) if show == "minutes" else f"{abs(difference):,}"
    if show in ("percent", "points"):
        amount += " point" if abs(difference) == 1 else " points"
    less = "fewer" if show == "number" else "less"
    return f"{amount} {'more' if difference > 0 else less} than in the period before"


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
