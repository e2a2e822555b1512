"""Milestones over HTTP, each under its goal."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from focusflow.errors import Invalid, NotSignedIn
from operational_api.entities import filled
from operational_api.goals import rules
from operational_api.goals.schemas import Milestone, MilestoneChange, Milestones, NewMilestone
from operational_api.goals.store import (
    GOALS,
    MILESTONES,
    MILESTONES_AT_MOST,
    GoalNotFound,
    MilestoneNotFound,
    TooManyMilestones,
    follow_milestones,
    milestone,
    milestones_of,
)
from operational_api.http.errors import problems
from operational_api.http.unit_of_work import IfMatch, InOneTransaction, KeyReused, Stale, UnitOfWork, check_match

router = APIRouter(prefix="/goals/{goal_id:uuid}/milestones", tags=["Goals"], route_class=InOneTransaction)


@router.get("", response_model=Milestones, responses=problems(NotSignedIn, GoalNotFound, Invalid))
def list_milestones(goal_id: UUID, work: UnitOfWork) -> Response:
    """The steps of a goal."""
    GOALS.one(work.tx, goal_id)
    return work.reply({"items": [MILESTONES.shown(row) for row in milestones_of(work.tx, goal_id)]})


@router.post(
    "",
    status_code=201,
    response_model=Milestone,
    responses=problems(NotSignedIn, GoalNotFound, TooManyMilestones, KeyReused, Invalid),
)
def add_milestone(goal_id: UUID, body: NewMilestone, work: UnitOfWork) -> Response:
    """Add a step to a goal."""
    goal = GOALS.locked(work.tx, goal_id)
    present = milestones_of(work.tx, goal_id)
    if len(present) >= MILESTONES_AT_MOST:
        raise TooManyMilestones
    fields = body.model_dump() | {"goal_id": goal_id}
    if body.order_index is None:
        fields["order_index"] = max((each["order_index"] for each in present), default=-1) + 1
    row = MILESTONES.add(work, fields)
    follow_milestones(work, goal)
    return work.reply(MILESTONES.shown(row), 201, version=row["version"])


@router.patch(
    "/{milestone_id:uuid}",
    response_model=Milestone,
    responses=problems(NotSignedIn, GoalNotFound, MilestoneNotFound, Stale, Invalid),
)
def change_milestone(
    goal_id: UUID, milestone_id: UUID, body: MilestoneChange, work: UnitOfWork, if_match: IfMatch = None
) -> Response:
    """Change a step, or its place among the others."""
    GOALS.locked(work.tx, goal_id)
    before = milestone(work.tx, goal_id, milestone_id)
    check_match(if_match, before["version"])
    row = MILESTONES.save(work, before, filled(body.model_dump(exclude_unset=True), "title", "order_index"))
    return work.reply(MILESTONES.shown(row), version=row["version"])


@router.delete(
    "/{milestone_id:uuid}",
    status_code=204,
    responses=problems(NotSignedIn, GoalNotFound, MilestoneNotFound, Stale, Invalid),
)
def delete_milestone(goal_id: UUID, milestone_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete a step."""
    goal = GOALS.locked(work.tx, goal_id)
    row = milestone(work.tx, goal_id, milestone_id)
    check_match(if_match, row["version"])
    MILESTONES.remove(work, row)
    follow_milestones(work, goal)


def _settle(path: str, status: str, sentence: str) -> None:
    def settle(goal_id: UUID, milestone_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> Response:
        goal = GOALS.locked(work.tx, goal_id)
        before = milestone(work.tx, goal_id, milestone_id)
        check_match(if_match, before["version"])
        if status == "pending":
            row = MILESTONES.save(work, before, rules.unsettled(before), "updated")
        else:
            row = MILESTONES.save(work, before, rules.settled(before, status, work.tx.now), status)
        follow_milestones(work, goal)
        return work.reply(MILESTONES.shown(row), version=row["version"])

    settle.__name__, settle.__doc__ = f"{path}_milestone", sentence
    conflict = rules.MilestonePending if status == "pending" else rules.MilestoneSettled
    answers = problems(NotSignedIn, GoalNotFound, MilestoneNotFound, conflict, KeyReused, Stale, Invalid)
    router.post(f"/{{milestone_id:uuid}}/{path}", response_model=Milestone, responses=answers)(settle)


_settle("complete", "completed", "Complete a step. The last one completes a goal that is told by its milestones.")
_settle("skip", "skipped", "Skip a step: it counts no more.")
_settle("reopen", "pending", "Take back that a step was completed or skipped.")
