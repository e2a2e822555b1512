"""Records of a source within the bounds of the contract: cleaned, shortened, completed. What cannot be kept is said. Pure."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeVar

from focusflow.recurrence import check_rule
from focusflow.rrule import BadRecurrence
from focusflow.rule_days import Steps, TooManySteps
from focusflow.series import DATES_AT_MOST, EXTRA_RULES_AT_MOST, SERIES_FIELDS, Series
from ingestion.importers.engine.records import (
    CalendarEvent,
    DayOff,
    Finding,
    Goal,
    Habit,
    HabitLog,
    Item,
    Milestone,
    Place,
    Record,
    Surroundings,
    Task,
    TimeEntry,
)

TITLE, TEXT, LABEL, NAME, TAGS, BLOCKERS, ATTENDEES, RULE = 500, 20_000, 60, 200, 50, 100, 500, 460
MINUTES = 100_000
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(2200, 12, 30)
LONGEST_ENTRY = timedelta(hours=24)
LIMITS = {"extra_rrules": EXTRA_RULES_AT_MOST, "rdates": DATES_AT_MOST, "exdates": DATES_AT_MOST}

#: What looking up the times that are left out may cost: far more than any calendar needs.
STEPS_AT_MOST = 300_000

#: As the API has it: no control characters but line breaks and tabs, no half of a surrogate pair.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

T = TypeVar("T", bound=date)


class _Skip(Exception):
    """This record cannot be imported."""


def normalize(record: Record, surroundings: Surroundings) -> Iterator[Item]:
    """The record as it can be written, after what was changed of it; or the finding why it was skipped."""
    found: list[Finding] = []
    try:
        _Normalizer(record.place, surroundings, found).apply(record)
    except _Skip as skip:
        yield Finding(record.place, str(skip))
        return
    yield from found
    yield record


class _Normalizer:
    def __init__(self, place: Place, surroundings: Surroundings, found: list[Finding]) -> None:
        self._place, self._surroundings, self._found = place, surroundings, found

    def apply(self, record: Record) -> None:
        match record:
            case Task():
                self._task(record)
            case Goal():
                self._goal(record)
            case Milestone():
                record.title = self._title(record.title)
                record.target_date = self._day(record.target_date, "the target date")
                record.completed_at = self._past(record.completed_at, "the completion")
            case Habit():
                self._habit(record)
            case HabitLog():
                self._habit_log(record)
            case TimeEntry():
                self._time_entry(record)
            case CalendarEvent():
                self._calendar_event(record)
            case DayOff():
                if not FIRST_DAY <= record.first_date <= record.last_date <= LAST_DAY:
                    raise _Skip("its days are not in order")

    def _task(self, task: Task) -> None:
        whole = _clean(task.title)
        task.title = self._title(task.title)
        if task.title != " ".join(whole.split()):
            task.description = "\n\n".join(filter(None, (whole, task.description)))
        task.description, task.notes = (
            self._text(task.description, "the description"),
            self._text(task.notes, "the notes"),
        )
        task.category = self._category(task.category)
        task.tags = self._tags(task.tags)
        task.due = self._in_years(task.due, "the due date")
        task.start_at = self._in_years(task.start_at, "the start")
        task.estimated_minutes = self._minutes(task.estimated_minutes, "the estimate")
        task.actual_minutes = self._minutes(task.actual_minutes, "the time spent")
        task.completed_at = self._past(task.completed_at, "the completion")
        task.created_at = self._past(task.created_at, "the creation")
        task.started_at = self._past(task.started_at, "the beginning")
        known = [moment for moment in (task.created_at, task.started_at, task.completed_at) if moment is not None]
        task.created_at = min(known) if known else self._surroundings.now
        if task.status == "completed" and task.completed_at is None:
            self._changed("it is completed, but not known when: it counts on no day")
        if task.recurrence is not None:
            self._check_recurrence(task)
        task.blocked_by = list(dict.fromkeys(task.blocked_by))[:BLOCKERS]

    def _check_recurrence(self, task: Task) -> None:
        rule, here = task.recurrence or "", self._surroundings.zone
        due = task.due.astimezone(here).replace(tzinfo=None) if isinstance(task.due, datetime) else task.due
        begin = due or (task.created_at or self._surroundings.now).astimezone(here).date()
        begin = begin if isinstance(begin, datetime) else datetime.combine(begin, time())
        if problem := _problem_of(rule, begin, str(here)):
            self._changed(f"the recurrence {rule!r} was left out: {problem}")
            task.recurrence = None
        if len(rule) > RULE:
            task.recurrence = None

    def _goal(self, goal: Goal) -> None:
        goal.title = self._title(goal.title)
        goal.description = self._text(goal.description, "the description")
        goal.category = self._category(goal.category)
        goal.start_date = self._day(goal.start_date, "the start date")
        goal.target_date = self._day(goal.target_date, "the target date")
        goal.progress = min(100.0, max(0.0, goal.progress))
        goal.completed_at = self._past(goal.completed_at, "the completion")
        created = self._past(goal.created_at, "the creation") or goal.completed_at or self._surroundings.now
        goal.created_at = min(created, goal.completed_at or created)

    def _habit(self, habit: Habit) -> None:
        habit.title = self._title(habit.title)
        habit.weekdays = sorted({day for day in habit.weekdays if 0 <= day <= 6})
        if len(habit.weekdays) == 7:
            habit.weekdays = []
        if habit.times_per_week is not None and not 1 <= habit.times_per_week <= 6:
            habit.times_per_week = None  # every day
        habit.start_date = self._day(habit.start_date, "the start date")
        habit.end_date = self._day(habit.end_date, "the end date")
        habit.created_at = self._past(habit.created_at, "the creation")
        habit.archived_at = self._past(habit.archived_at, "the archiving")

    def _habit_log(self, log: HabitLog) -> None:
        if not FIRST_DAY <= log.local_date <= self._surroundings.now.astimezone(self._surroundings.zone).date():
            raise _Skip(f"the day {log.local_date} has not come yet or lies before 1970")
        log.notes, log.skip_reason = self._text(log.notes, "the notes"), self._text(log.skip_reason, "the reason")
        log.value = log.value if 0 < log.value <= 1e9 else 1
        log.mood = log.mood if log.mood is None or 1 <= log.mood <= 5 else None

    def _time_entry(self, entry: TimeEntry) -> None:
        if not FIRST_DAY <= entry.started_at.date() <= LAST_DAY:
            raise _Skip(f"its start {entry.started_at:%Y-%m-%d} lies outside the years 1970 to 2200")
        if entry.ended_at <= entry.started_at:
            raise _Skip("it has no length")
        if entry.ended_at - entry.started_at > LONGEST_ENTRY:
            raise _Skip(f"it is longer than 24 hours ({entry.ended_at - entry.started_at})")
        if entry.ended_at > self._surroundings.now + timedelta(minutes=5):
            raise _Skip("it lies in the future")
        entry.note, entry.project = self._text(entry.note, "the note"), self._category(entry.project)

    def _calendar_event(self, event: CalendarEvent) -> None:
        if not (event.start_at.date() >= FIRST_DAY and event.end_at.date() <= LAST_DAY):
            raise _Skip("it lies outside the years 1970 to 2200")
        if event.end_at < event.start_at:
            raise _Skip("it ends before it begins")
        event.title = self._title(event.title)
        event.location = self._text(event.location, "the location", NAME)
        event.attendees = list(dict.fromkeys(name[:NAME] for each in event.attendees if (name := _clean(each).strip())))
        if len(event.attendees) > ATTENDEES:
            self._changed(f"of {len(event.attendees)} attendees, {ATTENDEES} are kept")
            event.attendees = event.attendees[:ATTENDEES]
        event.created_at = self._past(event.created_at, "the creation")
        self._series(event)

    def _series(self, event: CalendarEvent) -> None:
        """Keep what the contract can hold. A time to leave out at which it would not take place leaves nothing out."""
        for name, most in LIMITS.items():
            values = list(dict.fromkeys(getattr(event, name)))
            if len(values) > most:
                self._changed(f"of {len(values)} {name}, {most} are kept")
            setattr(event, name, values[:most])
        event.rdates = [each for each in event.rdates if each >= event.start_at and each.date() <= LAST_DAY]
        series = Series.of({name: getattr(event, name) for name in SERIES_FIELDS})
        try:
            unmatched = series.unmatched(
                (event.start_at, event.end_at), f"{self._surroundings.zone}", Steps(STEPS_AT_MOST)
            )
        except TooManySteps:
            self._changed("it recurs too often, so nothing is left out of it")
            unmatched = event.exdates
        event.exdates = [each for each in event.exdates if each not in unmatched]

    def _changed(self, reason: str) -> None:
        self._found.append(Finding(self._place, reason, "changed"))

    def _title(self, text: str) -> str:
        title = " ".join(_clean(text).split())
        if not title:
            raise _Skip("it has no title")
        if len(title) > TITLE:
            self._changed(f"the title is longer than {TITLE} characters and was cut")
        return title[:TITLE]

    def _text(self, text: str | None, name: str, length: int = TEXT) -> str | None:
        text = _clean(text or "").strip()
        if len(text) > length:
            self._changed(f"{name} is longer than {length:,} characters and was cut")
        return text[:length] or None

    def _category(self, name: str | None) -> str | None:
        name = " ".join(_clean(name or "").split())
        if len(name) > LABEL:
            self._changed(f"the category {name!r} was cut to {LABEL} characters")
        return name[:LABEL].strip() or None

    def _tags(self, tags: list[str]) -> list[str]:
        cleaned = dict.fromkeys(" ".join(_clean(tag).split())[:LABEL].strip() for tag in tags)
        kept = [tag for tag in cleaned if tag]
        if len(kept) > TAGS:
            self._changed(f"of {len(kept)} tags, {TAGS} are kept")
        return kept[:TAGS]

    def _minutes(self, minutes: int | None, name: str) -> int | None:
        if minutes is None or minutes <= 0:
            return None
        if minutes > MINUTES:
            self._changed(f"{name} of {minutes:,} minutes was left out")
            return None
        return minutes

    def _in_years(self, value: T | None, name: str) -> T | None:
        if value is None:
            return None
        day = value.date() if isinstance(value, datetime) else value
        if FIRST_DAY <= day <= LAST_DAY:
            return value
        self._changed(f"{name} {day} was left out: it lies outside the years 1970 to 2200")
        return None

    def _day(self, value: date | None, name: str) -> date | None:
        return self._in_years(value, name)

    def _past(self, moment: datetime | None, name: str) -> datetime | None:
        """A moment that was; what lies ahead by a wrong clock counts as now."""
        moment = self._in_years(moment, name)
        if moment is None or moment <= self._surroundings.now:
            return moment
        if moment > self._surroundings.now + timedelta(days=1):
            self._changed(f"{name} {moment:%Y-%m-%d} lies in the future and counts as now")
        return self._surroundings.now


@lru_cache(
    maxsize=10_000
)  # tasks of a list recur alike, and looking for the next occurrence takes longer than all the rest
def _problem_of(rule: str, begin: datetime, zone_name: str) -> str | None:
    """Why a rule cannot be followed; None if it can."""
    try:
        check_rule(rule, begin, zone_name)
    except BadRecurrence as error:
        return str(error)
    return None


def _clean(text: str) -> str:
    return UNWRITABLE.sub("", text)
