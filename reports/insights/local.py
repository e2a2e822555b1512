"""The writer that needs no service: the same facts give the same words, what is unusual for the user first."""

from collections.abc import Iterator

from focusflow.metrics import TREND_WORDS
from reports.insights.writer import Evidence, Insights, Remark
from reports.periods.facts import Facts

OBSERVATIONS, SUGGESTIONS = 5, 3


def by_rule(facts: Facts) -> Insights:
    """What it says passes the same guard as all users'."""
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
    yield _remark(
        facts,
        f"{_many(facts, 'tasks_completed', 'task')} completed{_trend(facts, 'tasks_completed')}.",
        "tasks_completed",
    )
    yield _remark(
        facts, f"{_many(facts, 'focus_minutes', 'minute')} of focus{_trend(facts, 'focus_minutes')}.", "focus_minutes"
    )
    if totals["productivity_score"] is not None:
        text = f"A mean score of {_rounded(facts, 'productivity_score')}{_trend(facts, 'productivity_score')}."
        yield _remark(facts, text, "productivity_score")
    if totals["tasks_completed_with_due"]:
        names = ("tasks_completed_on_time", "tasks_completed_with_due")
        text = f"Of the completed tasks with a due date, {_rounded(facts, names[0])} of {_rounded(facts, names[1])} were on time."
        yield _remark(facts, text, *names)
    if totals["habits_scheduled"]:
        names = ("habits_completed", "habits_scheduled")
        yield _remark(facts, f"Habits done: {_rounded(facts, names[0])} of {_rounded(facts, names[1])} due.", *names)
    if totals["meeting_minutes"]:
        yield _remark(facts, f"{_many(facts, 'meeting_minutes', 'minute')} in meetings.", "meeting_minutes")


def _suggestions(facts: Facts) -> Iterator[Remark]:
    totals = facts.totals
    if overdue := totals["tasks_overdue"]:
        if round(overdue) == 1:
            text = "1 task is overdue. Give it a new date, or let it go."
        else:
            text = f"{_rounded(facts, 'tasks_overdue')} tasks are overdue. Give the one that matters most a new date, and let go of one that does not."
        yield _remark(facts, text, "tasks_overdue")
    created, completed = totals["tasks_created"] or 0, totals["tasks_completed"] or 0
    if created >= MANY and created >= completed * GROWS:
        text = f"{_rounded(facts, 'tasks_created')} tasks came in, {_rounded(facts, 'tasks_completed')} went out. Perhaps one of the new ones can wait, or go."
        yield _remark(facts, text, "tasks_created", "tasks_completed")
    scheduled, kept = totals["habits_scheduled"] or 0, totals["habits_completed"] or 0
    if scheduled >= MANY and kept * 2 < scheduled:
        text = f"Habits done: {_rounded(facts, 'habits_completed')} of {_rounded(facts, 'habits_scheduled')}. A smaller one may be easier to keep."
        yield _remark(facts, text, "habits_completed", "habits_scheduled")


#: Of so few nothing can be said; a list that takes in so many times what leaves it grows.
MANY, GROWS = 5, 1.5


def _next(facts: Facts) -> Remark:
    text = "Nothing is overdue. Choose the one task that would make the coming days lighter, and begin with it."
    return _remark(facts, text, "tasks_overdue")


def _remark(facts: Facts, text: str, *names: str) -> Remark:
    return Remark(text=text, evidence=[Evidence(metric=name, value=facts.by_name()[name]) for name in names])


def _trend(facts: Facts, name: str) -> str:
    """How it compares with what is usual, as the end of a sentence; empty where it is not compared."""
    words = TREND_WORDS.get(facts.usual[name].trend)
    return f", {words}" if words else ""


def _many(facts: Facts, name: str, noun: str) -> str:
    said = _rounded(facts, name)
    return f"{said} {noun}" if said == "1" else f"{said} {noun}s"


def _rounded(facts: Facts, name: str) -> str:
    return f"{facts.by_name()[name]:,.0f}"
