"""Forecast dates as exactly as they are known: a day, a part of a month, a month or a year, never a day that a wide range makes up."""

from collections.abc import Callable
from datetime import date

from focusflow import locales
from focusflow.i18n import gettext as _

#: Up to how many days a range may span for a day, for a third of a month, and for a month to be said.
DAY_KNOWN, PART_KNOWN, MONTH_KNOWN = 10, 60, 540

Names = Callable[[date], str]


def approximately(
    day: date, span_days: int | None, name_day: Names = locales.day, name_month: Names = locales.month
) -> str:
    """A day of a forecast whose range spans so many days; None where the range has no end.

    >>> approximately(date(2027, 3, 12), 7), approximately(date(2027, 3, 12), 40)
    ('12 March 2027', 'mid-March 2027')
    >>> approximately(date(2027, 3, 12), 200), approximately(date(2027, 3, 12), None)
    ('March 2027', '2027')
    """
    if span_days is None or span_days > MONTH_KNOWN:
        return f"{day.year}"
    if span_days > PART_KNOWN:
        return name_month(day)
    if span_days > DAY_KNOWN:
        month = name_month(day)
        if day.day <= 10:
            return _("early {month}", month=month)
        return _("mid-{month}", month=month) if day.day <= 20 else _("late {month}", month=month)
    return name_day(day)


def between(early: date, late: date | None, name_day: Names = locales.day, name_month: Names = locales.month) -> str:
    """The range itself, in the same way; once where both ends are called the same.

    >>> between(date(2027, 3, 1), date(2027, 4, 9)), between(date(2027, 3, 1), date(2027, 3, 9))
    ('between early March 2027 and early April 2027', 'between 1 March 2027 and 9 March 2027')
    >>> between(date(2027, 3, 1), None)
    'not before 2027'
    """
    span = (late - early).days if late else None
    first = approximately(early, span, name_day, name_month)
    if late is None:
        return _("not before {first}", first=first)
    last = approximately(late, span, name_day, name_month)
    return _("in {when}", when=first) if first == last else _("between {first} and {last}", first=first, last=last)
