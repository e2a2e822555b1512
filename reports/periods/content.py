"""Facts → what to say about a week, a month or any other span, the most telling first, at most five a section. No HTML here."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import partial
from itertools import groupby
from typing import Literal

from pydantic import TypeAdapter

from focusflow.approximate_dates import between
from focusflow.clock import Period
from focusflow.durations import duration
from focusflow.metrics import TREND_WORDS, coverage_sentence
from reports import locales
from reports.insights.writer import Remark
from reports.locales import count, localised
from reports.periods.details import Details, Goal, Habit, Hour
from reports.periods.facts import NOT_COMPARED, Facts, Usual

AT_MOST = 5
RUNNING = "running"  # the trend of what goes on

#: Up to so many days the chart shows days, then weeks, then months.
DAYS_AS_DAYS, DAYS_AS_WEEKS = 14, 92
NO_DETAILS = Details()
SO_FAR = "so far"  # what is noted at the bar that today is in

#: What is said of something reached.
DONE = {"goal": "goal completed", "milestone": "milestone completed", "achievement": "achievement"}


@dataclass(frozen=True, slots=True)
class Line:
    """One number and what it is; `share` is how much of a whole it is, where it is drawn as well."""

    metric: str
    label: str
    value: str
    note: str = ""
    share: float | None = None


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

    @property
    def value_text(self) -> str:
        if self.value is None:
            return f"no score {self.note}".strip() if self.note in ("", SO_FAR) else self.note
        return f"{self.value:.0f} {self.note}".strip()


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

    @property
    def rests_on(self) -> str:
        """From how much it is made."""
        days = "1 day" if self.days == 1 else f"{self.days} days"
        if self.events is None:
            return f"from {days}"
        return f"from {count(self.events, self.locale)} {'event' if self.events == 1 else 'events'} in {days}"

    @property
    def chart_title(self) -> str:
        """What the bars are."""
        days = (self.last - self.first).days + 1
        return f"Score by {'day' if days <= DAYS_AS_DAYS else 'week' if days <= DAYS_AS_WEEKS else 'month'}"

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
        overdue = (line for part in self.parts for line in part.lines if line.metric == "tasks_overdue")
        return {line.metric: line for line in (*self.lines, *overdue)}

    @property
    def subject(self) -> str:
        """The period in the few words that a list of mails shows."""
        found = self.numbers
        said = [
            words.format(found[metric].value)
            for metric, words in (
                ("productivity_score", "score {}"),
                ("tasks_completed", "{} done"),
                ("tasks_overdue", "{} overdue"),
            )
            if metric in found
        ]
        return f"{self.label}: {', '.join(said) or 'nothing recorded'}"

    def correcting(self, earlier: "Report", is_now: "Report") -> "Report":
        """With a part that names what was said before and is otherwise now, because something came late."""
        before, now = earlier.numbers, is_now.numbers
        changed = tuple(
            _correction(earlier, before.get(metric), now.get(metric))
            for metric in (now if earlier.is_empty else before)
            if metric not in now or metric not in before or now[metric].value != before[metric].value
        )
        return (
            replace(self, parts=(*self.parts, Part("corrected", "Corrections", changed[:AT_MOST]))) if changed else self
        )

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
    was = f"reported as {before.value}" if before else "reported as nothing recorded"
    why = "changed by later data" if now else "deleted since"
    return Line(line.metric, f"{line.label} in {earlier.label}", now.value if now else "–", f"{was}; {why}")


def build_report(facts: Facts, details: Details = NO_DETAILS, remarks: Sequence[Remark] = (), note: str = "") -> Report:
    return Report(
        name=facts.user.name,
        label=_label(facts),
        first=facts.period.first,
        last=facts.period.last,
        headline=_headline(facts),
        is_empty=facts.is_empty,
        lines=() if facts.is_empty else _lines(facts)[:AT_MOST],
        bars=() if facts.is_empty else _bars(facts),
        parts=tuple(_parts_to_tell(facts, details, remarks)),
        as_of=facts.as_of,
        timezone=facts.user.timezone,
        days=len(facts.days),
        locale=facts.user.locale,
        events=facts.events,
        note=" ".join(filter(None, (_coverage(facts), note))),
    )


def _coverage(facts: Facts) -> str:
    """What the usual range is worth, where the report compares with it."""
    compares = not facts.is_empty and facts.usual["tasks_completed"].trend in ("usual", "higher", "lower")
    return coverage_sentence(facts.inside, facts.judged, facts.span) if compares else ""


def _label(facts: Facts) -> str:
    """What the time is called. A week goes by its number, which is written alike everywhere."""
    period, locale = facts.period, facts.user.locale
    if facts.span == "month":
        return locales.month(period.first, locale)
    return locales.span(period.first, period.last, locale) if _is_any_days(period) else period.label


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
    locale = facts.user.locale
    earlier = tuple(Line("remark", localised(remark.text, locale), "") for remark in remarks[:AT_MOST])
    yield Part("insights", "Suggestions", earlier)
    yield Part("slipped", "Overdue tasks", _slipped(facts, details)[:AT_MOST])
    yield Part("next", "Start with these", tuple(Line("task", task.title, "", task.why) for task in details.next))
    yield Part("goals", "Goals", tuple(_goal(goal, locale) for goal in details.goals))
    yield Part("habits", "Habits", tuple(_habit(habit) for habit in details.habits))
    yield Part("hours", "Busiest hours", tuple(_hour(hour, locale) for hour in details.hours))
    yield Part("reached", "Achieved", tuple(Line(what, title, "", DONE[what]) for what, title in details.reached))


def _goal(goal: Goal, locale: str) -> Line:
    """Where it is, what the period added, how it goes against its date."""
    notes = []
    if goal.gained is not None and round(goal.gained):
        notes.append(f"{goal.gained:+.0f} points in this period")
    if goal.ahead is not None:
        points = round(abs(goal.ahead))
        side = "ahead" if goal.ahead > 0 else "behind"
        notes.append(f"{count(points, locale)} {'point' if points == 1 else 'points'} {side}" if points else "on pace")
    if goal.target_date:
        notes.append(f"due {locales.date_of(goal.target_date, locale)}")
    if goal.soonest:
        names = (partial(locales.date_of, locale=locale), partial(locales.month, locale=locale))
        notes.append(f"likely reached {between(goal.soonest, goal.latest, *names)}")
    return Line("goal", goal.title, f"{goal.progress:.0f}%", "; ".join(notes), goal.progress / 100)


def _habit(habit: Habit) -> Line:
    times = "once" if habit.done == 1 else f"{habit.done} times"
    unit = habit.unit.removesuffix("s") if habit.current == 1 else habit.unit
    note = f"a streak of {habit.current} {unit}" if habit.current else "ready to begin again"
    best = ", the longest yet" if habit.current > 1 and habit.current == habit.longest else ""
    return Line("habit", habit.title, times, note + best)


def _hour(hour: Hour, locale: str) -> Line:
    begin, end = (locales.clock(time(each % 24), locale) for each in (hour.hour, hour.hour + 1))
    return Line("hour", f"{begin} to {end}", duration(hour.minutes))


def _headline(facts: Facts) -> str:
    if facts.is_empty and facts.is_running:
        time = "in these days" if _is_any_days(facts.period) else f"this {facts.span}"
        return f"Nothing recorded {time} yet. One small task is a good start."
    if facts.is_empty:
        return "Nothing was recorded in this period. That is fine: start again with one small task."
    locale = facts.user.locale
    done = count(facts.totals["tasks_completed"], locale)
    completed = f"{done} {'task' if done == '1' else 'tasks'} completed"
    usual = facts.usual["tasks_completed"]
    if usual.trend == NOT_COMPARED.trend:
        return f"{completed}{' so far' if facts.is_running else ''}."
    between = _between(usual, locale)
    if usual.trend == RUNNING:
        return f"{completed} so far{between and f'; {between} are usual'}."
    return f"{completed}: {TREND_WORDS[usual.trend]}{between and f' ({between})'}."


def _between(usual: Usual, locale: str) -> str:
    """The range that is usual; empty while none is known."""
    if usual.low is None or usual.high is None:
        return ""
    return f"{count(usual.low, locale)} to {count(usual.high, locale)}"


def _lines(facts: Facts) -> tuple[Line, ...]:
    """The headline's number, then what is unusual for the user, then the rest."""
    totals, locale = facts.totals, facts.user.locale
    done = Line(
        "tasks_completed", "Completed", count(totals["tasks_completed"], locale), _against(facts, "tasks_completed")
    )
    lines = [
        Line("focus_minutes", "Focus", duration(totals["focus_minutes"]), _compared(facts, "focus_minutes")),
    ]
    if totals["productivity_score"] is not None:
        note = "; ".join(filter(None, ("of 100", _compared(facts, "productivity_score"))))
        lines.append(Line("productivity_score", "Score", count(totals["productivity_score"], locale), note))
    if totals["tasks_completed_with_due"]:
        of = (
            f"{count(totals['tasks_completed_on_time'], locale)} of {count(totals['tasks_completed_with_due'], locale)}"
        )
        lines.append(Line("tasks_completed_on_time", "On time", of, "completed tasks that had a due date"))
    if totals["habits_scheduled"]:
        of = f"{count(totals['habits_completed'], locale)} of {count(totals['habits_scheduled'], locale)}"
        lines.append(Line("habits_completed", "Habits", of, "done of those due"))
    return (done, *sorted(lines, key=lambda line: not facts.is_unusual(line.metric)))


