"""Durations as text. Pages, emails and commands all say them in this way."""

from focusflow import locales

#: From here on, minutes say nothing.
WHOLE_HOURS_FROM = 600


def duration(minutes: float | None) -> str:
    """
    >>> duration(50), duration(120), duration(444.2), duration(2285), duration(None)
    ('50 min', '2 h', '7 h 24 min', '38 h', '–')
    """
    if minutes is None:
        return locales.NONE
    if minutes >= WHOLE_HOURS_FROM - 0.5:
        return f"{locales.count(minutes / 60)} h"
    return exact_duration(minutes)


def exact_duration(minutes: float) -> str:
    """To the minute, however long.

    >>> exact_duration(2285), exact_duration(50.4)
    ('38 h 5 min', '50 min')
    """
    hours, rest = divmod(round(minutes), 60)
    if not hours:
        return f"{rest} min"
    return f"{locales.count(hours)} h {rest} min" if rest else f"{locales.count(hours)} h"
