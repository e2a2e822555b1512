"""`gold/priority_scores`: what each user could do next, scored, one row per day and task; and what the API scores by until the next batch."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import polars as pl
import pyarrow as pa

from focusflow.contracts.registry import BY_NAME
from focusflow.identity import bucket_of
from focusflow.lake.session import Inputs, Session, scans
from focusflow.lake.tables import Lake, Pinned, position_key
from models.features import snapshots
from models.serving.registry import Registry, Served
from models.serving.scoring import BASELINE_VERSION, score
from pipelines.engine import changed_users, user_rows
from pipelines.engine.as_of import as_of_metadata, last, newest_metadata
from pipelines.engine.descriptions import FOLDER, table
from pipelines.engine.histories import spec

#: Deadlines come nearer without any event, so scores are rebuilt after this time at the latest.
STALE_AFTER = timedelta(hours=1)

#: With which a commit says that it is of all users, and as of when.
BATCH = "batch_as_of"

SCORES = table("gold/priority_scores").spec

#: Made only while a model serves.
MEMORY = table("gold/priority_memory").spec


@dataclass(frozen=True, slots=True)
class Scored:
    """How many open tasks were scored, and by which model; none when nothing has changed."""

    by: str
    tasks: int = 0
    is_fresh: bool = False


def score_open_tasks(
    lake: Lake, session: Session, buckets: int, as_of: datetime, registry: Registry, *, is_live: bool = False
) -> Scored:  # fmt: skip
    """Score what is open as of a moment by whatever serves, and put it in the place of what the day had.

    A live refresh scores the tasks of those users of whom something has changed. All are scored once an hour, when days begin: no score is
    older than that, and each is what a batch of its own moment gives.
    """
    histories = {noun: lake.open(spec(BY_NAME[noun])) for noun in snapshots.NOUNS}
    scores, served = lake.open(SCORES), registry.served()
    model, memory = _version(served), lake.open(MEMORY) if served else None
    positions = {position_key(bucket): histories["task"].position(position_key(bucket)) for bucket in range(buckets)}
    is_known = newest_metadata(scores, "model") == model and timedelta(0) <= as_of - last_batch(scores) < STALE_AFTER
    users = _changed(histories.values(), scores) if is_known and is_live and _is_same_hour(scores, as_of) else None
    if users is None:
        is_current = all(scores.position(key) == position for key, position in positions.items())
        if is_known and is_current and not scored_since_batch(scores):
            return Scored(model)
    elif not users:
        return Scored(model)
    where = (
        f"bucket in ({', '.join(map(str, sorted({bucket_of(UUID(user), buckets) for user in users})))})"
        if users
        else None
    )
    read = (*histories.values(), scores)
    given: Inputs = scans(read)
    if users:
        given = {each.name.replace("/", "."): user_rows.of_users(session, each, users, where) for each in read}
    tasks = _open_tasks(session, given, as_of, served, Part(memory, where, users) if memory else None)
    rows, months = _rows(session, given, tasks, score(tasks, as_of, served), as_of)
    metadata = as_of_metadata(as_of) | {"model": model} | changed_users.note_inputs(histories.values())
    if users:
        part = Part(scores, f"{where} and {months}", users)
        part.replace(session, rows, positions, metadata)
    else:
        scores.replace(rows, where=months, positions=positions, metadata=metadata | {BATCH: as_of.isoformat()})
    return Scored(model, tasks.height, is_fresh=True)


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of some users in some partitions of a table; all of it where none are named."""

    table: Pinned
    where: str | None
    users: Collection[str] | None

    def replace(
        self, session: Session, rows: pa.Table, positions: Mapping[str, int], metadata: Mapping[str, str]
    ) -> None:
        """Put rows in their place. Those of others stay as they are."""
        where = self.where or "true"
        if self.users is not None:
            others = {"rows_before": user_rows.few_or_scan(session, self.table, where)}
            kept = session.run(f"from rows_before where not {changed_users.condition(self.users)}", others)
            rows = pa.concat_tables([rows.select(kept.column_names).cast(kept.schema), kept])
            order = [name for name in ("month", "bucket", "user_id", "local_date", "rank") if name in rows.column_names]
            rows = rows.sort_by([(name, "ascending") for name in order])
            metadata = {**metadata, **changed_users.note(dict.fromkeys(self.users, date.min))}
        self.table.replace(rows, where=where, positions=positions, metadata=metadata)


def last_batch(scores: Pinned) -> datetime:
    """As of when all open tasks were scored last."""
    said = newest_metadata(scores, BATCH)
    return datetime.fromisoformat(said) if said else last(scores)


def scored_since_batch(scores: Pinned) -> Mapping[str, datetime]:
    """The users who were scored by themselves since all were, and as of when."""
    return scores.remembered("scored since batch", lambda: _scored_since_batch(scores))


def _scored_since_batch(scores: Pinned) -> Mapping[str, datetime]:
    found: dict[str, datetime] = {}
    for count in (20, 200, scores.version):
        commits = scores.commit_metadata_since(max(0, scores.version - count))
        batches = [place for place, entry in enumerate(commits) if BATCH in entry]
        if batches or count >= scores.version:
            for entry in commits[batches[-1] if batches else 0 :]:
                if changed_users.USERS in entry:
                    moment = datetime.fromisoformat(entry["as_of"])
                    found |= dict.fromkeys(json.loads(entry[changed_users.USERS]), moment)
            break
    return found


def _changed(histories: Iterable[Pinned], scores: Pinned) -> set[str] | None:
    """The users of whom something has changed since the last scores; None where it can be anybody."""
    seen, users = changed_users.versions_followed(scores), set[str]()
    if seen is None:
        return None
    for each in histories:
        some = changed_users.since(each, seen.get(each.name, each.version + 1))
        if some is None:
            return None
        users |= some.keys()
    return users


def _is_same_hour(scores: Pinned, as_of: datetime) -> bool:
    return last_batch(scores).replace(minute=0, second=0, microsecond=0) == as_of.replace(
        minute=0, second=0, microsecond=0
    )


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
    session: Session, given: Inputs, as_of: datetime, served: Served | None, memory: Part | None = None
) -> pl.DataFrame:
    """What is open at a moment, with what whatever serves needs to know; and what the API has to remember of it, where there is a table for it."""
    if served is None:
        return snapshots.open_at(session, given, as_of)
    with snapshots.chosen(session, given) as users:
        lists = users.lists_at(as_of)
        if memory:
            remembered = {**lists.relations, "remembered": users.remembered(lists).to_arrow()}
            rows = session.run(_sql("priority_memory/query"), remembered)
            memory.replace(session, rows, {}, as_of_metadata(as_of))
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
