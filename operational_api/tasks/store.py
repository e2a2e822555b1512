"""The SQL of tasks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from focusflow.database.queries import load_queries
from focusflow.database.session import Transaction
from focusflow.database.tables import tasks
from focusflow.errors import Invalid, NotFound
from operational_api.entities import Entity
from operational_api.http.pagination import cursor, read_cursor
from operational_api.http.unit_of_work import UnitOfWork
from operational_api.tasks.schemas import Task, TaskFilter
from operational_api.tasks.search import alike, as_query
from operational_api.time_entries.rules import stopped
from operational_api.time_entries.store import TIME_ENTRIES

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
CATEGORIES = load_queries(Path(__file__).parents[1] / "categories" / "queries.sql")
LEVELS_AT_MOST = 20
LISTS = {name: QUERIES[name].replace("where wanted", "where " + QUERIES["wanted"]) for name in ("newest", "sorted")}


class TaskNotFound(NotFound):
    """No task has this id."""


TASKS = Entity(tasks, Task, TaskNotFound, "task")


def page(tx: Transaction, filters: TaskFilter, timezone: str) -> bytes:
    """A page of tasks as JSON."""
    key, after_id = read_cursor(filters.cursor, filters.sort)
    values = {**filters.model_dump(exclude={"cursor"}), "timezone": timezone, "after_key": key, "after_id": after_id}
    row = tx.one(LISTS["newest" if filters.sort == "created" else "sorted"], values)
    assert row is not None
    following = f'"{cursor(filters.sort, row["last_key"], row["last_id"])}"' if row["has_more"] else "null"
    return f'{{"items":{row["items"]},"next_cursor":{following}}}'.encode()


def search(tx: Transaction, query: str, limit: int) -> list[DictRow]:
    """Tasks that match the words; if few, followed by approximate matches."""
    words = as_query(query)
    found = tx.all(QUERIES["search"], {"words": words, "limit": limit}) if words else []
    if len(found) < limit:
        known = {row["id"] for row in found}
        titles = ((row["id"], row["title"]) for row in tx.all(QUERIES["titles"]) if row["id"] not in known)
        near = alike(query, titles, limit - len(found))
        rows = {row["id"]: row for row in tx.all(QUERIES["some"], {"ids": near})}
        found += [rows[id_] for id_ in near]
    return found


def subtasks(tx: Transaction, task_id: UUID) -> Sequence[DictRow]:
    return tx.all(QUERIES["subtasks"], {"id": task_id})


def some_locked(tx: Transaction, ids: Sequence[UUID]) -> Sequence[DictRow]:
    return tx.all(QUERIES["some_locked"], {"ids": list(ids)})


def locked_even_deleted(tx: Transaction, task_id: UUID) -> DictRow:
    row = tx.one(QUERIES["locked_even_deleted"], {"id": task_id})
    if row is None:
        raise TaskNotFound
    return row


def language(tx: Transaction, user_id: UUID) -> tuple[str, dict[str, UUID]]:
    """The user's locale, and their categories by name in lower case."""
    account = tx.one(QUERIES["locale"], {"user_id": user_id})
    assert account is not None
    return account["locale"], {row["name"].casefold(): row["id"] for row in tx.all(CATEGORIES["all"])}


def open_below(tx: Transaction, task_id: UUID) -> Sequence[DictRow]:
    return tx.all(QUERIES["open_below"], {"id": task_id})


def following(tx: Transaction, task: Mapping[str, Any]) -> DictRow | None:
    """The next occurrence of a completed recurring task, if it still exists."""
    return tx.one(QUERIES["following"], task) if task["recurrence"] and task["completed_at"] else None


def queue_to_link(tx: Transaction, patch: Mapping[str, Any]) -> None:
    """Serialize patches that could close a cycle, before any task is locked: two that check at the same time would each find none."""
    if patch.get("parent_task_id") or patch.get("blocked_by"):
        tx.serialize("links")


def check_links(tx: Transaction, task: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> None:
    """Refuse links to rows that do not exist, or that lead back to the task."""
    waits = task["blocked_by"] if task else []
    patch = {
        "id": task and task["id"],
        "blockers": list(set(fields.get("blocked_by") or []) - set(waits)),
        "parent": fields.get("parent_task_id"),
        "goal": fields.get("goal_id"),
    }
    if patch["blockers"] or patch["parent"] or patch["goal"]:
        _check_there(tx, patch)
    if patch["parent"]:
        _check_nesting(tx, patch)


def _check_there(tx: Transaction, patch: Mapping[str, Any]) -> None:
    found = tx.one(QUERIES["links"], patch)
    assert found is not None
    if found["is_circle"]:
        raise Invalid.field("body.blocked_by", "would make the task wait for itself")
    is_there = {
        "blocked_by": found["blockers"] == len(patch["blockers"]),
        "parent_task_id": found["has_parent"],
        "goal_id": found["has_goal"],
    }
    for field, is_known in is_there.items():
        if not is_known:
            raise Invalid.field(f"body.{field}", "does not exist")


def _check_nesting(tx: Transaction, patch: Mapping[str, Any]) -> None:
    found = tx.one(QUERIES["nesting"], patch)
    assert found is not None
    if found["is_circle"]:
        raise Invalid.field("body.parent_task_id", "would make the task its own parent")
    if (found["levels"] or 0) > LEVELS_AT_MOST:
        raise Invalid.field("body.parent_task_id", f"tasks nest {LEVELS_AT_MOST} levels deep at most")


def stop_timer(uow: UnitOfWork, task_id: UUID) -> None:
    """Stop the timer of a task, if one is running."""
    running = uow.tx.one(QUERIES["running_timer"], {"task_id": task_id})
    if running is not None:
        TIME_ENTRIES.save(uow, running, stopped(running, uow.tx.now), "stopped")
