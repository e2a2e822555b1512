"""Milestones over HTTP, nested under their goal."""

from uuid import UUID

from fastapi import APIRouter

from focusflow.errors import Invalid, NotSignedIn
from operational_api.entities import require_non_null
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
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import IfMatch, KeyReused, Stale, UnitOfWork, check_match

router = APIRouter(prefix="/goals/{goal_id:uuid}/milestones", tags=["Goals"], route_class=TypedRoute)


@router.get("", responses=problems(NotSignedIn, GoalNotFound, Invalid))
def list_milestones(goal_id: UUID, uow: UnitOfWork) -> Milestones:
    """List the milestones of a goal."""
    GOALS.one(uow.tx, goal_id)
    return Milestones(items=MILESTONES.to_responses(milestones_of(uow.tx, goal_id)))


@router.post(
    "",
    status_code=201,
    responses=problems(NotSignedIn, GoalNotFound, TooManyMilestones, KeyReused, Invalid),
)
def add_milestone(goal_id: UUID, body: NewMilestone, uow: UnitOfWork) -> Milestone:
    """Add a milestone to a goal."""
    goal = GOALS.locked(uow.tx, goal_id)
    present = milestones_of(uow.tx, goal_id)
    if len(present) >= MILESTONES_AT_MOST:
        raise TooManyMilestones
    fields = body.model_dump() | {"goal_id": goal_id}
    if body.order_index is None:
        fields["order_index"] = max((each["order_index"] for each in present), default=-1) + 1
    row = MILESTONES.add(uow, fields)
    follow_milestones(uow, goal)
    return MILESTONES.to_response(row)


@router.patch(
    "/{milestone_id:uuid}",
    responses=problems(NotSignedIn, GoalNotFound, MilestoneNotFound, Stale, Invalid),
)
def change_milestone(
    goal_id: UUID, milestone_id: UUID, body: MilestoneChange, uow: UnitOfWork, if_match: IfMatch = None
) -> Milestone:
    """Update a milestone or its position."""
    GOALS.locked(uow.tx, goal_id)
    before = milestone(uow.tx, goal_id, milestone_id)
    check_match(if_match, before["version"])
    row = MILESTONES.save(uow, before, require_non_null(body.model_dump(exclude_unset=True), "title", "order_index"))
    return MILESTONES.to_response(row)


@router.delete(
    "/{milestone_id:uuid}",
    status_code=204,
    responses=problems(NotSignedIn, GoalNotFound, MilestoneNotFound, Stale, Invalid),
)
def delete_milestone(goal_id: UUID, milestone_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete a milestone."""
    goal = GOALS.locked(uow.tx, goal_id)
    row = milestone(uow.tx, goal_id, milestone_id)
    check_match(if_match, row["version"])
    MILESTONES.remove(uow, row)
    follow_milestones(uow, goal)


def _settle(path: str, status: str, sentence: str) -> None:
    def settle(goal_id: UUID, milestone_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> Milestone:
        goal = GOALS.locked(uow.tx, goal_id)
        before = milestone(uow.tx, goal_id, milestone_id)
        check_match(if_match, before["version"])
        if status == "pending":
            row = MILESTONES.save(uow, before, rules.unsettled(before), "updated")
        else:
            row = MILESTONES.save(uow, before, rules.settled(before, status, uow.tx.now), status)
        follow_milestones(uow, goal)
        return MILESTONES.to_response(row)

    settle.__name__, settle.__doc__ = f"{path}_milestone", sentence
    conflict = rules.MilestonePending if status == "pending" else rules.MilestoneSettled
    answers = problems(NotSignedIn, GoalNotFound, MilestoneNotFound, conflict, KeyReused, Stale, Invalid)
    router.post(f"/{{milestone_id:uuid}}/{path}", responses=answers)(settle)


_settle(
    "complete", "completed", "Complete a milestone. For a goal measured by milestones, the last one completes the goal."
)
_settle("skip", "skipped", "Skip a milestone. It no longer counts toward the goal.")
_settle("reopen", "pending", "Reopen a completed or skipped milestone.")
