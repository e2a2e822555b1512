"""The days of a report, side by side: score, tasks and focus of each day, week or month."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from focusflow import locales
from focusflow.clock import Period
from focusflow.durations import duration
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from reports.periods.facts import Facts

#: Up to so many days the chart shows days, then weeks, then months.
DAYS_AS_DAYS: Final = 14
DAYS_AS_WEEKS: Final = 92
SO_FAR: Final = mark("so far")  # what is noted at the bar that today is in

#: What is drawn beside the score, and how it is written.
MEASURES: Final[dict[str, Callable[[float | None], str]]] = {
    "tasks_completed": locales.count,
    "focus_minutes": duration,
}


@dataclass(frozen=True, slots=True)
class Measure:
    """What else the days of a bar came to; `share` is of the most in the chart."""

    value: str
    share: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One day, week or month in the chart, by its first day; `share` is of 100 points, and `value` None where it has no score, for the
    reason in `note`.
    """

    day: date
    value: float | None
    share: float
    label: str = ""
    note: str = ""
    measures: tuple[Measure, ...] = ()

    @property
    def value_text(self) -> str:
        if self.value is None:
            is_running = self.note in (SO_FAR, _(SO_FAR))
            return _("no score so far") if is_running else self.note or _("no score")
        return f"{self.value:.0f} {self.note}".strip()

    @property
    def cells(self) -> tuple[Measure, ...]:
        """What its days came to, the score first."""
        return (Measure(self.value_text, self.share), *self.measures)


def title(days: int, *, has_measures: bool) -> str:
    if days <= DAYS_AS_DAYS:
        return _("Day by day") if has_measures else _("Score by day")
    if days <= DAYS_AS_WEEKS:
        return _("Week by week") if has_measures else _("Score by week")
    return _("Month by month") if has_measures else _("Score by month")


def measured(facts: Facts) -> tuple[str, ...]:
    """Of what there is something to draw."""
    return tuple(name for name in MEASURES if any(row.get(name) for row in facts.days))


def bars(facts: Facts, measures: Collection[str]) -> tuple[Bar, ...]:
    """A bar for each day; for more than a fortnight for each week, for more than a quarter for each month: the mean of the days that
    are over and have a score. Today has a bar of its own only. What has no score is not a low one.
    """
    rows = {row["local_date"]: row for row in facts.days}
    is_by_day = facts.period.days <= DAYS_AS_DAYS
    spans = [(first, list(days)) for first, days in groupby(facts.period, _beginning(facts))]
    sums = [
        [sum(rows[day].get(name) or 0 for day in days if day in rows) for _first, days in spans] for name in measures
    ]
    made = []
    for place, (first, days) in enumerate(spans):
        scores = [rows[day]["productivity_score"] for day in days if day in rows and (is_by_day or day < facts.today)]
        known = [score for score in scores if score is not None]
        value = sum(known) / len(known) if known else None
        drawn = tuple(
            Measure(MEASURES[name](each[place]) if first <= facts.today else "", each[place] / max(each))
            for name, each in zip(measures, sums, strict=True)
        )
        made.append(Bar(first, value, (value or 0) / 100, _named(facts, first), _note(facts, days), drawn))
    return tuple(made)


def _note(facts: Facts, days: Sequence[date]) -> str:
    """What is to be known about a bar: that it goes on, or that it was free."""
    if days[0] > facts.today:
        return _("to come")
    if facts.today <= days[-1]:
        return _(SO_FAR)
    off = {row["local_date"] for row in facts.days if row.get("is_day_off")}
    return ngettext("day off", "days off", len(days)) if off.issuperset(days) else ""


def _beginning(facts: Facts) -> Callable[[date], date]:
    if facts.period.days <= DAYS_AS_DAYS:
        return lambda day: day
    if facts.period.days > DAYS_AS_WEEKS:
        return lambda day: day.replace(day=1)
    return lambda day: max(facts.period.first, Period.week_of(day, facts.user.week_start).first)


def _named(facts: Facts, first: date) -> str:
    days = facts.period.days
    if days <= DAYS_AS_DAYS:
        return locales.weekday(first)
    return locales.month(first) if days > DAYS_AS_WEEKS else _("from {day}", day=locales.day_and_month(first))
