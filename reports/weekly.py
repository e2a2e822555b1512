"""Facts → what to say about a week, a month or any other span, the most telling first, at most five a section. No HTML here."""

from dataclasses import dataclass
from datetime import date, datetime

from focusflow.metrics import TREND_WORDS
from reports.facts import Facts, Usual

AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One number and what it is."""

    metric: str
    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in the chart; `share` is of 100 points, and `value` None where nothing was computed."""

    day: date
    value: float | None
    share: float


@dataclass(frozen=True, slots=True)
class Report:
    """The whole content, from which every form of it is made."""

    name: str
    label: str
    first: date
    last: date
    headline: str
    is_empty: bool
    lines: tuple[Line, ...]
    bars: tuple[Bar, ...]
    slipped: tuple[Line, ...]
    as_of: datetime
    timezone: str
    days: int


def told(facts: Facts) -> Report:
    return Report(
        name=facts.person.name,
        label=facts.period.label,
        first=facts.period.first,
        last=facts.period.last,
        headline=_headline(facts),
        is_empty=facts.is_empty,
        lines=() if facts.is_empty else _lines(facts)[:AT_MOST],
        bars=() if facts.is_empty else _bars(facts),
        slipped=() if facts.is_empty else _slipped(facts)[:AT_MOST],
        as_of=facts.as_of,
        timezone=facts.person.timezone,
        days=len(facts.days),
    )


def _headline(facts: Facts) -> str:
    if facts.is_empty:
        return "Nothing was recorded in this time. That is fine: begin again with one small thing."
    done = _count(facts.totals["tasks_completed"])
    return f"{done} {'task' if done == '1' else 'tasks'} completed: {_trend(facts.usual['tasks_completed'])}."


def _trend(usual: Usual) -> str:
    words = TREND_WORDS[usual.trend]
    if usual.low is None or usual.high is None:
        return words
    return f"{words} ({_count(usual.low)} to {_count(usual.high)})"


def _lines(facts: Facts) -> tuple[Line, ...]:
    totals = facts.totals
    lines = [
        Line("tasks_completed", "Completed", _count(totals["tasks_completed"]), _against(facts, "tasks_completed")),
        Line(
            "focus_minutes", "Focus", minutes(totals["focus_minutes"]), TREND_WORDS[facts.usual["focus_minutes"].trend]
        ),
    ]
    if totals["productivity_score"] is not None:
        note = TREND_WORDS[facts.usual["productivity_score"].trend]
        lines.append(Line("productivity_score", "Score", _count(totals["productivity_score"]), f"of 100; {note}"))
    if totals["tasks_completed_with_due"]:
        of = f"{_count(totals['tasks_completed_on_time'])} of {_count(totals['tasks_completed_with_due'])}"
        lines.append(Line("tasks_completed_on_time", "On time", of, "completed tasks that had a due date"))
    if totals["habits_scheduled"]:
        of = f"{_count(totals['habits_completed'])} of {_count(totals['habits_scheduled'])}"
        lines.append(Line("habits_completed", "Habits", of, "done of those due"))
    return tuple(lines)


def _against(facts: Facts, metric: str) -> str:
    before = facts.before.get(metric)
    return "" if before is None else f"{_count(before)} in the same time before"


def _slipped(facts: Facts) -> tuple[Line, ...]:
    overdue = facts.totals["tasks_overdue"]
    return (Line("tasks_overdue", "Overdue", _count(overdue), "open at the end, their date past"),) if overdue else ()


def _bars(facts: Facts) -> tuple[Bar, ...]:
    """A bar for each day of the period: one that was not computed has none, which is not a low one."""
    scores = {row["local_date"]: row["productivity_score"] for row in facts.days}
    return tuple(Bar(day, scores.get(day), (scores.get(day) or 0) / 100) for day in facts.period)


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def minutes(value: float | None) -> str:
    """
    >>> minutes(135.2)
    '2 h 15 min'
    >>> minutes(None)
    '–'
    """
    if value is None:
        return "–"
    hours, rest = divmod(round(value), 60)
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"
