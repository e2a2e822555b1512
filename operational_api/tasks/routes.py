"""Tasks over HTTP."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from focusflow.errors import Conflict, Invalid, NotSignedIn
from operational_api.http.errors import problems
from operational_api.http.query_params import QueryFilter
from operational_api.http.rendered import Rendered
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import IfMatch, KeyReused, Stale, UnitOfWork, check_match
from operational_api.tasks import quick_add, rules, service, store
from operational_api.tasks.schemas import (
    NewTask,
    ParsedTask,
    Search,
    Some,
    SomeChange,
    Task,
    TaskChange,
    TaskFilter,
    TaskLine,
    TaskList,
    TaskPage,
    Understood,
)
from operational_api.tasks.store import TASKS, TaskNotFound

router = APIRouter(prefix="/tasks", tags=["Tasks"], route_class=TypedRoute)


@router.post("", status_code=201, responses=problems(NotSignedIn, Invalid, KeyReused, Conflict))
def create_task(body: NewTask, uow: UnitOfWork) -> Task:
    """Add a task."""
    fields = body.model_dump()
    rules.check_recurrence({**fields, "created_at": uow.tx.now}, uow.caller.timezone)
    store.check_links(uow.tx, None, fields)
    row = TASKS.add(uow, fields)
    return TASKS.to_response(row)


@router.post("/parse", responses=problems(NotSignedIn, Invalid))
def parse_task(body: TaskLine, uow: UnitOfWork) -> ParsedTask:
    """Read a task written in one line, such as `report fri 30m !high #work every week`. Nothing is saved.

    Days are read as your locale writes them. A word in quotes or behind a backslash stays in the title.
    """
    locale, named = store.language(uow.tx, uow.caller.user_id)
    found = quick_add.parse(body.text, locale, uow.caller.timezone, uow.tx.now, named)
    return ParsedTask(
        title=found.title, **found.fields, understood=[Understood(**asdict(each)) for each in found.understood]
    )


TASK_FILTER = QueryFilter(TaskFilter)


@router.get("", responses=problems(NotSignedIn, Invalid), openapi_extra=TASK_FILTER.openapi())
def list_tasks(filters: Annotated[TaskFilter, Depends(TASK_FILTER)], uow: UnitOfWork) -> Rendered[TaskPage]:
    """List tasks, a page at a time."""
    return Rendered(store.page(uow.tx, filters, uow.caller.timezone))


@router.get("/search", responses=problems(NotSignedIn, Invalid))
def search_tasks(filters: Annotated[Search, Query()], uow: UnitOfWork) -> TaskList:
    """Search tasks by title, description and notes, best match first."""
    return TaskList(items=TASKS.to_responses(store.search(uow.tx, filters.q, filters.limit)))


BULK = problems(NotSignedIn, service.BulkRefused, KeyReused, Invalid)


@router.post("/bulk/complete", responses=BULK)
def complete_tasks(body: Some, uow: UnitOfWork) -> TaskList:
    """Complete up to 500 tasks. All or nothing: if one is refused, none is completed."""
    rows = service.complete_each(uow, body.ids)
    return TaskList(items=TASKS.to_responses(rows))


@router.post("/bulk/update", responses=BULK)
def change_tasks(body: SomeChange, uow: UnitOfWork) -> TaskList:
    """Apply one patch to up to 500 tasks. All or nothing: if one is refused, none is changed."""
    patch = body.changes.model_dump(exclude_unset=True)
    store.queue_to_link(uow.tx, patch)
    rows = service.change_each(uow, body.ids, patch)
    return TaskList(items=TASKS.to_responses(rows))


@router.post("/bulk/delete", responses=BULK)
def delete_tasks(body: Some, uow: UnitOfWork) -> TaskList:
    """Delete up to 500 tasks. All or nothing: if one is refused, none is deleted."""
    rows = service.with_each(uow, body.ids, lambda task: service.delete(uow, task))
    return TaskList(items=TASKS.to_responses(rows))


@router.get("/{task_id:uuid}", responses=problems(NotSignedIn, TaskNotFound, Invalid))
def get_task(task_id: UUID, uow: UnitOfWork) -> Task:
    """One task."""
    row = TASKS.one(uow.tx, task_id)
    return TASKS.to_response(row)


@router.patch(
    "/{task_id:uuid}",
    responses=problems(NotSignedIn, TaskNotFound, rules.TaskDone, Stale, Invalid),
)
def change_task(task_id: UUID, body: TaskChange, uow: UnitOfWork, if_match: IfMatch = None) -> Task:
    """Update a task. Cancelling it stops its timer."""
    patch = body.model_dump(exclude_unset=True)
    store.queue_to_link(uow.tx, patch)
    return TASKS.to_response(service.change(uow, _locked(uow, task_id, if_match), patch))


@router.post(
    "/{task_id:uuid}/complete",
    responses=problems(NotSignedIn, TaskNotFound, rules.TaskDone, rules.OpenSubtasks, Stale, Invalid),
)
def complete_task(
    task_id: UUID,
    uow: UnitOfWork,
    cascade: Annotated[bool, Query(description="Also complete its open subtasks.")] = False,  # noqa: FBT002 (a query parameter)
    if_match: IfMatch = None,
) -> Task:
    """Complete a task. Its timer stops. For a recurring task, the next occurrence is created, below that of its parent if both recur."""
    return TASKS.to_response(service.complete(uow, _locked(uow, task_id, if_match), cascade=cascade))


@router.post(
    "/{task_id:uuid}/reopen",
    responses=problems(NotSignedIn, TaskNotFound, rules.TaskOpen, Stale, Invalid),
)
def reopen_task(task_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> Task:
    """Reopen a completed, cancelled or archived task. For a recurring task, the next occurrence is deleted unless you have
    changed it: then that one keeps recurring.
    """
    return TASKS.to_response(service.reopen(uow, _locked(uow, task_id, if_match)))


@router.post(
    "/{task_id:uuid}/archive",
    responses=problems(NotSignedIn, TaskNotFound, rules.TaskArchived, Stale, Invalid),
)
def archive_task(task_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> Task:
    """Archive a task, completed or not. Its timer stops."""
    task = _locked(uow, task_id, if_match)
    changes = rules.archived(task)
    store.stop_timer(uow, task_id)
    return TASKS.to_response(TASKS.save(uow, task, changes, "archived"))


@router.post(
    "/{task_id:uuid}/restore",
    responses=problems(NotSignedIn, TaskNotFound, rules.TaskNotArchived, Stale, Invalid),
)
def restore_task(task_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> Task:
    """Restore an archived task to the status it had before, or a deleted one."""
    task = store.locked_even_deleted(uow.tx, task_id)
    check_match(if_match, task["version"])
    return TASKS.to_response(TASKS.save(uow, task, rules.restored(task), "restored"))


@router.post(
    "/{task_id:uuid}/duplicate",
    status_code=201,
    responses=problems(NotSignedIn, TaskNotFound, KeyReused, Invalid),
)
def duplicate_task(task_id: UUID, uow: UnitOfWork) -> Task:
    """Create an open copy of a task."""
    row = service.duplicate(uow, TASKS.one(uow.tx, task_id))
    return TASKS.to_response(row)


@router.get("/{task_id:uuid}/subtasks", responses=problems(NotSignedIn, TaskNotFound, Invalid))
def list_subtasks(task_id: UUID, uow: UnitOfWork) -> TaskList:
    """List the direct subtasks of a task."""
    TASKS.one(uow.tx, task_id)
    return TaskList(items=TASKS.to_responses(store.subtasks(uow.tx, task_id)))


@router.delete("/{task_id:uuid}", status_code=204, responses=problems(NotSignedIn, TaskNotFound, Stale, Invalid))
def delete_task(task_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete a task. Its timer stops."""
    service.delete(uow, _locked(uow, task_id, if_match))


def _locked(uow: UnitOfWork, task_id: UUID, if_match: str | None) -> Mapping[str, Any]:
    task = TASKS.locked(uow.tx, task_id)
    check_match(if_match, task["version"])
    return task
