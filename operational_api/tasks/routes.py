"""Tasks over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from focusflow.problems import Conflict, Invalid, NotSignedIn
from operational_api.problems import problems
from operational_api.tasks import rules, store
from operational_api.tasks.schemas import NewTask, Task, TaskChange, TaskFilter, TaskPage
from operational_api.work import IfMatch, InOneTransaction, KeyReused, Stale, UnitOfWork, check_match

router = APIRouter(prefix="/tasks", tags=["Tasks"], route_class=InOneTransaction)


@router.post("", status_code=201, response_model=Task, responses=problems(NotSignedIn, Invalid, KeyReused, Conflict))
def create_task(body: NewTask, work: UnitOfWork) -> Response:
    """Add a task."""
    rules.check_recurrence(body.recurrence)
    fields = body.model_dump()
    if body.blocked_by:
        store.check_links(work.tx, None, fields)
    row = store.add(work, fields)
    return work.reply(store.shown(row), 201, version=row["version"])


@router.get("", response_model=TaskPage, responses=problems(NotSignedIn, Invalid))
def list_tasks(wanted: Annotated[TaskFilter, Query()], work: UnitOfWork) -> Response:
    """List tasks, a page at a time."""
    return work.reply(store.page(work.tx, wanted, work.caller.timezone))


@router.get("/{task_id}", response_model=Task, responses=problems(NotSignedIn, store.TaskNotFound, Invalid))
def get_task(task_id: UUID, work: UnitOfWork) -> Response:
    """One task."""
    row = store.one(work.tx, task_id)
    return work.reply(store.shown(row), version=row["version"])


@router.patch(
    "/{task_id}",
    response_model=Task,
    responses=problems(NotSignedIn, store.TaskNotFound, rules.TaskDone, Stale, Invalid),
)
def change_task(task_id: UUID, body: TaskChange, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Change a task."""
    task = store.locked(work.tx, task_id)
    check_match(if_match, task["version"])
    changes = rules.changed(task, body.model_dump(exclude_unset=True))
    rules.check_recurrence(changes.get("recurrence"))
    store.check_links(work.tx, task_id, changes)
    row = store.save(work, task, changes, "updated")
    return work.reply(store.shown(row), version=row["version"])


@router.post(
    "/{task_id}/complete",
    response_model=Task,
    responses=problems(NotSignedIn, store.TaskNotFound, rules.TaskDone, rules.OpenSubtasks, Stale, Invalid),
)
def complete_task(
    task_id: UUID,
    work: UnitOfWork,
    cascade: Annotated[bool, Query(description="Complete its open subtasks with it.")] = False,  # noqa: FBT002 (a query parameter)
    if_match: IfMatch = None,
) -> Response:
    """Complete a task. Its timer stops; of a recurring task the next is created."""
    task = store.locked(work.tx, task_id)
    check_match(if_match, task["version"])
    changes = rules.completed(task, work.tx.now)
    below = store.open_below(work.tx, task_id)
    if below and not cascade:
        raise rules.OpenSubtasks
    for subtask in below:
        store.stop_timer(work, subtask["id"])
        store.save(work, subtask, rules.completed(subtask, work.tx.now), "completed")
    store.stop_timer(work, task_id)
    row = store.save(work, task, changes, "completed")
    following = rules.next_occurrence(task, work.caller.timezone, work.tx.now)
    if following is not None:
        carried = {name: task[name] for name in NewTask.model_fields}
        store.add(work, carried | {"actual_minutes": None, "blocked_by": []} | following)
    return work.reply(store.shown(row), version=row["version"])


@router.post(
    "/{task_id}/reopen",
    response_model=Task,
    responses=problems(NotSignedIn, store.TaskNotFound, rules.TaskOpen, Stale, Invalid),
)
def reopen_task(task_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Take back that a task was done, cancelled or archived."""
    task = store.locked(work.tx, task_id)
    check_match(if_match, task["version"])
    row = store.save(work, task, rules.reopened(task), "reopened")
    return work.reply(store.shown(row), version=row["version"])


@router.delete("/{task_id}", status_code=204, responses=problems(NotSignedIn, store.TaskNotFound, Stale, Invalid))
def delete_task(task_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete a task."""
    task = store.locked(work.tx, task_id)
    check_match(if_match, task["version"])
    store.save(work, task, {"deleted_at": work.tx.now}, "deleted")
