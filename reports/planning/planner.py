"""A plan for a day that can be kept: what matters most first, only where there is time, with breaks, and honest about the rest. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

#: A stretch of work is at most so long, then comes a break; shorter ones than the shortest are worth little.
LONGEST, BREAK, SHORTEST = timedelta(minutes=90), timedelta(minutes=10), timedelta(minutes=20)

#: What a task without an estimate is taken to need.
GUESS_MINUTES = 30
STEP_MINUTES = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A task that could be done, the time it will take by the user's own experience, and its place in the list."""

    task_id: UUID
    minutes: int
    is_guess: bool
    rank: int
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a day for a task."""

    task_id: UUID
    start_at: datetime
    end_at: datetime
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A task that found no place, or not for all of it."""

    task_id: UUID
    minutes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What fits, and what does not."""

    blocks: tuple[Block, ...]
    left_out: tuple[LeftOut, ...]


def expected_minutes(estimate: int | None, factor: float, logged: float) -> int:
    """What is left of a task, with its estimate corrected by how long such tasks take this user.

    >>> expected_minutes(60, 1.5, 30)
    60
    >>> expected_minutes(None, 1.5, 0)
    30
    """
    whole = GUESS_MINUTES if estimate is None else estimate * factor
    return max(STEP_MINUTES, STEP_MINUTES * round((whole - logged) / STEP_MINUTES))


def planned(candidates: Iterable[Candidate], free: Iterable[tuple[datetime, datetime]]) -> Plan:
    """What ends soonest goes first, then what ranks highest; each takes the first time that is left and long enough."""
    slots = [slot for slot in ((_rounded_up(start), end) for start, end in free) if slot[1] > slot[0]]
    closes = max((end for _, end in slots), default=None)
    blocks: list[Block] = []
    left_out: list[LeftOut] = []
    for task in sorted(candidates, key=lambda each: _urgency(each, closes)):
        found, slots, rest = _placed(task, slots)
        blocks += found
        if rest:
            left_out.append(LeftOut(task.task_id, rest))
    return Plan(tuple(sorted(blocks, key=lambda each: each.start_at)), tuple(left_out))


def _urgency(task: Candidate, closes: datetime | None) -> tuple[bool, datetime, int]:
    ends_today = task.due_at is not None and closes is not None and task.due_at <= closes
    return (not ends_today, task.due_at if ends_today and task.due_at else datetime.max.replace(tzinfo=UTC), task.rank)


def _placed(
    task: Candidate, slots: Sequence[tuple[datetime, datetime]]
) -> tuple[list[Block], list[tuple[datetime, datetime]], int]:
    """Its blocks, the time that is left after them, and the minutes that found no place."""
    rest, blocks, left = timedelta(minutes=task.minutes), [], []
    for start, end in slots:
        begin = start
        while rest and end - begin >= min(rest, SHORTEST):
            length = min(rest, LONGEST, end - begin)
            until = begin + length
            blocks.append(Block(task.task_id, begin, until, task.due_at is not None and until > task.due_at))
            rest, begin = rest - length, until + BREAK
        if end > begin:
            left.append((begin, end))
    return blocks, left, int(rest.total_seconds() // 60)


def _rounded_up(moment: datetime) -> datetime:
    over = timedelta(minutes=moment.minute % STEP_MINUTES, seconds=moment.second, microseconds=moment.microsecond)
    return moment + timedelta(minutes=STEP_MINUTES) - over if over else moment
