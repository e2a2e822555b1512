"""Actions on one or many tasks: the rules, subtasks, timers and next occurrences. A bulk action is all or nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.errors import ForeignKeyViolation

from focusflow.errors import Conflict, Problem
from operational_api.http.errors import foreign_key_error
from operational_api.http.unit_of_work import UnitOfWork
from operational_api.tasks import rules, store
from operational_api.tasks.schemas import NewTask
from operational_api.tasks.store import TASKS, TaskNotFound

Row = Mapping[str, Any]

#: The field of a bulk request that holds the patch.
CHANGES = "body.changes"


class BulkRefused(Conflict):
    """Nothing was changed, because one of the tasks or changes was refused. `errors` names them."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        first = errors[0]
        super().__init__(f"Nothing was done. {first['field']}: {first['message']}")
        self.errors = errors


def complete(uow: UnitOfWork, task: Row, *, cascade: bool) -> Row:
    """Complete a task. Its timer stops. For a recurring task, the next occurrence is created."""
    rules.check_open(task)
    below = store.open_below(uow.tx, task["id"])
    if below and not cascade:
        raise rules.OpenSubtasks
    done = [_done(uow, each) for each in (*below, task)]
    _follow_up(uow, done)
    return done[-1]


def complete_each(uow: UnitOfWork, ids: Sequence[UUID]) -> list[Row]:
    def alone(task: Row) -> Row:
        rules.check_open(task)
        if any(each["id"] not in ids for each in store.open_below(uow.tx, task["id"])):
            raise rules.OpenSubtasks
        return _done(uow, task)

    done = with_each(uow, ids, alone)
    _follow_up(uow, done)
    return done


def _done(uow: UnitOfWork, task: Row) -> Row:
    store.stop_timer(uow, task["id"])
    return TASKS.save(uow, task, rules.completed(task, uow.tx.now), "completed")


def _follow_up(uow: UnitOfWork, done: Iterable[Row]) -> None:
    """Create the next occurrence of each recurring task. If its parent was completed with it, it moves below the next occurrence of the
    parent, or to the top level if there is none: a completed task has no open subtasks.
    """
    tasks = {task["id"]: task for task in done}
    nexts: dict[UUID, UUID | None] = {}

    def next_of(task: Row) -> UUID | None:
        if task["id"] not in nexts:
            nexts[task["id"]] = None
            fields = rules.next_occurrence(task, uow.caller.timezone, uow.tx.now)
            if fields is not None:
                parent = tasks.get(task["parent_task_id"])
                above = next_of(parent) if parent else task["parent_task_id"]
                created = TASKS.add(uow, _carried(task) | {"blocked_by": [], "parent_task_id": above} | fields)
                nexts[task["id"]] = created["id"]
        return nexts[task["id"]]

    for task in tasks.values():
        next_of(task)


def reopen(uow: UnitOfWork, task: Row) -> Row:
    """Reopen a completed, cancelled or archived task. For a recurring task, the next occurrence is deleted unless the user has
    changed it: then that one keeps recurring.
    """
    changes = rules.reopened(task)
    following = store.following(uow.tx, task)
    if following is not None:
        if rules.is_unchanged(following):
            delete(uow, following)
        else:
            changes |= {"recurrence": None}
    return TASKS.save(uow, task, changes, "reopened")


def change(uow: UnitOfWork, task: Row, patch: Mapping[str, Any]) -> Row:
    changes = rules.changed(task, patch)
    if "recurrence" in changes:
        rules.check_recurrence({**task, **changes}, uow.caller.timezone)
    store.check_links(uow.tx, task, changes)
    if changes.get("status") == "cancelled":
        store.stop_timer(uow, task["id"])
    return TASKS.save(uow, task, changes, "updated")


def change_each(uow: UnitOfWork, ids: Sequence[UUID], patch: Mapping[str, Any]) -> list[Row]:
    try:
        return with_each(uow, ids, lambda task: change(uow, task, patch))
    except ForeignKeyViolation as error:
        raise foreign_key_error(error, CHANGES) from error


def duplicate(uow: UnitOfWork, task: Row) -> Row:
    """Create an open copy of a task."""
    return TASKS.add(uow, _carried(task))


def delete(uow: UnitOfWork, task: Row) -> Row:
    store.stop_timer(uow, task["id"])
    return TASKS.save(uow, task, {"deleted_at": uow.tx.now}, "deleted")


def _carried(task: Row) -> dict[str, Any]:
    """The fields that a copy or the next occurrence inherits."""
    return {name: task[name] for name in NewTask.model_fields} | {"actual_minutes": None}


def with_each(uow: UnitOfWork, ids: Sequence[UUID], do: Callable[[Row], Row]) -> list[Row]:
    """Apply an action to each of these tasks, or to none of them. A patch that is invalid by itself is not tried on the rest: proving that a
    rule never occurs costs milliseconds per task.
    """
    found = {row["id"]: row for row in store.some_locked(uow.tx, ids)}
    done: list[Row] = []
    errors: list[dict[str, str]] = []
    for place, id_ in enumerate(ids):
        try:
            if id_ in ids[:place]:
                raise Conflict("This task is listed twice.")
            if id_ not in found:
                raise TaskNotFound
            done.append(do(found[id_]))
        except Problem as problem:
            errors += _refused(problem, f"body.ids.{place}")
            if problem.errors:
                break
    if errors:
        raise BulkRefused(errors)
    return done


def _refused(problem: Problem, task: str) -> list[dict[str, str]]:
    """Report an invalid field by its path inside the patch."""
    return [
        {"field": each["field"].replace("body", CHANGES, 1), "message": f"{each['message']} (of {task})"}
        for each in problem.errors or ()
    ] or [{"field": task, "message": str(problem)}]
