"""Tasks over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from focusflow.errors import Conflict, Invalid, NotSignedIn
from operational_api.http.errors import problems
from operational_api.http.query_params import AskedFor
from operational_api.http.unit_of_work import IfMatch, InOneTransaction, KeyReused, Stale, UnitOfWork, Work, check_match
from operational_api.tasks import rules, service, store
from operational_api.tasks.schemas import (
    NewTask,
    Search,
    Some,
    SomeChange,
    Task,
    TaskChange,
    TaskFilter,
    TaskList,
    TaskPage,
)

router = APIRouter(prefix="/tasks", tags=["Tasks"], route_class=InOneTransaction)


@router.post("", status_code=201, response_model=Task, responses=problems(NotSignedIn, Invalid, KeyReused, Conflict))
def create_task(body: NewTask, work: UnitOfWork) -> Response:
    """Add a task."""
    fields = body.model_dump()
    rules.check_recurrence({**fields, "created_at": work.tx.now}, work.caller.timezone)
    store.check_links(work.tx, None, fields)
    row = store.add(work, fields)
    return work.reply(store.shown(row), 201, version=row["version"])


TASKS = AskedFor(TaskFilter)


@router.get("", response_model=TaskPage, responses=problems(NotSignedIn, Invalid), openapi_extra=TASKS.described())
def list_tasks(wanted: Annotated[TaskFilter, Depends(TASKS)], work: UnitOfWork) -> Response:
    """List tasks, a page at a time."""
    return work.reply(store.page(work.tx, wanted, work.caller.timezone))


@router.get("/search", response_model=TaskList, responses=problems(NotSignedIn, Invalid))
def search_tasks(wanted: Annotated[Search, Query()], work: UnitOfWork) -> Response:
    """Find tasks by words in them, the best first."""
    return work.reply({"items": [store.shown(row) for row in store.search(work.tx, wanted.q, wanted.limit)]})


BULK = problems(NotSignedIn, service.BulkRefused, KeyReused, Invalid)


@router.post("/bulk/complete", response_model=TaskList, responses=BULK)
def complete_tasks(body: Some, work: UnitOfWork) -> Response:
    """Complete up to 500 tasks, or none of them where one cannot be."""
    rows = service.complete_each(work, body.ids)
    return work.reply({"items": [store.shown(row) for row in rows]})


@router.post("/bulk/update", response_model=TaskList, responses=BULK)
def change_tasks(body: SomeChange, work: UnitOfWork) -> Response:
    """Change up to 500 tasks alike, or none of them where one cannot be."""
    wish = body.changes.model_dump(exclude_unset=True)
    store.queue_to_link(work.tx, wish)
    rows = service.change_each(work, body.ids, wish)
    return work.reply({"items": [store.shown(row) for row in rows]})


@router.post("/bulk/delete", response_model=TaskList, responses=BULK)
def delete_tasks(body: Some, work: UnitOfWork) -> Response:
    """Delete up to 500 tasks, or none of them where one cannot be."""
    rows = service.with_each(work, body.ids, lambda task: service.delete(work, task))
    return work.reply({"items": [store.shown(row) for row in rows]})


@router.get("/{task_id:uuid}", response_model=Task, responses=problems(NotSignedIn, store.TaskNotFound, Invalid))
def get_task(task_id: UUID, work: UnitOfWork) -> Response:
    """One task."""
    row = store.one(work.tx, task_id)
    return work.reply(store.shown(row), version=row["version"])


@router.patch(
    "/{task_id:uuid}",
    response_model=Task,
    responses=problems(NotSignedIn, store.TaskNotFound, rules.TaskDone, Stale, Invalid),
)
def change_task(task_id: UUID, body: TaskChange, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Change a task. Cancelling it stops its timer."""
    wish = body.model_dump(exclude_unset=True)
    store.queue_to_link(work.tx, wish)
    return _answer(work, service.change(work, _locked(work, task_id, if_match), wish))


@router.post(
    "/{task_id:uuid}/complete",
    response_model=Task,
    responses=problems(NotSignedIn, store.TaskNotFound, rules.TaskDone, rules.OpenSubtasks, Stale, Invalid),
)
def complete_task(
    task_id: UUID,
    work: UnitOfWork,
    cascade: Annotated[bool, Query(description="Complete its open subtasks with it.")] = False,  # noqa: FBT002 (a query parameter)
    if_match: IfMatch = None,
) -> Response:
    """Complete a task. Its timer stops; of a recurring task the next is created, below the next of its parent if that was completed with it."""
    return _answer(work, service.complete(work, _locked(work, task_id, if_match), cascade=cascade))


@router.post(
    "/{task_id:uuid}/reopen",
    response_model=Task,
    responses=problems(NotSignedIn, store.TaskNotFound, rules.TaskOpen, Stale, Invalid),
)
def reopen_task(task_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Take back that a task was done, cancelled or archived. The next of a recurring task goes again, unless you have changed it: then it is
    the one that recurs.
    """
    return _answer(work, service.reopen(work, _locked(work, task_id, if_match)))


@router.post(
    "/{task_id:uuid}/archive",
    response_model=Task,
    responses=problems(NotSignedIn, store.TaskNotFound, rules.TaskArchived, Stale, Invalid),
)
def archive_task(task_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Put a task away, done or not. Its timer stops."""
    task = _locked(work, task_id, if_match)
    changes = rules.archived(task)
    store.stop_timer(work, task_id)
    return _answer(work, store.save(work, task, changes, "archived"))


@router.post(
    "/{task_id:uuid}/restore",
    response_model=Task,
    responses=problems(NotSignedIn, store.TaskNotFound, rules.TaskNotArchived, Stale, Invalid),
)
def restore_task(task_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Take a task out of the archive: done if it had been, else open."""
    task = _locked(work, task_id, if_match)
    return _answer(work, store.save(work, task, rules.restored(task), "restored"))


@router.post(
    "/{task_id:uuid}/duplicate",
    status_code=201,
    response_model=Task,
    responses=problems(NotSignedIn, store.TaskNotFound, KeyReused, Invalid),
)
def duplicate_task(task_id: UUID, work: UnitOfWork) -> Response:
    """Add an open task that is like this one."""
    row = service.duplicate(work, store.one(work.tx, task_id))
    return work.reply(store.shown(row), 201, version=row["version"])


@router.get(
    "/{task_id:uuid}/subtasks", response_model=TaskList, responses=problems(NotSignedIn, store.TaskNotFound, Invalid)
)
def list_subtasks(task_id: UUID, work: UnitOfWork) -> Response:
    """The tasks right below a task."""
    store.one(work.tx, task_id)
    return work.reply({"items": [store.shown(row) for row in store.subtasks(work.tx, task_id)]})


@router.delete("/{task_id:uuid}", status_code=204, responses=problems(NotSignedIn, store.TaskNotFound, Stale, Invalid))
def delete_task(task_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete a task. Its timer stops."""
    service.delete(work, _locked(work, task_id, if_match))


def _locked(work: Work, task_id: UUID, if_match: str | None) -> Mapping[str, Any]:
    task = store.locked(work.tx, task_id)
    check_match(if_match, task["version"])
    return task


def _answer(work: Work, row: Mapping[str, Any]) -> Response:
    return work.reply(store.shown(row), version=row["version"])
