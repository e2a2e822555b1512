"""Scores in Postgres: published by the pipeline, recomputed for users who changed something since."""

from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
from psycopg.rows import DictRow

from focusflow.clock import local_date, start_of
from focusflow.database.queries import load_queries
from focusflow.database.session import Transaction
from models.features.task_facts import LAST_ACT, MORE_OF_THE_TASK, TASK_COLUMNS, TASK_HISTORY
from models.features.user_state import recalled
from models.serving.registry import Served
from models.serving.scoring import BASELINE_VERSION, score
from operational_api.http.unit_of_work import UnitOfWork

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

#: Columns read of each task. How often its due date was moved is stored elsewhere.
READ = TASK_COLUMNS | MORE_OF_THE_TASK | TASK_HISTORY | LAST_ACT | {"version": pl.Int64()}
del READ["reschedules"]


#: How many tasks are open, and why some of them have no score.
COUNTS = ("open", "overdue", "not_begun", "blocked")


def page(uow: UnitOfWork, *, limit: int, task_id: UUID | None = None) -> tuple[str, dict[str, int]]:
    """Scores as a JSON list, highest first, never older than their tasks, and the counts. The first ranking seen on a day is recorded."""
    served = uow.serving.model_for(uow.caller.user_id, _moment(uow)["today"])
    version = served.version if served else BASELINE_VERSION
    found = _listed(uow, limit, task_id)

    def is_old() -> bool:
        return found["is_old"] or (uow.serving.has_comparison and found["model_version"] not in (version, None))

    if is_old():  # several pages of a user ask at once: the first scores, the others wait for it
        uow.tx.serialize("scores")
        found = _listed(uow, limit, task_id)
        if is_old():
            _rescore(uow, served)
            found = _listed(uow, limit, task_id)
    if found["is_news"]:
        uow.tx.run_before_commit(QUERIES["note"], {"items": found["items"], **_moment(uow)})
    return found["items"], {name: found[name] for name in COUNTS}


def is_there(tx: Transaction, task_id: UUID) -> bool:
    row = tx.one(QUERIES["task_exists"], {"task_id": task_id})
    return bool(row and row["is_there"])


def titles(tx: Transaction, task_ids: list[str]) -> dict[str, str]:
    """The titles of those tasks that are still there."""
    return {row["id"]: row["title"] for row in tx.all(QUERIES["titles"], {"ids": [UUID(each) for each in task_ids]})}


def _listed(uow: UnitOfWork, limit: int, task_id: UUID | None) -> DictRow:
    row = uow.tx.one(QUERIES["listed"], {"limit": limit, "task_id": task_id, **_moment(uow)})
    assert row is not None
    return row


def _moment(uow: UnitOfWork) -> dict[str, Any]:
    return {"now": uow.tx.now, "today": local_date(uow.tx.now, uow.caller.timezone)}


def what_if(uow: UnitOfWork, task_id: UUID, changes: Mapping[str, Any]) -> dict[str, Any] | None:
    """The score and rank of a task with other values, beside those it has. None if it cannot be scored."""
    served = uow.serving.model_for(uow.caller.user_id, _moment(uow)["today"])
    tasks, memory = _actionable(uow)
    is_it = pl.col("task_id") == str(task_id)
    if tasks.filter(is_it).is_empty():
        return None
    fields = dict(changes)
    for given, other in (("due_at", "due_date"), ("due_date", "due_at")):
        if fields.get(given) is not None:
            fields[other] = None  # one kind of due date replaces the other
    changed = tasks.with_columns(
        pl.when(is_it).then(pl.lit(value, dtype=READ[name])).otherwise(name).alias(name)
        for name, value in fields.items()
    )
    now, then = (
        score(_with_memory(each, memory, served, uow.tx.now), uow.tx.now, served).row(by_predicate=is_it, named=True)
        for each in (tasks, changed)
    )
    told = {name: then[name] for name in ("score", "rank", "reasons", "is_baseline", "model_version")}
    return told | {"score_now": now["score"], "rank_now": now["rank"], "tasks": tasks.height}


def _actionable(uow: UnitOfWork) -> tuple[pl.DataFrame, str | None]:
    """All actionable tasks of the user, for a rank depends on the other tasks, and what is remembered of the user."""
    moment = _moment(uow)
    day_begins = start_of(moment["today"], uow.caller.timezone)
    found = uow.tx.one(QUERIES["to_score"], {"timezone": uow.caller.timezone, "day_begins": day_begins, **moment})
    assert found is not None
    return pl.read_json(BytesIO(found["tasks"].encode()), schema=READ), found["memory"]


def _with_memory(tasks: pl.DataFrame, memory: str | None, served: Served | None, now: datetime) -> pl.DataFrame:
    return recalled(tasks, memory, now) if served else tasks


def _rescore(uow: UnitOfWork, served: Served | None) -> None:
    tx = uow.tx
    tasks, memory = _actionable(uow)
    tasks = _with_memory(tasks, memory, served, tx.now)
    fresh = score(tasks, tx.now, served).drop("user_id", "as_of").join(tasks.select("task_id", "version"), on="task_id")
    # While a batch is being published, its rows are locked. The response is then the previous one; the next is fresh.
    tx.unless_locked(QUERIES["save"], {"scores": fresh.write_json(), "now": tx.now})
