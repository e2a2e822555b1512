"""What a report tells by name: goals, habits, what to begin with, what was reached. Titles are read at that moment and go nowhere else."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from focusflow import clock, locales
from focusflow.clock import Period
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.score_reasons import highlights, reason_text
from focusflow.streaks import Days, streak
from reports.notifications.achievements import title_of
from reports.periods.facts import User

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Goal:
    """How far a goal was at the end, and when it is reached: four times in five between the soonest and the latest."""

    title: str
    progress: float
    gained: float | None
    ahead: float | None
    target_date: date | None
    soonest: date | None
    latest: date | None


@dataclass(frozen=True, slots=True)
class Habit:
    """How often it was done in the period, and how long it held at its end."""

    title: str
    done: int
    current: int
    longest: int
    unit: str


@dataclass(frozen=True, slots=True)
class Task:
    """One to begin with, and why."""

    title: str
    why: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Slipped:
    """One whose date went by."""

    title: str
    due: date
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of the clock, and the minutes logged in it."""

    hour: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Details:
    """All of it; empty is a value."""

    goals: tuple[Goal, ...] = ()
    habits: tuple[Habit, ...] = ()
    slipped: tuple[Slipped, ...] = ()
    next: tuple[Task, ...] = ()
    hours: tuple[Hour, ...] = ()
    reached: tuple[tuple[str, str], ...] = ()


#: The rows of one of the queries.
Read = Callable[[str, Mapping[str, Any]], Sequence[Mapping[str, Any]]]


def gather_details(
    database: Database, user: User, period: Period, *, is_latest: bool, now: datetime | None = None
) -> Details:
    """Read the details in one transaction, as of `now`: the moment of the numbers that they stand beside. Slipped items and what to start
    with belong to the latest period only.
    """
    with database.transaction(Role.REPORTING) as tx:
        return details_of(
            lambda name, who: tx.all(QUERIES[name], who), user, period, is_latest=is_latest, now=now or clock.now()
        )


def details_of(read: Read, user: User, period: Period, *, is_latest: bool, now: datetime) -> Details:
    """The details from wherever the rows are read, in the language of the user."""
    with locales.using(user.locale):
        return _details(read, user, period, is_latest=is_latest, now=now)


def _details(read: Read, user: User, period: Period, *, is_latest: bool, now: datetime) -> Details:
    since, until = period.bounds(user.timezone)
    today = clock.local_date(now, user.timezone)
    who = {
        "user_id": user.id, "first": period.first, "last": period.last, "reached": min(period.last, today),
        "since": since, "until": until, "now": now, "today": today,
    }  # fmt: skip
    return Details(
        goals=tuple(Goal(**row) for row in read("goals", who)),
        habits=tuple(_habits(read, who, user, period)),
        slipped=tuple(_slipped(row, user) for row in read("slipped", who)) if is_latest else (),
        next=tuple(Task(row["title"], _why(row["reasons"]), str(row["id"])) for row in read("next", who))
        if is_latest
        else (),
        hours=tuple(Hour(row["hour"], row["minutes"]) for row in read("hours", who)),
        reached=tuple((row["what"], row["title"] or title_of(row["achievement"])) for row in read("reached", who)),
    )


def _slipped(row: Mapping[str, Any], user: User) -> Slipped:
    due = row["due_date"] or clock.local_date(row["due_at"], user.timezone)
    return Slipped(row["title"], due, str(row["id"]))


def _habits(read: Read, who: Mapping[str, Any], user: User, period: Period) -> Iterable[Habit]:
    habits = read("habits", who)
    logs = read("habit_days", {**who, "habits": [habit["id"] for habit in habits]})
    off = {
        row["first_date"] + timedelta(days=n)
        for row in read("days_off", who)
        for n in range((row["last_date"] - row["first_date"]).days + 1)
    }
    found = []
    for habit in habits:
        mine = [log for log in logs if log["habit_id"] == habit["id"]]
        done = {log["local_date"] for log in mine if not log["skipped"]}
        days = Days(done, {log["local_date"] for log in mine if log["skipped"]} | off)
        held = streak(habit, days, who["reached"], user.week_start)
        kept = sum(day in period for day in done)
        found.append(Habit(habit["title"], kept, held.current, held.longest, held.unit))
    return sorted(found, key=lambda habit: (-habit.current, -habit.done, habit.title))[:5]


def _why(reasons: Iterable[Mapping[str, Any]]) -> str:
    """What sets it apart most."""
    return ", ".join(reason_text(each["text"]) for each in highlights(reasons, 2))
