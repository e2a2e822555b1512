"""Priority scores over HTTP: open tasks by score, each with its reasons."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query

from focusflow.clock import local_date
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from operational_api.http.conditional import NOT_MODIFIED, IfNoneMatch, if_modified
from operational_api.http.errors import problems
from operational_api.http.past import NotPast, check_past
from operational_api.http.rendered import Rendered
from operational_api.http.route import TypedRoute
from operational_api.http.services import NoHistory, Shared
from operational_api.http.unit_of_work import CallerCredentials, UnitOfWork, short_transaction
from operational_api.scores import store
from operational_api.scores.schemas import PastScore, PastScores, Score, Scores, Then, WhatIf, WhatIfScore

router = APIRouter(tags=["Scores"], route_class=TypedRoute)


class NothingToScore(Conflict):
    """This task has no score: it is completed, waits for another task, or starts later."""


class TaskNotFound(NotFound):
    """No task has this id."""


@router.get("/scores", responses=NOT_MODIFIED | problems(NotSignedIn, Invalid))
def list_scores(
    uow: UnitOfWork, limit: Annotated[int, Query(ge=1, le=200)] = 20, if_none_match: IfNoneMatch = None
) -> Rendered[Scores]:
    """List actionable tasks, highest score first. Scores include your latest changes."""
    items, counts = store.page(uow, limit=limit)
    return if_modified(if_none_match, orjson.dumps(counts)[:-1] + f',"items":{items}}}'.encode())


@router.get("/scores/history", responses=problems(NotSignedIn, NotPast, NoHistory, Invalid))
def list_past_scores(filters: Annotated[Then, Query()], credentials: CallerCredentials, shared: Shared) -> PastScores:
    """List the scores of a past moment, computed again from what was known then."""
    with short_transaction(shared, credentials) as uow:
        user_id, now, timezone = uow.caller.user_id, uow.tx.now, uow.caller.timezone
    check_past(filters.as_of, now)
    found, late = shared.history.scores(user_id, local_date(filters.as_of, timezone), filters.as_of)
    with short_transaction(shared, credentials) as uow:
        titles = store.titles(uow.tx, [row["task_id"] for row in found])
    items = [PastScore.from_row({**row, "title": titles.get(row["task_id"])}) for row in found]
    return PastScores(as_of=filters.as_of, late_events=late, items=items)


@router.get(
    "/tasks/{task_id:uuid}/score",
    responses=NOT_MODIFIED | problems(NotSignedIn, TaskNotFound, NothingToScore, Invalid),
)
def get_score(task_id: UUID, uow: UnitOfWork, if_none_match: IfNoneMatch = None) -> Rendered[Score]:
    """Get the score of a task with its reasons."""
    found, _ = store.page(uow, limit=1, task_id=task_id)
    if found == "[]":
        raise NothingToScore if store.is_there(uow.tx, task_id) else TaskNotFound
    return if_modified(if_none_match, found[1:-1].encode())


@router.post(
    "/tasks/{task_id:uuid}/what-if",
    responses=problems(NotSignedIn, TaskNotFound, NothingToScore, Invalid),
)
def score_what_if(task_id: UUID, body: WhatIf, uow: UnitOfWork) -> WhatIfScore:
    """Score a task as if it had another due date, priority or estimate. Nothing is saved."""
    changes = body.model_dump(exclude_unset=True)
    found = store.what_if(uow, task_id, changes)
    if found is None:
        raise NothingToScore if store.is_there(uow.tx, task_id) else TaskNotFound
    return WhatIfScore(**found)
