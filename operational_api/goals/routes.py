"""Goals over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from focusflow.errors import Invalid, NotSignedIn
from operational_api.entities import require_non_null
from operational_api.goals import rules
from operational_api.goals.schemas import (
    Goal,
    GoalChange,
    GoalFilter,
    GoalPage,
    NewGoal,
    NewProgress,
    Progress,
    ProgressFilter,
    ProgressPage,
)
from operational_api.goals.store import (
    GOALS,
    QUERIES,
    GoalNotFound,
    advance,
    complete_if_reached,
    resume_if_fallen_back,
)
from operational_api.http.errors import problems
from operational_api.http.pagination import after_moment, page_of
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import IfMatch, KeyReused, Stale, UnitOfWork, check_match

router = APIRouter(prefix="/goals", tags=["Goals"], route_class=TypedRoute)


@router.post("", status_code=201, responses=problems(NotSignedIn, KeyReused, Invalid))
def create_goal(body: NewGoal, uow: UnitOfWork) -> Goal:
    """Add a goal."""
    row = GOALS.add(uow, body.model_dump())
    return GOALS.to_response(row)


@router.get("", responses=problems(NotSignedIn, Invalid))
def list_goals(filters: Annotated[GoalFilter, Query()], uow: UnitOfWork) -> GoalPage:
    """List goals."""
    values = filters.model_dump() | after_moment(filters.cursor, "goals")
    page = page_of(uow.tx.all(QUERIES["page"], values), filters.limit, "goals", "created_at")
    return GoalPage(items=GOALS.to_responses(page.rows), next_cursor=page.next_cursor)


@router.get("/{goal_id:uuid}", responses=problems(NotSignedIn, GoalNotFound, Invalid))
def get_goal(goal_id: UUID, uow: UnitOfWork) -> Goal:
    """One goal."""
    row = GOALS.one(uow.tx, goal_id)
    return GOALS.to_response(row)


@router.patch("/{goal_id:uuid}", responses=problems(NotSignedIn, GoalNotFound, Stale, Invalid))
def change_goal(goal_id: UUID, body: GoalChange, uow: UnitOfWork, if_match: IfMatch = None) -> Goal:
    """Update a goal. A new target changes its progress: reaching it completes the goal, falling below it reactivates the goal."""
    goal = GOALS.locked(uow.tx, goal_id)
    check_match(if_match, goal["version"])
    patch = require_non_null(body.model_dump(exclude_unset=True), "title", "horizon")
    row = GOALS.save(uow, goal, rules.changed(goal, patch))
    if row["progress"] != goal["progress"]:
        row = resume_if_fallen_back(uow, goal, complete_if_reached(uow, row))
    return GOALS.to_response(row)


@router.delete("/{goal_id:uuid}", status_code=204, responses=problems(NotSignedIn, GoalNotFound, Stale, Invalid))
def delete_goal(goal_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete a goal. Its tasks are kept."""
    goal = GOALS.locked(uow.tx, goal_id)
    check_match(if_match, goal["version"])
    GOALS.save(uow, goal, {"deleted_at": uow.tx.now}, "deleted")


def _move(path: str, event_action: str, sentence: str) -> None:
    def move(goal_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> Goal:
        goal = GOALS.locked(uow.tx, goal_id)
        check_match(if_match, goal["version"])
        row = GOALS.save(uow, goal, rules.moved(goal, event_action, uow.tx.now), event_action)
        if goal["status"] == "paused":
            row = complete_if_reached(uow, row)
        return GOALS.to_response(row)

    move.__name__, move.__doc__ = f"{path}_goal", sentence
    answers = problems(NotSignedIn, GoalNotFound, rules.GoalElsewhere, KeyReused, Stale, Invalid)
    router.post(f"/{{goal_id:uuid}}/{path}", responses=answers)(move)


_move("pause", "paused", "Pause an active goal.")
_move(
    "resume",
    "resumed",
    "Resume a paused, cancelled or completed goal. If its target was reached meanwhile, it is completed at once.",
)
_move("cancel", "cancelled", "Cancel a goal.")
_move("complete", "completed", "Mark a goal as completed regardless of its measured progress, which stays as it is.")


@router.post(
    "/{goal_id:uuid}/progress",
    responses=problems(
        NotSignedIn, GoalNotFound, rules.GoalByMilestones, rules.GoalNotActive, KeyReused, Stale, Invalid
    ),
)
def record_progress(goal_id: UUID, body: NewProgress, uow: UnitOfWork, if_match: IfMatch = None) -> Goal:
    """Record progress on a goal. Reaching the target completes it."""
    goal = GOALS.locked(uow.tx, goal_id)
    check_match(if_match, goal["version"])
    row = advance(uow, goal, rules.progressed(goal, body.value))
    return GOALS.to_response(row)


@router.get("/{goal_id:uuid}/progress", responses=problems(NotSignedIn, GoalNotFound, Invalid))
def list_progress(goal_id: UUID, filters: Annotated[ProgressFilter, Query()], uow: UnitOfWork) -> ProgressPage:
    """List the progress history of a goal."""
    GOALS.one(uow.tx, goal_id)
    values = filters.model_dump() | after_moment(filters.cursor, f"progress-{goal_id}") | {"goal_id": goal_id}
    page = page_of(uow.tx.all(QUERIES["history"], values), filters.limit, f"progress-{goal_id}", "recorded_at")
    return ProgressPage(items=[Progress.from_row(row) for row in page.rows], next_cursor=page.next_cursor)
