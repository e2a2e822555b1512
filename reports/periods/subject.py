"""The subject of a report's email: what the period came to, and what is rare about it. Only what the numbers support."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from focusflow import locales
from focusflow.i18n import gettext as _
from focusflow.i18n import ngettext
from reports.periods.facts import Facts

#: A score is called the best only if it beats so many earlier ones in a row.
LEAST_BEATEN: Final = {"week": 4, "month": 3}

#: A month as long ago as this is named with its year.
NAMED_WITH_YEAR: Final = timedelta(days=330)


def subject(facts: Facts, label: str) -> str:
    counts = ", ".join(_counts(facts))
    score = facts.totals["productivity_score"]
    if facts.is_empty or score is None:
        return f"{label}: {_('nothing recorded') if facts.is_empty else counts}"
    if praise := best(facts) or _above_usual(facts):
        return _(
            "{score}, {praise}: {counts}",
            score=locales.count(score),
            praise=praise,
            counts=counts,
        )
    return f"{label}: {_('score {value}', value=locales.count(score))}, {counts}"


def best(facts: Facts) -> str:
    """Since when no week or month had such a score; empty where that is nothing rare, or the period is not over."""
    standing = facts.standing
    if facts.is_running or standing is None or standing.beaten < LEAST_BEATEN[facts.span]:
        return ""
    since, is_week = standing.last_as_good, facts.span == "week"
    if since is None:
        return _("your best week yet") if is_week else _("your best month yet")
    is_long_ago = facts.period.first - since > NAMED_WITH_YEAR
    month = locales.month(since) if is_long_ago else locales.month_name(since)
    return (
        _("your best week since {month}", month=month) if is_week else _("your best month since {month}", month=month)
    )


def _above_usual(facts: Facts) -> str:
    """Of a week alone: the subject of a month has to say which kind it is."""
    usual, score = facts.usual["productivity_score"], facts.totals["productivity_score"]
    if facts.span != "week" or usual.trend != "higher" or score is None or usual.low is None or usual.high is None:
        return ""
    if round(score) <= round(usual.high):  # as they are shown
        return ""
    return _("above your usual {low}–{high}", low=locales.count(usual.low), high=locales.count(usual.high))


def _counts(facts: Facts) -> Iterator[str]:
    yield ngettext("{n} done", "{n} done", facts.totals["tasks_completed"] or 0)
    if overdue := facts.totals["tasks_overdue"]:
        yield ngettext("{n} slipping", "{n} slipping", overdue)
