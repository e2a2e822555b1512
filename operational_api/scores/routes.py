"""Priority scores over HTTP: open tasks, the most pressing first, each with its reasons."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from operational_api.http.conditional import NOT_MODIFIED, IfNoneMatch, unless_known
from operational_api.http.errors import problems
from operational_api.http.unit_of_work import InOneTransaction, UnitOfWork
from operational_api.scores import store
from operational_api.scores.schemas import Score, Scores

router = APIRouter(tags=["Scores"], route_class=InOneTransaction)


class NothingToScore(Conflict):
    """This task is done, waits for another, or is not to be begun yet, so it has no score."""


class TaskNotFound(NotFound):
    """There is no such task."""


@router.get("/scores", response_model=Scores, responses=NOT_MODIFIED | problems(NotSignedIn, Invalid))
def list_scores(
    work: UnitOfWork, limit: Annotated[int, Query(ge=1, le=200)] = 20, if_none_match: IfNoneMatch = None
) -> Response:
    """What you can begin now, the most pressing first. A task that was just written has its score already."""
    return unless_known(if_none_match, f'{{"items":{store.page(work, limit=limit)}}}'.encode())


@router.get(
    "/tasks/{task_id:uuid}/score",
    response_model=Score,
    responses=NOT_MODIFIED | problems(NotSignedIn, TaskNotFound, NothingToScore, Invalid),
)
def get_score(task_id: UUID, work: UnitOfWork, if_none_match: IfNoneMatch = None) -> Response:
    """How pressing one task is, and why."""
    found = store.page(work, limit=1, task_id=task_id)
    if found == "[]":
        raise NothingToScore if store.is_there(work.tx, task_id) else TaskNotFound
    return unless_known(if_none_match, found[1:-1].encode())
