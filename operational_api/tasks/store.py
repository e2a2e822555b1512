"""The SQL of tasks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from focusflow.database.queries import load_queries
from focusflow.database.rows import insert_row, update_row
from focusflow.database.session import Transaction
from focusflow.database.tables import tasks, time_entries
from focusflow.errors import Invalid, NotFound
from focusflow.identity import new_id
from operational_api.http.pagination import cursor, read_cursor
from operational_api.http.unit_of_work import Work
from operational_api.tasks.schemas import Task, TaskFilter
from operational_api.tasks.search import alike, as_query
from operational_api.time_entries.rules import stopped

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
LEVELS_AT_MOST = 20
LISTS = {name: QUERIES[name].replace("where wanted", "where " + QUERIES["wanted"]) for name in ("newest", "sorted")}


class TaskNotFound(NotFound):
    """There is no such task."""


def page(tx: Transaction, wanted: TaskFilter, timezone: str) -> bytes:
    """A page of tasks as JSON."""
    key, after_id = read_cursor(wanted.cursor, wanted.sort)
    values = {**wanted.model_dump(exclude={"cursor"}), "timezone": timezone, "after_key": key, "after_id": after_id}
    row = tx.one(LISTS["newest" if wanted.sort == "created" else "sorted"], values)
    assert row is not None
    following = f'"{cursor(wanted.sort, row["last_key"], row["last_id"])}"' if row["has_more"] else "null"
    return f'{{"items":{row["items"]},"next_cursor":{following}}}'.encode()


def search(tx: Transaction, asked: str, limit: int) -> list[DictRow]:
    """Tasks with these words; where they are few, those with nearly these words after them."""
    words = as_query(asked)
    found = tx.all(QUERIES["search"], {"words": words, "limit": limit}) if words else []
    if len(found) < limit:
        known = {row["id"] for row in found}
        titles = ((row["id"], row["title"]) for row in tx.all(QUERIES["titles"]) if row["id"] not in known)
        near = alike(asked, titles, limit - len(found))
        rows = {row["id"]: row for row in tx.all(QUERIES["some"], {"ids": near})}
        found += [rows[id_] for id_ in near]
    return found


def subtasks(tx: Transaction, task_id: UUID) -> Sequence[DictRow]:
    return tx.all(QUERIES["subtasks"], {"id": task_id})


def some_locked(tx: Transaction, ids: Sequence[UUID]) -> Sequence[DictRow]:
    return tx.all(QUERIES["some_locked"], {"ids": list(ids)})


def one(tx: Transaction, task_id: UUID) -> DictRow:
    return _found(tx.one(QUERIES["one"], {"id": task_id}))


def locked(tx: Transaction, task_id: UUID) -> DictRow:
    """The task, kept from others until the transaction ends."""
    return _found(tx.one(QUERIES["locked"], {"id": task_id}))


def _found(row: DictRow | None) -> DictRow:
    if row is None:
        raise TaskNotFound
    return row


def open_below(tx: Transaction, task_id: UUID) -> Sequence[DictRow]:
    return tx.all(QUERIES["open_below"], {"id": task_id})


def following(tx: Transaction, task: Mapping[str, Any]) -> DictRow | None:
    """The next of a recurring task that was completed, if it is there still."""
    return tx.one(QUERIES["following"], task) if task["recurrence"] and task["completed_at"] else None


def queue_to_link(tx: Transaction, wish: Mapping[str, Any]) -> None:
    """Before any task is locked: of changes that could close a circle, two that look at the same moment would each find none."""
    if wish.get("parent_task_id") or wish.get("blocked_by"):
        tx.serialize("links")


def check_links(tx: Transaction, task: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> None:
    """What a task is made to point at must be there, and must not lead back to it."""
    waits = task["blocked_by"] if task else []
    wish = {
        "id": task and task["id"],
        "blockers": list(set(fields.get("blocked_by") or []) - set(waits)),
        "parent": fields.get("parent_task_id"),
        "goal": fields.get("goal_id"),
    }
    if wish["blockers"] or wish["parent"] or wish["goal"]:
        _check_there(tx, wish)
    if wish["parent"]:
        _check_nesting(tx, wish)


def _check_there(tx: Transaction, wish: Mapping[str, Any]) -> None:
    found = tx.one(QUERIES["links"], wish)
    assert found is not None
    if found["is_circle"]:
        raise Invalid.field("body.blocked_by", "the task would wait for itself")
    is_there = {
        "blocked_by": found["blockers"] == len(wish["blockers"]),
        "parent_task_id": found["has_parent"],
        "goal_id": found["has_goal"],
    }
    for field, is_known in is_there.items():
        if not is_known:
            raise Invalid.field(f"body.{field}", "it names something that does not exist")


def _check_nesting(tx: Transaction, wish: Mapping[str, Any]) -> None:
    found = tx.one(QUERIES["nesting"], wish)
    assert found is not None
    if found["is_circle"]:
        raise Invalid.field("body.parent_task_id", "the task would be above itself")
    if (found["levels"] or 0) > LEVELS_AT_MOST:
        raise Invalid.field("body.parent_task_id", f"tasks nest {LEVELS_AT_MOST} levels deep at most")


def add(work: Work, fields: Mapping[str, Any]) -> DictRow:
    row = insert_row(work.tx, tasks, {"id": new_id(), **fields})
    work.emit("task.created", row)
    return row


def save(work: Work, before: Mapping[str, Any], changes: Mapping[str, Any], happening: str) -> Mapping[str, Any]:
    """Save a change and say what happened. Nothing is saved, and nothing said, where nothing changes."""
    if not changes:
        return before
    row = _found(update_row(work.tx, tasks, before["id"], changes))
    work.emit(f"task.{happening}", row, before=before)
    return row


def stop_timer(work: Work, task_id: UUID) -> None:
    """End the timer that runs for a task, if one does."""
    running = work.tx.one(QUERIES["running_timer"], {"task_id": task_id})
    if running is not None:
        row = update_row(work.tx, time_entries, running["id"], stopped(running, work.tx.now))
        assert row is not None
        work.emit("time.stopped", row, before=running)


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in Task.model_fields}
