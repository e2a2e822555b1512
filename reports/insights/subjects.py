"""What a segment of a sentence is about: the metrics that its noun, statuses and unit allow."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.insights.claims import Segment

Sentence = Sequence[Segment]
TIMES = frozenset(("min", "h", "clock"))


@dataclass(frozen=True, slots=True)
class Spec:
    """How sentences name a metric: its noun, the statuses that they must name, and those that they may; its unit."""

    name: str
    noun: str
    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    unit: str | None = None


def _spec(name: str, noun: str, needs: str = "", may: str = "", unit: str | None = None) -> Spec:
    def split(words: str) -> frozenset[str]:
        return frozenset(word for word in words.split(", ") if word)

    return Spec(name, noun, split(needs), split(may), unit)


SPECS = (
    _spec("tasks_completed", "task", "completed"),
    _spec("tasks_completed_with_due", "task", "completed, with due"),
    _spec("tasks_completed_on_time", "task", "on time", "completed, with due"),
    _spec("tasks_overdue", "task", "overdue", "open"),
    _spec("tasks_open", "task", "open"),
    _spec("tasks_created", "task", "created"),
    _spec("goals_progressed", "goal", "progressed"),
    _spec("goals_completed", "goal", "completed", "reached"),
    _spec("goals_completed", "goal", "reached"),
    _spec("habits_scheduled", "habit", "due", "planned"),
    _spec("habits_scheduled", "habit", "planned"),
    _spec("habits_completed", "habit", "completed", "kept, due, planned"),
    _spec("habits_completed", "habit", "kept", "completed, due, planned"),
    _spec("focus_minutes", "focus", "", "completed", unit="min"),
    _spec("meeting_minutes", "meeting", "", "planned", unit="min"),
    _spec("productivity_score", "score"),
    _spec("days", "day"),
    _spec("tasks_planned", "task", "planned"),
    _spec("tasks_left_out", "task", "left out"),
    _spec("minutes_planned", "time", "planned", unit="min"),
    _spec("minutes_free", "time", "free", unit="min"),
)
UNIT_OF = {spec.name: spec.unit for spec in SPECS}

#: What may be said to be so many of so many, in this order.
RATIOS = {
    ("tasks_completed_on_time", "tasks_completed_with_due"): ("task", "on time"),
    ("tasks_completed_with_due", "tasks_completed"): ("task", "with due"),
    ("tasks_overdue", "tasks_open"): ("task", "overdue"),
    ("habits_completed", "habits_scheduled"): ("habit", None),
    ("minutes_planned", "minutes_free"): ("time", None),
}
PARTS = {part: whole for part, whole in RATIOS if part in ("tasks_completed_on_time", "habits_completed")}

#: A status names its noun where the sentence does not.
IMPLIED = {"kept": "habit", "progressed": "goal", "reached": "goal", "free": "time"}


@dataclass(frozen=True, slots=True)
class Scope:
    """What one text may speak of: the facts, and which of them it cites. A headline cites none, and may speak of any that it names."""

    facts: Mapping[str, float]
    cited: frozenset[str] | None

    def allows(self, name: str) -> bool:
        return self.cited is None or name in self.cited or any(each.startswith(f"{name}_") for each in self.cited)


def metrics_of(segment: Segment, context: Segment | None, scope: Scope) -> list[str]:
    """The metrics that a segment may be about. What it leaves out it has from the context, the segment before it."""
    noun, statuses = _inherited(segment, context)
    if segment.figure and segment.unit in TIMES:
        return _timed(segment, noun, statuses, scope)
    if segment.unit == "point" and noun != "score":
        return []
    counted = segment.nouns - {"focus"} if segment.noun != "focus" else segment.nouns
    if segment.figure and len(counted) > 1:
        return []
    if noun == "task" and not statuses:
        statuses = {"completed"}
    if noun is None and not statuses:
        return []
    found = [spec.name for spec in SPECS if noun in (None, spec.noun) and _fits(spec, statuses)]
    if noun is None and scope.cited is None:  # what names no noun is about tasks
        found = [name for name in found if name.startswith("tasks")] or found
    return list(dict.fromkeys(found))


def _inherited(segment: Segment, context: Segment | None) -> tuple[str | None, set[str]]:
    noun, statuses = segment.noun, set(segment.statuses)
    if context:
        if not noun and not _implied(statuses):
            noun = context.noun or _implied(context.statuses)
        is_counted = segment.noun in ("task", "habit", "goal") and segment.figure is not None
        goes_on = is_counted and context.figure is not None and segment.words[:1] == ["and"]
        if not statuses and (not segment.noun or goes_on or (not context.figure and context.noun in (None, noun))):
            statuses = set(context.statuses)
    if "free" in statuses or (segment.unit in TIMES and "planned" in statuses and not noun):
        noun = "time"
    return noun or _implied(statuses), statuses


def _timed(segment: Segment, noun: str | None, statuses: set[str], scope: Scope) -> list[str]:
    """The metrics in minutes that a segment with such a unit is about."""
    nouns = segment.nouns or ({noun} if noun else set())
    kinds = nouns & {"focus", "meeting", "time"}
    if len(kinds) > 1 or (nouns and not kinds):
        return []
    found = [
        spec.name
        for spec in SPECS
        if spec.unit == "min" and (not kinds or (spec.noun in kinds and _fits(spec, statuses)))
    ]
    return [name for name in found if name in scope.facts and scope.allows(name)]


def _implied(statuses: set[str]) -> str | None:
    return next((IMPLIED[status] for status in sorted(statuses) if status in IMPLIED), None)


def _fits(spec: Spec, statuses: set[str]) -> bool:
    return spec.needs <= statuses <= spec.needs | spec.may


def context_of(sentence: Sentence, place: int) -> Segment | None:
    """The nearest earlier segment that says what it is about."""
    return next((each for each in reversed(sentence[:place]) if each.noun or each.statuses), None)


# Figures and quantities


def neighbors(sentence: Sentence, scope: Scope) -> list[str]:
    """The metrics that the other segments of the sentence are about, or else the one that is cited."""
    found = [
        name
        for place, each in enumerate(sentence)
        if each.noun or each.statuses
        for name in metrics_of(each, context_of(sentence, place), scope)
    ]
    names = {base(name) for name in scope.cited or ()}
    return found or ([*names] if len(names) == 1 else [])


def base(name: str) -> str:
    return re.sub(r"_(before|usual_low|usual_high)$", "", name)


def is_derived(name: str) -> bool:
    return name.endswith(("_before", "_usual_low", "_usual_high"))
