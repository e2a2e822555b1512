"""What is done with tasks, one or many: the rules, their subtasks and timers, and what follows. A bulk call does all or nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.errors import ForeignKeyViolation

from focusflow.errors import Conflict, Problem
from operational_api.http.errors import dangling
from operational_api.http.unit_of_work import Work
from operational_api.tasks import rules, store
from operational_api.tasks.schemas import NewTask

Row = Mapping[str, Any]

#: Where a bulk call says what to change.
CHANGES = "body.changes"


class BulkRefused(Conflict):
    """Nothing was done, for it cannot be done with all of these tasks. `errors` names them by their place, or the changes at fault."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        first = errors[0]
        super().__init__(f"Nothing was done. {first['field']}: {first['message']}")
        self.errors = errors


def complete(work: Work, task: Row, *, cascade: bool) -> Row:
    """Complete a task. Its timer stops; of a recurring task the next is created."""
    rules.check_open(task)
    below = store.open_below(work.tx, task["id"])
    if below and not cascade:
        raise rules.OpenSubtasks
    done = [_done(work, each) for each in (*below, task)]
    _follow_up(work, done)
    return done[-1]


def complete_each(work: Work, ids: Sequence[UUID]) -> list[Row]:
    def alone(task: Row) -> Row:
        rules.check_open(task)
        if any(each["id"] not in ids for each in store.open_below(work.tx, task["id"])):
            raise rules.OpenSubtasks
        return _done(work, task)

    done = with_each(work, ids, alone)
    _follow_up(work, done)
    return done


def _done(work: Work, task: Row) -> Row:
    store.stop_timer(work, task["id"])
    return store.save(work, task, rules.completed(task, work.tx.now), "completed")


def _follow_up(work: Work, done: Iterable[Row]) -> None:
    """Create the next of each recurring task. One that was completed together with its parent goes on under the parent's next, or where there
    is none by itself: what is done has nothing open below it.
    """
    tasks = {task["id"]: task for task in done}
    nexts: dict[UUID, UUID | None] = {}

    def next_of(task: Row) -> UUID | None:
        if task["id"] not in nexts:
            nexts[task["id"]] = None
            fields = rules.next_occurrence(task, work.caller.timezone, work.tx.now)
            if fields is not None:
                parent = tasks.get(task["parent_task_id"])
                above = next_of(parent) if parent else task["parent_task_id"]
                made = store.add(work, _carried(task) | {"blocked_by": [], "parent_task_id": above} | fields)
                nexts[task["id"]] = made["id"]
        return nexts[task["id"]]

    for task in tasks.values():
        next_of(task)


def reopen(work: Work, task: Row) -> Row:
    """Take back that a task was done, cancelled or archived. The next of a recurring task goes again, unless somebody has changed it: then
    it is the one that recurs.
    """
    changes = rules.reopened(task)
    following = store.following(work.tx, task)
    if following is not None:
        if rules.is_as_made(following):
            delete(work, following)
        else:
            changes |= {"recurrence": None}
    return store.save(work, task, changes, "reopened")


def change(work: Work, task: Row, wish: Mapping[str, Any]) -> Row:
    changes = rules.changed(task, wish)
    if "recurrence" in changes:
        rules.check_recurrence({**task, **changes}, work.caller.timezone)
    store.check_links(work.tx, task, changes)
    if changes.get("status") == "cancelled":
        store.stop_timer(work, task["id"])
    return store.save(work, task, changes, "updated")


def change_each(work: Work, ids: Sequence[UUID], wish: Mapping[str, Any]) -> list[Row]:
    try:
        return with_each(work, ids, lambda task: change(work, task, wish))
    except ForeignKeyViolation as error:
        raise dangling(error, CHANGES) from error


def duplicate(work: Work, task: Row) -> Row:
    """A new, open task that is like this one."""
    return store.add(work, _carried(task))


def delete(work: Work, task: Row) -> Row:
    store.stop_timer(work, task["id"])
    return store.save(work, task, {"deleted_at": work.tx.now}, "deleted")


def _carried(task: Row) -> dict[str, Any]:
    """What a task hands on to one that is made of it."""
    return {name: task[name] for name in NewTask.model_fields} | {"actual_minutes": None}


def with_each(work: Work, ids: Sequence[UUID], do: Callable[[Row], Row]) -> list[Row]:
    """Do something with each of these tasks, or with none of them."""
    found = {row["id"]: row for row in store.some_locked(work.tx, ids)}
    done: list[Row] = []
    errors: list[dict[str, str]] = []
    for place, id_ in enumerate(ids):
        try:
            if id_ in ids[:place]:
                raise Conflict("This task is named twice.")
            if id_ not in found:
                raise store.TaskNotFound
            done.append(do(found[id_]))
        except Problem as problem:
            errors += _refused(problem, f"body.ids.{place}")
    if errors:
        raise BulkRefused(errors)
    return done


def _refused(problem: Problem, task: str) -> list[dict[str, str]]:
    """A field that cannot be accepted is named where it is written, which is among the changes."""
    return [
        {"field": each["field"].replace("body", CHANGES, 1), "message": f"{each['message']} (of {task})"}
        for each in problem.errors or ()
    ] or [{"field": task, "message": str(problem)}]
