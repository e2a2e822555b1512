"""Due days, streaks and strength of a habit. Pure, so that the API, reports and the lake agree."""

import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from focusflow.i18n import gettext, mark

DAY = timedelta(days=1)

#: Why a streak ended, as it is told by the API.
NOT_DONE: Final = mark("it was not done")
TOO_SELDOM: Final = mark("it was done {done} of {times} times")
TIMES: Final = re.compile(r"it was done (?P<done>\d+) of (?P<times>\d+) times")

#: The window of the completion rate.
RATE_DAYS = 30

#: A habit that is not daily is measured over two weeks, so that the choice of days matters little.
WINDOW_DAYS = 14


@dataclass(frozen=True, slots=True)
class StreakSummary:
    """A habit's streaks in due days or weeks, the last one that ended and why, and its strength."""

    current: int
    longest: int
    total: int
    last_done_on: date | None
    unit: str
    rate_30_days: float | None
    ended_on: date | None
    ended_length: int | None
    ended_because: str | None
    strength: float


@dataclass(frozen=True, slots=True)
class Days:
    """A habit's days: done, and free (skipped for a reason, or days off)."""

    done: Collection[date]
    free: Collection[date]


@dataclass(frozen=True, slots=True)
class Step:
    """A day or a week: its last day, how often the habit was done in it, and how often it was due."""

    end: date
    done: int
    wanted: int

    @property
    def is_fulfilled(self) -> bool:
        return self.done >= self.wanted

    @property
    def reason(self) -> str:
        return NOT_DONE if self.wanted == 1 else TOO_SELDOM.format(done=self.done, times=self.wanted)


def reason_text(reason: str) -> str:
    """Why a streak ended, in the language of who reads it.

    >>> reason_text("it was done 1 of 3 times"), reason_text("it was not done")
    ('it was done 1 of 3 times', 'it was not done')
    """
    found = TIMES.fullmatch(reason)
    return gettext(TOO_SELDOM, **found.groupdict()) if found else gettext(reason)


def streak(habit: Mapping[str, Any], days: Days, today: date, week_start: int = 0) -> StreakSummary:
    """A habit's streaks up to today. A day or week that is not over breaks no streak; a free day neither counts nor breaks one."""
    last = min(today, habit["end_date"] or today)
    found = list(runs(habit, days, today, week_start))
    lengths = [0, *(length for _, length in found)]
    ended = next((n for n in range(len(found) - 1, -1, -1) if lengths[n] > lengths[n + 1]), None)
    return StreakSummary(
        current=lengths[-1],
        longest=max(lengths),
        total=len(days.done),
        last_done_on=max(days.done, default=None),
        unit="weeks" if habit["frequency"] == "weekly" else "days",
        rate_30_days=_rate(habit, days, last, today),
        ended_on=found[ended][0].end if ended is not None else None,
        ended_length=lengths[ended] if ended is not None else None,
        ended_because=found[ended][0].reason if ended is not None else None,
        strength=strength(habit, days, last, today),
    )


def runs(habit: Mapping[str, Any], days: Days, today: date, week_start: int = 0) -> Iterator[tuple[Step, int]]:
    """Each day or week that counts, with the length of the streak at its end."""
    last = min(today, habit["end_date"] or today)
    length = 0
    for step in _weeks(habit, days, last, week_start) if habit["frequency"] == "weekly" else _days(habit, days, last):
        if step.is_fulfilled or step.end < today:
            length = length + 1 if step.is_fulfilled else 0
            yield step, length


def strength(habit: Mapping[str, Any], days: Days, last: date, today: date) -> float:
    """The strength of a habit from 0 to 1, an exponential average of its days. A missed day costs little; free days change nothing.

    >>> begun = date(2026, 3, 2)
    >>> habit = {"frequency": "daily", "start_date": begun, "end_date": None}
    >>> done = [begun + n * DAY for n in range(13)]
    >>> round(strength(habit, Days(done, []), done[-1], done[-1]), 3)  # with m = 0.5 ** (1 / 13), half of the way in 13 days
    0.5
    """
    times = _times_per_week(habit)
    memory = 0.5 ** ((times / 7) ** 0.5 / 13)
    window = deque([False] * WINDOW_DAYS, WINDOW_DAYS if times < 7 else 1)
    found = 0.0
    for day in _counted(habit, days, last, today):
        window.append(day in days.done)
        found = found * memory + min(1, sum(window) / min(2 * times, len(window))) * (1 - memory)
    return found


def _times_per_week(habit: Mapping[str, Any]) -> int:
    if habit["frequency"] == "daily":
        return 7
    times: int = habit["times_per_week"] if habit["frequency"] == "weekly" else len(habit["weekdays"])
    return times


def _counted(habit: Mapping[str, Any], days: Days, last: date, today: date) -> Iterator[date]:
    """The habit's days, without free days and without today while it is not done."""
    for n in range((last - habit["start_date"]).days + 1):
        day = habit["start_date"] + n * DAY
        if day in days.done or (day not in days.free and day < today):
            yield day


def _rate(habit: Mapping[str, Any], days: Days, last: date, today: date) -> float | None:
    """The share of due days of a month that were done; of a weekly habit, the share of its n times a week."""
    counted = [day for day in _counted(habit, days, last, today) if day > today - RATE_DAYS * DAY]
    done = sum(day in days.done for day in counted)
    if habit["frequency"] == "weekly":
        due = len(counted) * _times_per_week(habit) / 7
    else:
        due = sum(day in days.done or _is_due(habit, day) for day in counted)
    return min(1.0, done / due) if due else None


def _days(habit: Mapping[str, Any], days: Days, last: date) -> list[Step]:
    """The days on which it was due or done."""
    span = (last - habit["start_date"]).days + 1
    all_days = (habit["start_date"] + n * DAY for n in range(max(span, 0)))
    return [
        Step(day, int(day in days.done), 1)
        for day in all_days
        if day in days.done or (day not in days.free and _is_due(habit, day))
    ]


def _is_due(habit: Mapping[str, Any], day: date) -> bool:
    return habit["frequency"] == "daily" or day.weekday() in habit["weekdays"]


def _weeks(habit: Mapping[str, Any], days: Days, last: date, week_start: int) -> list[Step]:
    """The weeks, without those that had too few days to do it often enough."""
    first = habit["start_date"] - timedelta(days=(habit["start_date"].weekday() - week_start) % 7)
    begins = [first + 7 * n * DAY for n in range(((last - first).days // 7) + 1)]
    steps = []
    for week in ([begin + n * DAY for n in range(7)] for begin in begins):
        done = sum(day in days.done for day in week)
        could = sum(day >= habit["start_date"] and (day in days.done or day not in days.free) for day in week)
        if max(done, could) >= habit["times_per_week"]:
            steps.append(Step(week[-1], done, habit["times_per_week"]))
    return steps