def _compared(facts: Facts, metric: str) -> str:
    """How it compares with what is usual. That too little is known, or that it goes on, is said by the headline already."""
    trend = facts.usual[metric].trend
    is_said = trend == facts.usual["tasks_completed"].trend in {"too_little_data", "days_off", RUNNING}
    return "" if is_said else TREND_WORDS.get(trend, "")


def _against(facts: Facts, metric: str) -> str:
    before = facts.before.get(metric)
    if before is None:
        return ""
    when = f"the {facts.span}" if facts.span in ("week", "month") else f"in the {facts.period.days} days"
    return f"{count(before, facts.user.locale)} {when} before"


def _slipped(facts: Facts, details: Details) -> tuple[Line, ...]:
    """How many are overdue, and the most pressing of them by name."""
    overdue, locale = facts.totals["tasks_overdue"], facts.user.locale
    if not overdue:
        return ()
    named = (
        Line("slipped", task.title, "", f"due {locales.day_and_month(task.due, locale)}")
        for task in details.slipped[: round(overdue)]
    )
    return (Line("tasks_overdue", "Overdue", count(overdue, locale), "still open after their due date"), *named)


def _bars(facts: Facts) -> tuple[Bar, ...]:
    """A bar for each day; for more than a fortnight for each week, for more than a quarter for each month: the mean of the days that
    are over and have a score. Today has a bar of its own only. What has no score is not a low one.
    """
    scores = {row["local_date"]: row["productivity_score"] for row in facts.days}
    is_by_day, today = facts.period.days <= DAYS_AS_DAYS, facts.today
    bars = []
    for first, group in groupby(facts.period, _beginning(facts)):
        days = list(group)
        known = [scores[day] for day in days if (day < today or is_by_day) and scores.get(day) is not None]
        value = sum(known) / len(known) if known else None
        bars.append(Bar(first, value, (value or 0) / 100, _named(facts, first), _note(facts, days)))
    return tuple(bars)


def _note(facts: Facts, days: Sequence[date]) -> str:
    """What is to be known about a bar: that it goes on, or that it was free."""
    if days[0] > facts.today:
        return "to come"
    if facts.today <= days[-1]:
        return SO_FAR
    off = {row["local_date"] for row in facts.days if row.get("is_day_off")}
    return ("day off" if len(days) == 1 else "days off") if off.issuperset(days) else ""


def _beginning(facts: Facts) -> Callable[[date], date]:
    if facts.period.days <= DAYS_AS_DAYS:
        return lambda day: day
    if facts.period.days > DAYS_AS_WEEKS:
        return lambda day: day.replace(day=1)
    return lambda day: max(facts.period.first, Period.week_of(day, facts.user.week_start).first)


def _named(facts: Facts, first: date) -> str:
    days, locale = facts.period.days, facts.user.locale
    if days <= DAYS_AS_DAYS:
        return locales.weekday(first, locale)
    return locales.month(first, locale) if days > DAYS_AS_WEEKS else f"from {locales.day_and_month(first, locale)}"
