"""The writer that needs no service: the same facts give the same words."""

from focusflow.metrics import TREND_WORDS
from reports.facts import Facts
from reports.insights.writer import Evidence, Insights, Remark


def by_rule(facts: Facts) -> Insights:
    """What it says passes the same guard as everybody's."""
    done = Remark(
        text=f"Tasks completed: {_said(facts, 'tasks_completed')}, {TREND_WORDS[facts.usual['tasks_completed'].trend]}.",
        evidence=[_cite(facts, "tasks_completed")],
    )
    focus = Remark(
        text=f"Minutes of focus: {_said(facts, 'focus_minutes')}, {TREND_WORDS[facts.usual['focus_minutes'].trend]}.",
        evidence=[_cite(facts, "focus_minutes")],
    )
    more = [remark for remark in (_on_time(facts), _habits(facts)) if remark]
    return Insights(
        headline=done.text, observations=[done, focus, *more], suggestions=[_overdue(facts) or _next(facts)]
    )


def _on_time(facts: Facts) -> Remark | None:
    if not facts.totals["tasks_completed_with_due"]:
        return None
    names = ("tasks_completed_on_time", "tasks_completed_with_due")
    text = f"Of the completed tasks with a due date, {_said(facts, names[0])} of {_said(facts, names[1])} were on time."
    return Remark(text=text, evidence=[_cite(facts, name) for name in names])


def _habits(facts: Facts) -> Remark | None:
    if not facts.totals["habits_scheduled"]:
        return None
    names = ("habits_completed", "habits_scheduled")
    text = f"Habits done: {_said(facts, names[0])} of {_said(facts, names[1])} due."
    return Remark(text=text, evidence=[_cite(facts, name) for name in names])


def _overdue(facts: Facts) -> Remark | None:
    if not facts.totals["tasks_overdue"]:
        return None
    text = f"Overdue tasks: {_said(facts, 'tasks_overdue')}. Give the one that matters most a new date, and let go of one that does not."
    return Remark(text=text, evidence=[_cite(facts, "tasks_overdue")])


def _next(facts: Facts) -> Remark:
    text = "Nothing is overdue. Choose the one task that would make the coming days lighter, and begin with it."
    return Remark(text=text, evidence=[_cite(facts, "tasks_overdue")])


def _said(facts: Facts, name: str) -> str:
    return f"{facts.by_name()[name]:,.0f}"


def _cite(facts: Facts, name: str) -> Evidence:
    return Evidence(metric=name, value=facts.by_name()[name])
