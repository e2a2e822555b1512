"""Suggestions by rule: one task for now, and next tasks for goals. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from focusflow.durations import duration
from reports.planning.planner import SHORTEST, Candidate

SUGGESTIONS_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested task, its goal and the reason."""

    title: str
    goal_id: UUID
    milestone_id: UUID | None
    minutes: int | None
    why: str


def fitting(candidates: Sequence[Candidate], minutes: int) -> tuple[Candidate, int] | None:
    """The first task that can be finished in the given minutes, else the first task, for as long as there is. None if there are no
    tasks or too little time.
    """
    for each in candidates:
        if each.minutes <= minutes:
            return each, each.minutes
    return (candidates[0], minutes) if candidates and minutes * 60 >= SHORTEST.total_seconds() else None


def next_steps(goals: Iterable[Mapping[str, Any]], today: date) -> Iterator[Suggestion]:
    """Suggest the next milestone of each goal, a first step for goals without open tasks, and the rest of a vision's weekly time."""
    for goal in goals:
        days = None if goal["target_date"] is None else (goal["target_date"] - today).days
        when = (
            ""
            if days is None
            else f", {days} {'day' if days == 1 else 'days'} left"
            if days >= 0
            else ", past its target date"
        )
        if goal["step"] is not None and not goal["has_step"]:
            yield _of(goal, goal["step"], f"the next milestone of “{goal['title']}”{when}", goal["milestone_id"])
        elif goal["weekly_minutes"] and goal["spent"] < goal["weekly_minutes"]:
            left = goal["weekly_minutes"] - goal["spent"]
            spent, planned = duration(goal["spent"]), duration(goal["weekly_minutes"])
            why = f"{spent} of {planned} planned for this week"
            yield _of(goal, f"Time for “{goal['title']}”", why, minutes=left)
        elif not goal["has_task"] and goal["step"] is None:
            yield _of(goal, f"Choose a first step for “{goal['title']}”", f"it has no open task{when}")


def _of(
    goal: Mapping[str, Any], title: str, why: str, milestone_id: UUID | None = None, minutes: int | None = None
) -> Suggestion:
    return Suggestion(title[:500], goal["goal_id"], milestone_id, minutes, why)
