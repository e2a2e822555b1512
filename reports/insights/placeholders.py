"""Placeholders: a service names a fact in braces, and code prints its value, unit, time and trend. So no figure passes through a model."""

import re
from collections.abc import Iterator

from focusflow.durations import exact_duration
from focusflow.metrics import TREND_WORDS
from reports.insights.subjects import UNIT_OF
from reports.insights.writer import Evidence, Insights, Remark, Topic

PLACEHOLDER = re.compile(r"\{(\w+)(?:\.(before|usual|trend))?\}")

#: How a fact is printed: in the singular and in the plural.
PRINTED = {
    "tasks_created": ("{} new task", "{} new tasks"),
    "tasks_completed": ("{} completed task", "{} completed tasks"),
    "tasks_completed_with_due": ("{} completed task with a due date", "{} completed tasks with a due date"),
    "tasks_completed_on_time": ("{} task completed on time", "{} tasks completed on time"),
    "tasks_open": ("{} open task", "{} open tasks"),
    "tasks_overdue": ("{} overdue task", "{} overdue tasks"),
    "goals_progressed": ("{} goal moved forward", "{} goals moved forward"),
    "goals_completed": ("{} goal reached", "{} goals reached"),
    "habits_scheduled": ("{} habit due", "{} habits due"),
    "habits_completed": ("{} habit done", "{} habits done"),
    "focus_minutes": ("{} of focus", "{} of focus"),
    "meeting_minutes": ("{} of meetings", "{} of meetings"),
    "productivity_score": ("a mean score of {}", "a mean score of {}"),
    "tasks_planned": ("{} planned task", "{} planned tasks"),
    "tasks_left_out": ("{} task left out", "{} tasks left out"),
    "minutes_planned": ("{} of planned time", "{} of planned time"),
    "minutes_free": ("{} of free time", "{} of free time"),
}
EVIDENCE_AT_MOST = 4


def filled(insights: Insights, topic: Topic) -> Insights:
    """The same with every placeholder printed, and the facts that it names among the evidence. One that is not known stays, and is refused."""
    return Insights(
        headline=_printed(insights.headline, topic),
        observations=[_remark(each, topic) for each in insights.observations],
        suggestions=[_remark(each, topic) for each in insights.suggestions],
    )


def _remark(remark: Remark, topic: Topic) -> Remark:
    cited = {each.metric: each for each in remark.evidence}
    for name, part in PLACEHOLDER.findall(remark.text):
        for fact in _facts(name, part):
            if fact in topic.numbers and len(cited) < EVIDENCE_AT_MOST:
                cited.setdefault(fact, Evidence(metric=fact, value=topic.numbers[fact]))
    return Remark(text=_printed(remark.text, topic), evidence=list(cited.values()))


def _facts(name: str, part: str) -> Iterator[str]:
    yield name
    if part == "before":
        yield f"{name}_before"
    if part == "usual":
        yield from (f"{name}_usual_low", f"{name}_usual_high")


def _printed(text: str, topic: Topic) -> str:
    def fact(found: re.Match[str]) -> str:
        return _fact(found[1], found[2], topic) or found[0]

    printed = PLACEHOLDER.sub(fact, text)
    return printed[:1].upper() + printed[1:]


def _fact(name: str, part: str | None, topic: Topic) -> str | None:
    """What stands for a placeholder; None where there is no such fact."""
    numbers = topic.numbers
    if name not in PRINTED:
        return None
    if part == "trend":
        return TREND_WORDS.get(topic.compared.get(name, ""))
    if part == "usual":
        low, high = numbers.get(f"{name}_usual_low"), numbers.get(f"{name}_usual_high")
        return None if low is None or high is None else f"usually {amount(name, low)} to {amount(name, high)}"
    value = numbers.get(f"{name}_before" if part == "before" else name)
    if value is None:
        return None
    if part == "before":
        return f"{amount(name, value)} the {topic.period} before" if topic.period in ("week", "month") else None
    said = amount(name, value)
    return PRINTED[name][said != "1"].format(said)


def amount(name: str, value: float) -> str:
    """
    >>> amount("focus_minutes", 135.0), amount("tasks_completed", 12.0)
    ('2 h 15 min', '12')
    """
    return exact_duration(value) if UNIT_OF.get(name) == "min" else number(value)


def number(value: float) -> str:
    """
    >>> number(1135.44), number(12.0)
    ('1,135.4', '12')
    """
    return f"{value:,.1f}".removesuffix(".0")
