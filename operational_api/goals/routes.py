"""Goals over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from focusflow.errors import Invalid, NotSignedIn
from operational_api.entities import filled
from operational_api.goals import rules
from operational_api.goals.schemas import (
    Goal,
    GoalChange,
    GoalFilter,
    GoalPage,
    NewGoal,
    NewProgress,
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
from operational_api.http.unit_of_work import IfMatch, InOneTransaction, KeyReused, Stale, UnitOfWork, check_match

router = APIRouter(prefix="/goals", tags=["Goals"], route_class=InOneTransaction)


@router.post("", status_code=201, response_model=Goal, responses=problems(NotSignedIn, KeyReused, Invalid))
def create_goal(body: NewGoal, work: UnitOfWork) -> Response:
    """Add a goal."""
    row = GOALS.add(work, body.model_dump())
    return work.reply(GOALS.shown(row), 201, version=row["version"])


@router.get("", response_model=GoalPage, responses=problems(NotSignedIn, Invalid))
def list_goals(wanted: Annotated[GoalFilter, Query()], work: UnitOfWork) -> Response:
    """List goals."""
    values = wanted.model_dump() | after_moment(wanted.cursor, "goals")
    page = page_of(work.tx.all(QUERIES["page"], values), wanted.limit, "goals", "created_at")
    return work.reply({**page, "items": [GOALS.shown(row) for row in page["items"]]})


@router.get("/{goal_id:uuid}", response_model=Goal, responses=problems(NotSignedIn, GoalNotFound, Invalid))
def get_goal(goal_id: UUID, work: UnitOfWork) -> Response:
    """One goal."""
    row = GOALS.one(work.tx, goal_id)
    return work.reply(GOALS.shown(row), version=row["version"])


@router.patch("/{goal_id:uuid}", response_model=Goal, responses=problems(NotSignedIn, GoalNotFound, Stale, Invalid))
def change_goal(goal_id: UUID, body: GoalChange, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Change a goal. Another target moves its progress: where that reaches it, the goal is completed; where it was reached and is no more,
    the goal is taken up again.
    """
    goal = GOALS.locked(work.tx, goal_id)
    check_match(if_match, goal["version"])
    wish = filled(body.model_dump(exclude_unset=True), "title", "horizon")
    row = GOALS.save(work, goal, rules.changed(goal, wish))
    if row["progress"] != goal["progress"]:
        row = resume_if_fallen_back(work, goal, complete_if_reached(work, row))
    return work.reply(GOALS.shown(row), version=row["version"])


@router.delete("/{goal_id:uuid}", status_code=204, responses=problems(NotSignedIn, GoalNotFound, Stale, Invalid))
def delete_goal(goal_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete a goal. Its tasks stay."""
    goal = GOALS.locked(work.tx, goal_id)
    check_match(if_match, goal["version"])
    GOALS.save(work, goal, {"deleted_at": work.tx.now}, "deleted")


def _move(path: str, happening: str, sentence: str) -> None:
    def move(goal_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> Response:
        goal = GOALS.locked(work.tx, goal_id)
        check_match(if_match, goal["version"])
        row = GOALS.save(work, goal, rules.moved(goal, happening, work.tx.now), happening)
        if goal["status"] == "paused":
            row = complete_if_reached(work, row)
        return work.reply(GOALS.shown(row), version=row["version"])

    move.__name__, move.__doc__ = f"{path}_goal", sentence
    answers = problems(NotSignedIn, GoalNotFound, rules.GoalElsewhere, KeyReused, Stale, Invalid)
    router.post(f"/{{goal_id:uuid}}/{path}", response_model=Goal, responses=answers)(move)


_move("pause", "paused", "Pause an active goal.")
_move(
    "resume",
    "resumed",
    "Take up a goal again that was paused, cancelled or completed. One that reached its target meanwhile is completed at once.",
)
_move("cancel", "cancelled", "Give a goal up.")
_move("complete", "completed", "Say that a goal is reached, whatever was measured of it: its progress stays as it is.")


@router.post(
    "/{goal_id:uuid}/progress",
    response_model=Goal,
    responses=problems(
        NotSignedIn, GoalNotFound, rules.GoalByMilestones, rules.GoalNotActive, KeyReused, Stale, Invalid
    ),
)
def record_progress(goal_id: UUID, body: NewProgress, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Say how far a goal is. One that reaches its target is completed."""
    goal = GOALS.locked(work.tx, goal_id)
    check_match(if_match, goal["version"])
    row = advance(work, goal, rules.progressed(goal, body.value))
    return work.reply(GOALS.shown(row), version=row["version"])


@router.get(
    "/{goal_id:uuid}/progress", response_model=ProgressPage, responses=problems(NotSignedIn, GoalNotFound, Invalid)
)
def list_progress(goal_id: UUID, wanted: Annotated[ProgressFilter, Query()], work: UnitOfWork) -> Response:
    """How a goal came along."""
    GOALS.one(work.tx, goal_id)
    values = wanted.model_dump() | after_moment(wanted.cursor, f"progress-{goal_id}") | {"goal_id": goal_id}
    return work.reply(
        page_of(work.tx.all(QUERIES["history"], values), wanted.limit, f"progress-{goal_id}", "recorded_at")
    )
