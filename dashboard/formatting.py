"""Numbers in words. Zero never stands for what could not be computed; that is a dash."""

from datetime import date, datetime

import polars as pl

from focusflow import locales
from focusflow.durations import duration
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from focusflow.spreadsheet import FORMULA

NONE = locales.NONE


def lead_time(hours: float | None) -> str:
    """
    >>> lead_time(0.5), lead_time(30.2), lead_time(80)
    ('30 min', '30 h', '3.3 days')
    """
    if hours is None or hours < 48:
        return duration(hours and hours * 60)
    days = hours / 24
    return ngettext("{days} day", "{days} days", days, days=locales.decimal(days, 1, 1))


def number(value: float | None) -> str:
    return locales.count(value)


def amount(value: float) -> str:
    """A number as exactly as somebody would write it down.

    >>> amount(24.0), amount(1180.25), amount(0.333)
    ('24', '1,180.25', '0.33')
    """
    return locales.decimal(value)


def tenths(value: float | None) -> str:
    return locales.decimal(value, 1, 1)


def signed(value: float, decimals: int = 1) -> str:
    """
    >>> signed(1.25), signed(-0.5), signed(0.0317, 3)
    ('+1.2', '-0.5', '+0.032')
    """
    return f"{'-' if value < 0 else '+'}{locales.decimal(abs(value), decimals, decimals)}"


def percent(value: float | None) -> str:
    return locales.percent(value)


def chance(value: float) -> str:
    """A percentage that is never certain.

    >>> chance(0.001), chance(0.45), chance(1.0)
    ('under 1%', '45%', 'over 99%')
    """
    if value < 0.01:
        return _("under {share}", share=percent(0.01))
    return _("over {share}", share=percent(0.99)) if value > 0.99 else percent(value)


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
        return _("the same as in the period before")
    size = abs(difference)
    amount = duration(size) if show == "minutes" else locales.count(size)
    if show in ("percent", "points"):
        amount = ngettext("{n} point", "{n} points", size)
    if difference > 0:
        return _("{amount} more than in the period before", amount=amount)
    if show == "number":
        return _("{amount} fewer than in the period before", amount=amount)
    return _("{amount} less than in the period before", amount=amount)


PRIORITIES = {"low": mark("low"), "medium": mark("medium"), "high": mark("high"), "urgent": mark("urgent")}


def priority(name: object) -> str:
    return _(PRIORITIES.get(str(name), str(name)))


def spreadsheet(frame: pl.DataFrame) -> str:
    """A frame as CSV, in which no text is a formula.

    >>> spreadsheet(pl.DataFrame({"title": ["=1+1", "-x"], "points": [-1, 2]})).splitlines()
    ['title,points', "'=1+1,-1", "'-x,2"]
    """
    texts = pl.col(pl.String)
    is_formula = texts.str.slice(0, 1).is_in(FORMULA)
    return frame.with_columns(pl.when(is_formula).then("'" + texts).otherwise(texts).name.keep()).write_csv()


def shorten(text: str, length: int = 160) -> str:
    """A title where all of it would push away what stands below.

    >>> shorten("Water the plants"), shorten("Water all the plants", 10)
    ('Water the plants', 'Water all…')
    """
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def greeting(hour: int) -> str:
    """
    >>> greeting(8), greeting(14), greeting(22)
    ('Good morning', 'Good afternoon', 'Good evening')
    """
    if 4 <= hour < 12:
        return _("Good morning")
    return _("Good afternoon") if 12 <= hour < 18 else _("Good evening")


def long_date(day: date) -> str:
    """
    >>> long_date(date(2026, 11, 20))
    'Friday, 20 November 2026'
    """
    return locales.whole_day(day)


def short_date(day: date) -> str:
    """
    >>> short_date(date(2026, 11, 20))
    '20 November 2026'
    """
    return locales.day(day)


def date_input_format() -> str:
    """How a date is entered: in the order of the locale. Plain English takes the order that nobody misreads.

    >>> date_input_format()
    'YYYY-MM-DD'
    >>> with locales.using("de"):
    ...     date_input_format()
    'DD.MM.YYYY'
    """
    if locales.current() == locales.DEFAULT:
        return "YYYY-MM-DD"
    pattern = str(locales.locale_of(locales.current()).date_formats["short"].pattern)
    order = sorted({"y": "YYYY", "M": "MM", "d": "DD"}.items(), key=lambda each: pattern.find(each[0]))
    separator = next((sign for sign in "./" if sign in pattern), "-")
    return separator.join(part for _letter, part in order)


def due(task: dict[str, object], today: date, moment: datetime | None) -> str:
    """When a task is due, as one would say it; empty when it is not."""
    day = date.fromisoformat(str(task["due_date"])) if task.get("due_date") else moment.date() if moment else None
    if day is None:
        return ""
    away = (day - today).days
    if away == -1:
        return _("yesterday")
    if away < 0:
        return ngettext("{n} day ago", "{n} days ago", -away)
    if away >= 7:
        return locales.day_of_year(day)
    named = (_("today"), _("tomorrow"))[away] if away < 2 else locales.weekday_name(day.weekday())
    return _("{day} at {time}", day=named, time=locales.clock(moment)) if moment else named
