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

#: Where a bulk call says what to change.
CHANGES = "body.changes"


class BulkRefused(Conflict):
    """Nothing was changed, because one of the tasks or changes was refused. `errors` names them."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        first = errors[0]
        super().__init__(f"Nothing was done. {first['field']}: {first['message']}")
        self.errors = errors


def complete(uow: UnitOfWork, task: Row, *, cascade: bool) -> Row:
    """Complete a task. Its timer stops; of a recurring task the next is created."""
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
    """Create the next of each recurring task. One that was completed together with its parent goes on under the parent's next, or where there
    is none by itself: what is done has nothing open below it.
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
    """Take back that a task was done, cancelled or archived. The next of a recurring task goes again, unless somebody has changed it: then
    it is the one that recurs.
    """
    changes = rules.reopened(task)
    following = store.following(uow.tx, task)
    if following is not None:
        if rules.is_as_made(following):
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
    """A new, open task that is like this one."""
    return TASKS.add(uow, _carried(task))


def delete(uow: UnitOfWork, task: Row) -> Row:
    store.stop_timer(uow, task["id"])
    return TASKS.save(uow, task, {"deleted_at": uow.tx.now}, "deleted")


def _carried(task: Row) -> dict[str, Any]:
    """What a task hands on to one that is made of it."""
    return {name: task[name] for name in NewTask.model_fields} | {"actual_minutes": None}


def with_each(uow: UnitOfWork, ids: Sequence[UUID], do: Callable[[Row], Row]) -> list[Row]:
    """Do something with each of these tasks, or with none of them. A change that is refused by itself is not tried on the rest: to find out
    that a rule never takes place costs milliseconds for each.
    """
    found = {row["id"]: row for row in store.some_locked(uow.tx, ids)}
    done: list[Row] = []
    errors: list[dict[str, str]] = []
    for place, id_ in enumerate(ids):
        try:
            if id_ in ids[:place]:
                raise Conflict("This task is named twice.")
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
    """A field that cannot be accepted is named where it is written, which is among the changes."""
    return [
        {"field": each["field"].replace("body", CHANGES, 1), "message": f"{each['message']} (of {task})"}
        for each in problem.errors or ()
    ] or [{"field": task, "message": str(problem)}]
