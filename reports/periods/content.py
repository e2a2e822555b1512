"""Facts → what to say about a week, a month or any other span, the most telling first, at most five a section. No HTML here."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from pydantic import TypeAdapter

from focusflow import locales
from focusflow.approximate_dates import between
from focusflow.clock import Period
from focusflow.durations import duration
from focusflow.i18n import gettext as _
from focusflow.i18n import mark, ngettext
from focusflow.locales import count, using
from focusflow.metrics import BY_NAME, TREND_WORDS, coverage_sentence
from reports.insights.writer import Remark
from reports.periods import chart
from reports.periods.chart import Bar
from reports.periods.details import Details, Goal, Habit, Hour, Task
from reports.periods.facts import NOT_COMPARED, Facts, Usual
from reports.periods.subject import subject

AT_MOST = 5
NEXT = 3  # tasks to begin with: more are a list, and no start
RUNNING = "running"  # the trend of what goes on

NO_DETAILS = Details()
#: What is said of something reached.
DONE = {"goal": mark("goal completed"), "milestone": mark("milestone completed"), "achievement": mark("achievement")}


@dataclass(frozen=True, slots=True)
class Line:
    """One number and what it is; `share` is how much of a whole it is, where it is drawn as well, and `path` the page of the dashboard
    that shows it.
    """

    metric: str
    label: str
    value: str
    note: str = ""
    share: float | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a report: a title, and at most five lines under it."""

    name: str
    title: str
    lines: tuple[Line, ...]


#: The parts that a report can have, in their order. The first two stand apart: the numbers, and the chart of the days.
Section = Literal["numbers", "days", "insights", "slipped", "next", "goals", "habits", "hours", "reached", "corrected"]


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
    as_of: datetime
    timezone: str
    days: int
    parts: tuple[Part, ...] = ()
    locale: str = "en"
    events: int | None = None
    note: str = ""
    subject: str = ""
    measures: tuple[str, ...] = ()

    @property
    def rests_on(self) -> str:
        """From how much it is made."""
        days = ngettext("{n} day", "{n} days", self.days)
        if self.events is None:
            return _("from {days}", days=days)
        return ngettext("from {n} event in {days}", "from {n} events in {days}", self.events, days=days)

    @property
    def preheader(self) -> str:
        """What a list of mails shows after the subject: with what to begin."""
        tasks = [line.label for part in self.parts if part.name == "next" for line in part.lines]
        return _("Next: {tasks}", tasks=" · ".join(tasks)) if tasks else self.headline

    @property
    def chart_title(self) -> str:
        """What the bars are."""
        return chart.title((self.last - self.first).days + 1, has_measures=bool(self.measures))

    @property
    def days_in_words(self) -> str:
        """From when to when, as people say it."""
        return locales.span(self.first, self.last, self.locale)

    @property
    def when(self) -> str:
        """What the time is called, and its days where that does not say them."""
        is_numbered = (self.last - self.first).days == 6 and self.label != self.days_in_words
        return f"{self.label}: {self.days_in_words}" if is_numbered else self.label

    @property
    def numbers(self) -> dict[str, Line]:
        """What it says in numbers, by metric."""
        slipped = (part.lines for part in self.parts if part.name == "slipped")
        overdue = (line for lines in slipped for line in lines if line.metric == "tasks_overdue")
        return {line.metric: line for line in (*self.lines, *overdue)}

    def correcting(self, earlier: "Report", is_now: "Report") -> "Report":
        """With a part that names what was said before and is otherwise now, because something came late."""
        before, now = earlier.numbers, is_now.numbers
        with using(self.locale):
            changed = tuple(
                _correction(earlier, before.get(metric), now.get(metric))
                for metric in (now if earlier.is_empty else before)
                if metric not in now or metric not in before or now[metric].value != before[metric].value
            )
            part = Part("corrected", _("Corrections"), changed[:AT_MOST])
        return replace(self, parts=(*self.parts, part)) if changed else self

    def only(self, sections: Collection[Section]) -> "Report":
        """Only some of it."""
        return replace(
            self,
            lines=self.lines if "numbers" in sections else (),
            bars=self.bars if "days" in sections else (),
            parts=tuple(part for part in self.parts if part.name in sections),
        )


#: Reports as they are stored.
REPORT = TypeAdapter(Report)


def _correction(earlier: Report, before: Line | None, now: Line | None) -> Line:
    """One number as it was said and as it is."""
    line = now or before
    assert line is not None
    was = _("reported as {value}", value=before.value) if before else _("reported as nothing recorded")
    why = _("changed by later data") if now else _("deleted since")
    label = _("{metric} in {period}", metric=line.label, period=earlier.label)
    return Line(line.metric, label, now.value if now else locales.NONE, f"{was}; {why}")


def build_report(facts: Facts, details: Details = NO_DETAILS, remarks: Sequence[Remark] = (), note: str = "") -> Report:
    """The report in the language of its user. It is stored as it was said."""
    with using(facts.user.locale):
        return _report(facts, details, remarks, note)


