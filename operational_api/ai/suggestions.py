"""What could be done: now, with the minutes at hand, and next, for the goals that nothing leads to. By rule, and pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from reports.planning.planner import SHORTEST, Candidate

SUGGESTIONS_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A task that could be written down, for which goal, and why."""

    title: str
    goal_id: UUID
    milestone_id: UUID | None
    minutes: int | None
    why: str


def fitting(candidates: Sequence[Candidate], minutes: int) -> tuple[Candidate, int] | None:
    """The first in the list that can be finished in so many minutes; else the first of all, begun for as long as there is. None
    where there is nothing, or too little time for any of it.
    """
    for each in candidates:
        if each.minutes <= minutes:
            return each, each.minutes
    return (candidates[0], minutes) if candidates and minutes * 60 >= SHORTEST.total_seconds() else None


def next_steps(goals: Iterable[Mapping[str, Any]], today: date) -> Iterator[Suggestion]:
    """The next milestone of each goal; a first step where nothing leads to it; what is left of a vision's time this week."""
    for goal in goals:
        days = None if goal["target_date"] is None else (goal["target_date"] - today).days
        when = (
            ""
            if days is None
            else f", {days} {'day' if days == 1 else 'days'} left"
            if days >= 0
            else ", its date is past"
        )
        if goal["step"] is not None and not goal["has_step"]:
            yield _of(goal, goal["step"], f"the next milestone of “{goal['title']}”{when}", goal["milestone_id"])
        elif goal["weekly_minutes"] and goal["spent"] < goal["weekly_minutes"]:
            left = goal["weekly_minutes"] - goal["spent"]
            why = f"{goal['spent']} of {goal['weekly_minutes']} minutes meant for it this week"
            yield _of(goal, f"Time for “{goal['title']}”", why, minutes=left)
        elif not goal["has_task"] and goal["step"] is None:
            yield _of(goal, f"Choose a first step for “{goal['title']}”", f"no open task leads to it{when}")


def _of(
    goal: Mapping[str, Any], title: str, why: str, milestone_id: UUID | None = None, minutes: int | None = None
) -> Suggestion:
    return Suggestion(title[:500], goal["goal_id"], milestone_id, minutes, why)
