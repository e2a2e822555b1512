"""When a habit is due, and how long it holds. Pure: the API and reports say the same."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Held:
    """How a habit holds."""

    current: int
    longest: int
    total: int
    last_done_on: date | None
    unit: str


@dataclass(frozen=True, slots=True)
class Days:
    """What is known of a habit's days: done, and free of it (skipped for a reason, or days off)."""

    done: Collection[date]
    free: Collection[date]


#: A day or a week: when it is over, and whether it was kept.
Step = tuple[date, bool]


def streak(habit: Mapping[str, Any], days: Days, today: date, week_start: int = 0) -> Held:
    """The streak up to today, and the longest. A day or week that is not over breaks nothing; a free day neither counts nor breaks."""
    last = min(today, habit["end_date"] or today)
    by_weeks = habit["frequency"] == "weekly"
    steps = _weeks(habit, days, last, week_start) if by_weeks else _days(habit, days, last)
    runs = [0]
    for end, is_kept in steps:
        if is_kept or end < today:
            runs.append(runs[-1] + 1 if is_kept else 0)
    return Held(runs[-1], max(runs), len(days.done), max(days.done, default=None), "weeks" if by_weeks else "days")


def _days(habit: Mapping[str, Any], days: Days, last: date) -> list[Step]:
    """The days it was due on, and those it was done on all the same."""
    span = (last - habit["start_date"]).days + 1
    all_days = (habit["start_date"] + n * DAY for n in range(max(span, 0)))
    return [
        (day, day in days.done)
        for day in all_days
        if day in days.done or (day not in days.free and _is_due(habit, day))
    ]


def _is_due(habit: Mapping[str, Any], day: date) -> bool:
    return habit["frequency"] == "daily" or day.weekday() in habit["weekdays"]


def _weeks(habit: Mapping[str, Any], days: Days, last: date, week_start: int) -> list[Step]:
    """The weeks. One with too few days to do it often enough does not count against it."""
    first = habit["start_date"] - timedelta(days=(habit["start_date"].weekday() - week_start) % 7)
    begins = [first + 7 * n * DAY for n in range(((last - first).days // 7) + 1)]
    steps = []
    for week in ([begin + n * DAY for n in range(7)] for begin in begins):
        done = sum(day in days.done for day in week)
        could = sum(day >= habit["start_date"] and (day in days.done or day not in days.free) for day in week)
        if max(done, could) >= habit["times_per_week"]:
            steps.append((week[-1], done >= habit["times_per_week"]))
    return steps
