"""Dates, times and numbers as a locale writes them, and the locale of who is served now. Without a `locale`, functions use that one."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final, Literal

from babel import Locale, UnknownLocaleError, dates, numbers

DEFAULT: Final = "en"

#: Stands for what is not known, which is no zero.
NONE: Final = "–"

_current: ContextVar[str | None] = ContextVar("locale", default=None)
_sources: list[Callable[[], str | None]] = []

#: English of no country writes days before months, and hours up to 24.
PLAIN_ENGLISH = "en-150"

#: A number that is written otherwise elsewhere: with a comma before three digits, with a point before decimals. Years, days and times have neither.
WRITTEN_OTHERWISE = re.compile(r"(?<![\d.])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+)(?!\.?\d)")


def current() -> str:
    """The locale of who is served now: the one in use, else the one that the process finds out, else English."""
    return _current.get() or next((found for source in _sources if (found := source())), DEFAULT)


@contextmanager
def using(locale: str) -> Iterator[None]:
    """Texts, numbers and dates inside are those of a locale. Threads that begin inside do not know of it."""
    token = _current.set(locale)
    try:
        yield
    finally:
        _current.reset(token)


def find_by(source: Callable[[], str | None]) -> None:
    """How the locale is found where none is in use."""
    _sources[:] = [source]


@lru_cache
def locale_of(name: str) -> Locale:
    """The nearest one that is known; English where none is.

    >>> [str(locale_of(name)) for name in ("en", "de-AT", "es-QQ", "tlh")]
    ['en_150', 'de_AT', 'es', 'en_150']
    """
    language = name.partition("-")[0]
    for wanted in (PLAIN_ENGLISH if name == "en" else name, language):
        try:
            return Locale.parse(wanted, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(PLAIN_ENGLISH, sep="-")


def tag(name: str) -> str:
    """
    >>> tag("DE-at")
    'de-at'
    """
    language, *rest = name.split("-")
    return "-".join([language.lower(), *rest])


def is_known(name: str) -> bool:
    """Whether there are formats of a locale, or at least of its language."""
    language = name.partition("-")[0]
    return language == "en" or locale_of(name).language == language


def first_weekday(locale: str | None = None) -> int:
    """On which day weeks begin there, Monday = 0."""
    return int(_here(locale).first_week_day)


def _here(locale: str | None) -> Locale:
    return locale_of(locale or current())


def count(value: float | None, locale: str | None = None) -> str:
    """A whole number; a dash where there was nothing to count.

    >>> count(1234.4, "en"), count(1234, "de"), count(None, "en")
    ('1,234', '1.234', '–')
    """
    return NONE if value is None else str(numbers.format_decimal(round(value), "#,##0", _here(locale)))


def decimal(value: float | None, least: int = 0, most: int = 2, locale: str | None = None) -> str:
    """A number with as many decimals as it has, within bounds.

    >>> decimal(24.0), decimal(1180.256), decimal(7.25, 1, 1, "de"), decimal(None)
    ('24', '1,180.26', '7,2', '–')
    """
    pattern = f"#,##0.{'0' * least}{'#' * (most - least)}"
    return NONE if value is None else str(numbers.format_decimal(value, pattern, _here(locale)))


def percent(share: float | None, locale: str | None = None) -> str:
    r"""
    >>> percent(0.454), percent(0.454, "de"), percent(None)
    ('45%', '45\xa0%', '–')
    """
    return NONE if share is None else str(numbers.format_percent(share, locale=_here(locale)))


def localised(text: str, locale: str | None = None) -> str:
    """The same text with its numbers as they are written there.

    >>> localised("Focus: 1,234.5 minutes on 2026-10-05 until 09:05.", "de")
    'Focus: 1.234,5 minutes on 2026-10-05 until 09:05.'
    """

    def written(found: re.Match[str]) -> str:
        digits = found[0].replace(",", "")
        decimals = len(digits.partition(".")[2])
        pattern = "#,##0" + (f".{'0' * decimals}" if decimals else "")
        return str(numbers.format_decimal(digits, pattern, locale_of(locale)))

    return WRITTEN_OTHERWISE.sub(written, text)


def day(when: date, locale: str | None = None) -> str:
    """
    >>> day(date(2026, 10, 5), "en"), day(date(2026, 10, 5), "en-US")
    ('5 October 2026', 'October 5, 2026')
    """
    return _date(when, "long", locale)


def date_of(when: date, locale: str | None = None) -> str:
    """A day in few letters.

    >>> date_of(date(2026, 10, 5), "en"), date_of(date(2026, 10, 5), "de")
    ('5 Oct 2026', '05.10.2026')
    """
    return _date(when, "medium", locale)


def weekday(when: date, locale: str | None = None) -> str:
    """A day of a short time, for a narrow column.

    >>> weekday(date(2026, 10, 5), "en"), weekday(date(2026, 10, 5), "de")
    ('Mon 5', 'Mo., 5.')
    """
    return _by("Ed", when, _here(locale))


def whole_day(when: date, locale: str | None = None) -> str:
    """
    >>> whole_day(date(2026, 10, 5), "en"), whole_day(date(2026, 10, 5), "fr")
    ('Monday, 5 October 2026', 'lundi 5 octobre 2026')
    """
    return _date(when, "full", locale)


def day_and_month(when: date, locale: str | None = None) -> str:
    return _by("MMMd", when, _here(locale))


def day_of_year(when: date, locale: str | None = None) -> str:
    """
    >>> day_of_year(date(2027, 1, 13)), day_of_year(date(2027, 1, 13), "de")
    ('13 January', '13. Januar')
    """
    return _by("MMMMd", when, _here(locale))


def day_and_time(when: datetime, locale: str | None = None) -> str:
    """
    >>> day_and_time(datetime(2027, 1, 13, 7)), day_and_time(datetime(2027, 1, 13, 7), "es")
    ('13 January, 07:00', '13 de enero, 7:00')
    """
    return f"{day_of_year(when, locale)}, {clock(when, locale)}"


def month(when: date, locale: str | None = None) -> str:
    return _by("yMMMM", when, _here(locale))


def month_name(when: date, locale: str | None = None) -> str:
    """
    >>> month_name(date(2027, 1, 13)), month_name(date(2027, 1, 13), "fr")
    ('January', 'janvier')
    """
    here = _here(locale)
    return _isolated(dates.format_date(when, "LLLL", here), here)


def span(first: date, last: date, locale: str | None = None) -> str:
    """From one day to another, with what both share said once.

    >>> span(date(2026, 10, 19), date(2026, 10, 25), "en")
    '19–25 Oct 2026'
    """
    return _span(first, last, _here(locale))


@lru_cache(1024)  # finding the pattern takes long, and every report tells of the same days
def _span(first: date, last: date, locale: Locale) -> str:
    return _isolated(dates.format_interval(first, last, "yMMMMd", locale=locale), locale)


def clock(moment: datetime | time, locale: str | None = None) -> str:
    """
    >>> clock(time(14, 5), "en"), clock(time(14, 5), "de")
    ('14:05', '14:05')
    """
    here = _here(locale)
    return _isolated(dates.format_time(moment, "short", locale=here), here)


def moment(when: datetime, locale: str | None = None) -> str:
    """
    >>> moment(datetime(2026, 10, 26, 7), "de")
    '26.10.2026, 07:00'
    """
    here = _here(locale)
    said = (dates.format_time(when, "short", locale=here), dates.format_date(when, "medium", here))
    pattern: Callable[..., str] = str(dates.get_datetime_format("medium", locale=here)).format
    return _isolated(pattern(*said), here)


def hour(of_day: int, locale: str | None = None) -> str:
    """
    >>> hour(9), hour(14, "en-US")
    ('09:00', '2:00\u202fPM')
    """
    return clock(time(of_day % 24), locale)


def weekday_name(day: int, locale: str | None = None, width: str = "wide") -> str:
    """A day of the week by its number, Monday = 0.

    >>> weekday_name(0), weekday_name(6, "fr"), weekday_name(0, "de", "abbreviated")
    ('Monday', 'dimanche', 'Mo')
    """
    return str(_here(locale).days["stand-alone"][width][day])


def _date(when: date, style: Literal["full", "long", "medium"], locale: str | None) -> str:
    here = _here(locale)
    return _isolated(dates.format_date(when, style, here), here)


@lru_cache(1024)
def _by(skeleton: str, when: date, locale: Locale) -> str:
    return _isolated(dates.format_skeleton(skeleton, when, locale=locale), locale)


def _isolated(text: str, locale: Locale) -> str:
    """What runs from right to left stays together in a line that does not."""
    return f"\u2067{text}\u2069" if locale.text_direction == "rtl" else text