def _report(facts: Facts, details: Details, remarks: Sequence[Remark], note: str) -> Report:
    label, measures = _label(facts), chart.measured(facts)
    return Report(
        name=facts.user.name,
        label=label,
        first=facts.period.first,
        last=facts.period.last,
        headline=_headline(facts),
        is_empty=facts.is_empty,
        lines=() if facts.is_empty else _lines(facts)[:AT_MOST],
        bars=() if facts.is_empty else chart.bars(facts, measures),
        parts=tuple(_parts_to_tell(facts, details, remarks)),
        as_of=facts.as_of,
        timezone=facts.user.timezone,
        days=len(facts.days),
        locale=facts.user.locale,
        events=facts.events,
        note=" ".join(filter(None, (_coverage(facts), note))),
        subject=subject(facts, label),
        measures=tuple(_(BY_NAME[name].label) for name in measures),
    )


def _coverage(facts: Facts) -> str:
    """What the usual range is worth, where the report compares with it."""
    compares = not facts.is_empty and facts.usual["tasks_completed"].trend in ("usual", "higher", "lower")
    return coverage_sentence(facts.inside, facts.judged, facts.span) if compares else ""


def _label(facts: Facts) -> str:
    """What the time is called. A week goes by its number, which is written alike everywhere."""
    period = facts.period
    if facts.span == "month":
        return locales.month(period.first)
    return locales.span(period.first, period.last) if _is_any_days(period) else week_label(period)


def week_label(period: Period) -> str:
    """
    >>> week_label(Period.week_of(date(2026, 1, 1)))
    'Week 1, 2026'
    """
    year, _w, week = period.key.partition("-W")
    return _("Week {week}, {year}", week=int(week), year=year)


def _is_any_days(period: Period) -> bool:
    """Whether somebody named the days, rather than a week or a month of the calendar."""
    return period == Period.between(period.first, period.last)


def _parts_to_tell(facts: Facts, details: Details, remarks: Sequence[Remark]) -> Iterator[Part]:
    """Those that have something in them. Where nothing was recorded, only what to begin with."""
    for part in _parts(facts, details, remarks):
        if part.lines and (part.name == "next" or not facts.is_empty):
            yield part


def _parts(facts: Facts, details: Details, remarks: Sequence[Remark]) -> Iterator[Part]:
    """The most useful first."""
    slipped = _slipped(facts, details)[:AT_MOST]
    useful = [each for each in remarks if not slipped or {cited.metric for cited in each.evidence} != {"tasks_overdue"}]
    yield Part("next", _("Start with these"), tuple(map(_task, details.next[:NEXT])))
    yield Part("slipped", _("Overdue tasks"), slipped)
    yield Part("insights", _("Suggestions"), tuple(Line("remark", each.text, "") for each in useful[:AT_MOST]))
    yield Part("goals", _("Goals"), tuple(_goal(goal) for goal in details.goals))
    yield Part("habits", _("Habits"), tuple(_habit(habit) for habit in details.habits))
    yield Part("hours", _("Busiest hours"), tuple(_hour(hour, details.hours[0]) for hour in details.hours))
    yield Part("reached", _("Achieved"), tuple(Line(what, title, "", _(DONE[what])) for what, title in details.reached))


def _goal(goal: Goal) -> Line:
    """Where it is, what the period added, how it goes against its date."""
    notes = []
    if goal.gained is not None and round(goal.gained):
        gained = f"{round(goal.gained):+}"
        notes.append(
            ngettext("{gained} point in this period", "{gained} points in this period", abs(goal.gained), gained=gained)
        )
    if goal.ahead is not None:
        notes.append(_pace(goal.ahead))
    if goal.target_date:
        notes.append(_("due {day}", day=locales.date_of(goal.target_date)))
    if goal.soonest:
        notes.append(
            _("likely reached {when}", when=between(goal.soonest, goal.latest, locales.date_of, locales.month))
        )
    return Line("goal", goal.title, locales.percent(goal.progress / 100), "; ".join(notes), goal.progress / 100)


def _pace(ahead: float) -> str:
    points = round(abs(ahead))
    if not points:
        return _("on pace")
    if ahead > 0:
        return ngettext("{n} point ahead", "{n} points ahead", points)
    return ngettext("{n} point behind", "{n} points behind", points)


def _habit(habit: Habit) -> Line:
    times = _("once") if habit.done == 1 else ngettext("{n} time", "{n} times", habit.done)
    note = streak_text(habit.current, habit.unit) if habit.current else _("ready to begin again")
    if habit.current > 1 and habit.current == habit.longest:
        note = _("{streak}, the longest yet", streak=note)
    return Line("habit", habit.title, times, note)


def streak_text(length: int, unit: str) -> str:
    if unit == "weeks":
        return ngettext("a streak of {n} week", "a streak of {n} weeks", length)
    return ngettext("a streak of {n} day", "a streak of {n} days", length)


def _hour(hour: Hour, busiest: Hour) -> Line:
    begin, end = locales.hour(hour.hour), locales.hour(hour.hour + 1)
    share = hour.minutes / busiest.minutes
    return Line("hour", _("{begin} to {end}", begin=begin, end=end), duration(hour.minutes), share=share)


