"""`gold/priority_scores`: what each user could do next, scored, one row per day and task; and what the API scores by until the next batch."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl
import pyarrow as pa

from focusflow.contracts.registry import BY_NAME
from focusflow.lake.session import Inputs, Session, scans
from focusflow.lake.tables import Lake, Pinned, position_key
from models.features import snapshots
from models.serving.registry import Registry, Served
from models.serving.scoring import BASELINE_VERSION, score
from pipelines.engine.as_of import as_of_metadata, last, newest_metadata
from pipelines.engine.descriptions import FOLDER, table
from pipelines.engine.histories import spec

#: Deadlines come nearer without any event, so scores are rebuilt after this time at the latest.
STALE_AFTER = timedelta(hours=1)

SCORES = table("gold/priority_scores").spec

#: Made only while a model serves.
MEMORY = table("gold/priority_memory").spec


@dataclass(frozen=True, slots=True)
class Scored:
    """How many open tasks were scored, and by which model; none when nothing has changed."""

    by: str
    tasks: int = 0
    is_fresh: bool = False


def score_open_tasks(lake: Lake, session: Session, buckets: int, as_of: datetime, registry: Registry) -> Scored:
    """Score the tasks that are open at a moment with the served model, and replace the scores of that day."""
    histories = {noun: lake.open(spec(BY_NAME[noun])) for noun in snapshots.NOUNS}
    scores, served = lake.open(SCORES), registry.served()
    model = _version(served)
    positions = {position_key(bucket): histories["task"].position(position_key(bucket)) for bucket in range(buckets)}
    is_current = all(scores.position(key) == position for key, position in positions.items())
    is_recent = timedelta(0) <= as_of - last(scores) < STALE_AFTER
    if is_current and is_recent and newest_metadata(scores, "model") == model:
        return Scored(model)
    given = scans([*histories.values(), scores])
    tasks = _open_tasks(session, given, as_of, served, lake.open(MEMORY) if served else None)
    rows, where = _rows(session, given, tasks, score(tasks, as_of, served), as_of)
    scores.replace(rows, where=where, positions=positions, metadata=as_of_metadata(as_of) | {"model": model})
    return Scored(model, tasks.height, is_fresh=True)


def rebuild(lake: Lake, session: Session, as_of: datetime, registry: Registry) -> Scored:
    """Score what was open at a moment of the past, by what served then, and put it in the place of what those days had: a later model has
    learned the outcome of them. Nothing is published.
    """
    histories, served = {noun: lake.open(spec(BY_NAME[noun])) for noun in snapshots.NOUNS}, registry.served(as_of)
    scores = lake.open(SCORES)
    given = scans([*histories.values(), scores])
    tasks = _open_tasks(session, given, as_of, served)
    rows, where = _rows(session, given, tasks, score(tasks, as_of, served), as_of, keeps_later_days=True)
    scores.replace(rows, where=where, positions={})
    return Scored(_version(served), tasks.height, is_fresh=True)


def _version(served: Served | None) -> str:
    return served.version if served else BASELINE_VERSION


def _open_tasks(
    session: Session, given: Inputs, as_of: datetime, served: Served | None, memory: Pinned | None = None
) -> pl.DataFrame:
    """What is open at a moment, with what whatever serves needs to know; and what the API has to remember of it, where there is a table for it."""
    if served is None:
        return snapshots.open_at(session, given, as_of)
    with snapshots.chosen(session, given) as users:
        lists = users.lists_at(as_of)
        if memory:
            remembered = {**lists.relations, "remembered": users.remembered(lists).to_arrow()}
            rows = session.run(_sql("priority_memory/query"), remembered)
            memory.replace(rows, where="true", positions={}, metadata=as_of_metadata(as_of))
    return lists.rows


def _rows(
    session: Session, given: Inputs, tasks: pl.DataFrame, scored: pl.DataFrame, as_of: datetime, *, keeps_later_days: bool = False
) -> tuple[pa.Table, str]:  # fmt: skip
    """The scores in the place of those of their days, and which partitions they are to replace. As of now, scores of later days are of a
    clock that ran ahead.
    """
    first_month = f"{as_of - timedelta(days=1):%Y-%m}"  # a day of the old month may go on west of here
    parameters = {"as_of": as_of, "first_month": first_month, "keeps_later_days": keeps_later_days}
    inputs = {**given, "open_tasks": tasks.to_arrow(), "scored": scored.to_arrow()}
    return session.run(_sql("priority_scores/rows"), inputs, parameters), f"month >= '{first_month}'"


def _sql(name: str) -> str:
    return (FOLDER / "gold" / f"{name}.sql").read_text(encoding="utf-8")
