"""A plan for a day that can be kept: what matters most first, only where there is time, with breaks, and honest about the rest. Pure."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
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


#: Why a block stands before one of a higher score: its task is due that day, the user chose so, or it fits a gap that the other does not.
Why = Literal["due", "chosen", "fits"]


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a day for a task. `is_late` where it ends after the task is due and need not. `minutes_left` is what found no place."""

    task_id: UUID
    start_at: datetime
    end_at: datetime
    is_late: bool = False
    why: Why | None = None
    minutes_left: int = 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A task that found no place at all."""

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


def planned(
    candidates: Iterable[Candidate],
    free: Iterable[tuple[datetime, datetime]],
    *,
    day_ends: datetime | None = None,
    chosen: Sequence[UUID] = (),
) -> Plan:
    """What the user chose goes first, in that order; then what is due before the day ends, soonest first; then what ranks highest. Each takes
    the first time that is left and long enough. What is overdue goes by its rank: it is late in any case.
    """
    slots = [slot for slot in ((_rounded_up(start), end) for start, end in free) if slot[1] > slot[0]]
    all_slots, tasks = tuple(slots), {each.task_id: each for each in candidates}
    day = _Day(slots[0][0], day_ends or max(end for _, end in slots)) if slots else None
    places = {task_id: place for place, task_id in enumerate(chosen)}
    blocks: list[Block] = []
    left_out: list[LeftOut] = []
    for task in sorted(tasks.values(), key=lambda each: (places.get(each.task_id, len(places)), *_urgency(each, day))):
        found, slots, rest = _placed(task, slots)
        if not found:
            left_out.append(LeftOut(task.task_id, rest))
            continue
        if any(block.is_late for block in found) and not _can_be_in_time(task, all_slots):
            found = [replace(block, is_late=False) for block in found]
        blocks += [*found[:-1], replace(found[-1], minutes_left=rest)]
    in_order = sorted(blocks, key=lambda each: each.start_at)
    return Plan(tuple(_with_reasons(in_order, tasks, day, places)), tuple(left_out))


@dataclass(frozen=True, slots=True)
class _Day:
    """From the first free minute to the end."""

    begins: datetime
    ends: datetime

    def is_due(self, task: Candidate) -> bool:
        return task.due_at is not None and self.begins < task.due_at <= self.ends


def _urgency(task: Candidate, day: _Day | None) -> tuple[bool, datetime, int]:
    is_due = day is not None and day.is_due(task)
    return (not is_due, task.due_at if is_due and task.due_at else datetime.max.replace(tzinfo=UTC), task.rank)


def _can_be_in_time(task: Candidate, slots: Sequence[tuple[datetime, datetime]]) -> bool:
    """Whether it would be done before it is due if it went first."""
    blocks, _, rest = _placed(task, slots)
    return not rest and not any(block.is_late for block in blocks)


def _with_reasons(
    blocks: Sequence[Block], tasks: Mapping[UUID, Candidate], day: _Day | None, chosen: Container[UUID]
) -> Iterator[Block]:
    for place, block in enumerate(blocks):
        task = tasks[block.task_id]
        is_before_higher = any(tasks[later.task_id].rank < task.rank for later in blocks[place + 1 :])
        why: Why | None = None
        if day is not None and day.is_due(task):
            why = "due"
        elif is_before_higher:
            why = "chosen" if block.task_id in chosen else "fits"
        yield replace(block, why=why)


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
