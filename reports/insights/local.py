"""The writer that needs no service: the same facts give the same words, what is unusual for the user first."""

from collections.abc import Iterator

from focusflow import locales
from focusflow.durations import duration
from focusflow.i18n import gettext as _
from focusflow.i18n import ngettext
from focusflow.metrics import TREND_WORDS
from reports.insights.writer import Evidence, Insights, Remark
from reports.periods.facts import Facts

OBSERVATIONS, SUGGESTIONS = 5, 3


def by_rule(facts: Facts) -> Insights:
    """In the language of the user. What it says in English passes the same guard as what a service says."""
    with locales.using(facts.user.locale):
        return _insights(facts)


def _insights(facts: Facts) -> Insights:
    done, *others = _observations(facts)
    others.sort(key=lambda remark: not facts.is_unusual(remark.evidence[0].metric))
    observations = [done, *others][:OBSERVATIONS]
    return Insights(
        headline=done.text,
        observations=observations,
        suggestions=[*_suggestions(facts)][:SUGGESTIONS] or [_next(facts)],
    )


def _observations(facts: Facts) -> Iterator[Remark]:
    totals = facts.totals
    done = ngettext("{n} task completed", "{n} tasks completed", facts.by_name()["tasks_completed"])
    yield _remark(facts, _compared(done, facts, "tasks_completed"), "tasks_completed")
    focus = _("{duration} of focus", duration=duration(facts.by_name()["focus_minutes"]))
    yield _remark(facts, _compared(focus, facts, "focus_minutes"), "focus_minutes")
    if totals["productivity_score"] is not None:
        score = _("Score {score}", score=_rounded(facts, "productivity_score"))
        yield _remark(facts, _compared(score, facts, "productivity_score"), "productivity_score")
    if totals["tasks_completed_with_due"]:
        names = ("tasks_completed_on_time", "tasks_completed_with_due")
        text = _("Of the completed tasks with a due date, {part} of {whole} were on time.", **_of(facts, *names))
        yield _remark(facts, text, *names)
    if totals["habits_scheduled"]:
        names = ("habits_completed", "habits_scheduled")
        yield _remark(facts, _("Habits done: {part} of {whole} due.", **_of(facts, *names)), *names)
    if minutes := totals["meeting_minutes"]:
        yield _remark(facts, _("{duration} in meetings.", duration=duration(minutes)), "meeting_minutes")


def _suggestions(facts: Facts) -> Iterator[Remark]:
    totals = facts.totals
    if overdue := totals["tasks_overdue"]:
        text = ngettext(
            "{n} task is overdue. Give it a new date, or let it go.",
            "{n} tasks are overdue. Give the one that matters most a new date, and let go of one that does not.",
            overdue,
        )
        yield _remark(facts, text, "tasks_overdue")
    created, completed = totals["tasks_created"] or 0, totals["tasks_completed"] or 0
    if created >= MANY and created >= completed * GROWS:
        text = _(
            "{created} tasks came in, {completed} went out. Perhaps one of the new ones can wait, or go.",
            created=_rounded(facts, "tasks_created"),
            completed=_rounded(facts, "tasks_completed"),
        )
        yield _remark(facts, text, "tasks_created", "tasks_completed")
    scheduled, kept = totals["habits_scheduled"] or 0, totals["habits_completed"] or 0
    if scheduled >= MANY and kept * 2 < scheduled:
        names = ("habits_completed", "habits_scheduled")
        text = _("Habits done: {part} of {whole}. A smaller one may be easier to keep.", **_of(facts, *names))
        yield _remark(facts, text, *names)


#: Of so few nothing can be said; a list that takes in so many times what leaves it grows.
MANY, GROWS = 5, 1.5


def _next(facts: Facts) -> Remark:
    text = _("Nothing is overdue. Choose the one task that would make the coming days lighter, and begin with it.")
    return _remark(facts, text, "tasks_overdue")


def _remark(facts: Facts, text: str, *names: str) -> Remark:
    return Remark(text=text, evidence=[Evidence(metric=name, value=facts.by_name()[name]) for name in names])


def _compared(text: str, facts: Facts, name: str) -> str:
    """A sentence that ends with how it compares with what is usual, where it is compared."""
    words = TREND_WORDS.get(facts.usual[name].trend)
    return f"{text}, {_(words)}." if words else f"{text}."


def _of(facts: Facts, part: str, whole: str) -> dict[str, str]:
    return {"part": _rounded(facts, part), "whole": _rounded(facts, whole)}


def _rounded(facts: Facts, name: str) -> str:
    return locales.count(facts.by_name()[name])
