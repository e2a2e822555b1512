"""Dates, times and numbers in the format of the user's locale. The words around them are English in every locale."""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from functools import lru_cache

from babel import Locale, UnknownLocaleError, dates, numbers

#: English of no country writes days before months, and hours up to 24.
PLAIN_ENGLISH = "en-150"

#: A number that is written otherwise elsewhere: with a comma before three digits, with a point before decimals. Years, days and times have neither.
WRITTEN_OTHERWISE = re.compile(r"(?<![\d.])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+)(?!\.?\d)")


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


def first_weekday(locale: str) -> int:
    """On which day weeks begin there, Monday = 0."""
    return int(locale_of(locale).first_week_day)


def count(value: float | None, locale: str) -> str:
    """A whole number; a dash where there was nothing to count.

    >>> count(1234.4, "en"), count(1234, "de"), count(None, "en")
    ('1,234', '1.234', '–')
    """
    return "–" if value is None else str(numbers.format_decimal(round(value), "#,##0", locale_of(locale)))


def localised(text: str, locale: str) -> str:
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


def day(when: date, locale: str) -> str:
    """
    >>> day(date(2026, 10, 5), "en"), day(date(2026, 10, 5), "en-US")
    ('5 October 2026', 'October 5, 2026')
    """
    return _isolated(dates.format_date(when, "long", locale_of(locale)), locale)


def date_of(when: date, locale: str) -> str:
    """A day in few letters.

    >>> date_of(date(2026, 10, 5), "en"), date_of(date(2026, 10, 5), "de")
    ('5 Oct 2026', '05.10.2026')
    """
    return _isolated(dates.format_date(when, "medium", locale_of(locale)), locale)


def weekday(when: date, locale: str) -> str:
    """A day of a short time, for a narrow column.

    >>> weekday(date(2026, 10, 5), "en"), weekday(date(2026, 10, 5), "de")
    ('Mon 5', 'Mo., 5.')
    """
    return _by("Ed", when, locale)


def whole_day(when: date, locale: str) -> str:
    """
    >>> whole_day(date(2026, 10, 5), "en"), whole_day(date(2026, 10, 5), "fr")
    ('Monday, 5 October 2026', 'lundi 5 octobre 2026')
    """
    return _isolated(dates.format_date(when, "full", locale_of(locale)), locale)


def day_and_month(when: date, locale: str) -> str:
    return _by("MMMd", when, locale)


def month(when: date, locale: str) -> str:
    return _by("yMMMM", when, locale)


@lru_cache(1024)  # finding the pattern takes long, and every report tells of the same days
def span(first: date, last: date, locale: str) -> str:
    """From one day to another, with what both share said once.

    >>> span(date(2026, 10, 19), date(2026, 10, 25), "en")
    '19–25 Oct 2026'
    """
    return _isolated(dates.format_interval(first, last, "yMMMMd", locale=locale_of(locale)), locale)


def clock(moment: datetime | time, locale: str) -> str:
    """
    >>> clock(time(14, 5), "en"), clock(time(14, 5), "de")
    ('14:05', '14:05')
    """
    return _isolated(dates.format_time(moment, "short", locale=locale_of(locale)), locale)


def moment(when: datetime, locale: str) -> str:
    """
    >>> moment(datetime(2026, 10, 26, 7), "de")
    '26.10.2026, 07:00'
    """
    here = locale_of(locale)
    said = (dates.format_time(when, "short", locale=here), dates.format_date(when, "medium", here))
    pattern: Callable[..., str] = str(dates.get_datetime_format("medium", locale=here)).format
    return _isolated(pattern(*said), locale)


@lru_cache(1024)
def _by(skeleton: str, when: date, locale: str) -> str:
    return _isolated(dates.format_skeleton(skeleton, when, locale=locale_of(locale)), locale)


def _isolated(text: str, locale: str) -> str:
    """What runs from right to left stays together in a line that does not."""
    return f"\u2067{text}\u2069" if locale_of(locale).text_direction == "rtl" else text