def _task(task: Task) -> Line:
    return Line("task", task.title, "", task.why, path=task_path(task.id))


def task_path(task_id: str | None) -> str:
    """The page of the dashboard that shows a task."""
    return f"/tasks?task={task_id}" if task_id else ""


def _headline(facts: Facts) -> str:
    if facts.is_empty and facts.is_running:
        span = "some days" if _is_any_days(facts.period) else facts.span
        return _(_NOTHING_YET[span])
    if facts.is_empty:
        return _("Nothing was recorded in this period. That is fine: start again with one small task.")
    done = facts.totals["tasks_completed"] or 0
    usual = facts.usual["tasks_completed"]
    completed = ngettext("{n} task completed", "{n} tasks completed", done)
    so_far = ngettext("{n} task completed so far", "{n} tasks completed so far", done)
    if usual.trend == NOT_COMPARED.trend:
        return f"{so_far if facts.is_running else completed}."
    between = _between(usual)
    if usual.trend == RUNNING:
        return _("{so_far}; {range} are usual.", so_far=so_far, range=between) if between else f"{so_far}."
    return f"{completed}: {_(TREND_WORDS[usual.trend])}{between and f' ({between})'}."


_NOTHING_YET = {
    "some days": mark("Nothing recorded in these days yet. One small task is a good start."),
    "week": mark("Nothing recorded this week yet. One small task is a good start."),
    "month": mark("Nothing recorded this month yet. One small task is a good start."),
}


def _between(usual: Usual) -> str:
    """The range that is usual; empty while none is known."""
    if usual.low is None or usual.high is None:
        return ""
    return _("{begin} to {end}", begin=count(usual.low), end=count(usual.high))


def _lines(facts: Facts) -> tuple[Line, ...]:
    """The headline's number, then what is unusual for the user, then the rest."""
    totals = facts.totals
    done = Line(
        "tasks_completed", _("Completed"), count(totals["tasks_completed"]), _compared(facts, "tasks_completed")
    )
    lines = [
        Line("focus_minutes", _("Focus"), duration(totals["focus_minutes"]), _compared(facts, "focus_minutes")),
    ]
    if totals["productivity_score"] is not None:
        score, note = count(totals["productivity_score"]), _compared(facts, "productivity_score")
        lines.append(Line("productivity_score", _("Score"), score, note or _("of 100")))
    if totals["tasks_completed_with_due"]:
        of = _of(totals["tasks_completed_on_time"], totals["tasks_completed_with_due"])
        lines.append(Line("tasks_completed_on_time", _("On time"), of, _("completed tasks that had a due date")))
    if totals["habits_scheduled"]:
        of = _of(totals["habits_completed"], totals["habits_scheduled"])
        lines.append(Line("habits_completed", _("Habits"), of, _("done of those due")))
    return (done, *sorted(lines, key=lambda line: not facts.is_unusual(line.metric)))


def _of(part: float | None, whole: float | None) -> str:
    return _("{part} of {whole}", part=count(part), whole=count(whole))


def _compared(facts: Facts, metric: str) -> str:
    """How it compares with the time before and with what is usual. That too little is known, or that it goes on, is said by the headline."""
    trend = facts.usual[metric].trend
    is_said = trend == facts.usual["tasks_completed"].trend in {"too_little_data", "days_off", RUNNING}
    usual = "" if is_said or metric == "tasks_completed" else _(TREND_WORDS.get(trend, ""))
    return "; ".join(filter(None, (_against(facts, metric), usual)))


def _against(facts: Facts, metric: str) -> str:
    """By how much it is more or less than the time before, once it is over."""
    now, before = facts.totals.get(metric), facts.before.get(metric)
    if now is None or before is None or facts.is_running:
        return ""
    show = duration if metric == "focus_minutes" else count
    change = f"{'+' if now > before else MINUS}{show(abs(round(now) - round(before)))}"
    if round(now) == round(before):
        return _(_SAME[facts.span])
    if facts.span == "some days":
        return ngettext(
            "{change} from the day before", "{change} from the {n} days before", facts.period.days, change=change
        )
    return _(_CHANGED[facts.span], change=change)


MINUS = "\N{MINUS SIGN}"
_SAME = {
    "some days": mark("as much as before"),
    "week": mark("as much as the week before"),
    "month": mark("as much as the month before"),
}
_CHANGED = {"week": mark("{change} from the week before"), "month": mark("{change} from the month before")}


def _slipped(facts: Facts, details: Details) -> tuple[Line, ...]:
    """How many are overdue, and the most pressing of them by name; not again those to begin with."""
    overdue = facts.totals["tasks_overdue"]
    if not overdue:
        return ()
    is_next = {task.id for task in details.next[:NEXT] if task.id}
    named = (
        Line("slipped", task.title, "", _("due {day}", day=locales.day_and_month(task.due)), path=task_path(task.id))
        for task in details.slipped[: round(overdue)]
        if task.id not in is_next
    )
    advice = ngettext(
        "still open: give it a new date, or let it go",
        "still open: give the one that matters most a new date",
        overdue,
    )
    return (Line("tasks_overdue", _("Overdue"), count(overdue), advice), *named)
