"""How a daily figure comes about: its definition, the SQL that computes it, the rows that this reads, and the result, as of any moment."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from focusflow.database.queries import load_queries
from focusflow.lake.session import Session, scans
from focusflow.lake.tables import DAILY_TABLE, Lake, identifier
from focusflow.metrics import BY_NAME, NoSuchMetric
from models.serving.registry import Registry
from pipelines.engine import lineage
from pipelines.engine.descriptions import FOLDER, table
from pipelines.engine.point_in_time import PastLake, Row, past_lake, published

QUERIES = load_queries(Path(__file__).with_name("explanation.sql"))

PRIORITY_SCORE: Final = "priority_score"

#: Columns that say which row it is, beside those that a figure is made of.
KEYS: Final = ("version", "change", "valid_from", "valid_to", "type", "subject", "occurred_at", "recorded_at")


@dataclass(frozen=True, slots=True)
class Question:
    """Which figure, of whose local day, and as known when."""

    metric: str
    user_id: UUID
    day: date
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that it takes to compute a figure by hand."""

    metric: str
    label: str
    meaning: str
    day: date
    as_of: datetime
    sql: Mapping[str, str]
    inputs: Mapping[str, list[Row]]
    result: Any
    published: Any
    current: Any
    late: list[Row]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def explain(lake: Lake, session: Session, buckets: int, models: Registry, question: Question) -> Explanation:
    """A figure of a user's local day, as known at a moment. Raises `NoSuchMetric`."""
    metric, day, as_of = question.metric, question.day, question.as_of
    if metric != PRIORITY_SCORE and metric not in lineage.known()[DAILY_TABLE]:
        raise NoSuchMetric
    with past_lake(lake, session, buckets, question.user_id, as_of) as past:
        if metric == PRIORITY_SCORE:
            return _of_priorities(past, models, day)
        then, now = (published(lake, session, past.user_id, day, moment) for moment in (as_of, None))
        described = BY_NAME.get(metric)
        return Explanation(
            metric,
            described.label if described else metric.replace("_", " "),
            described.meaning if described else _meaning(metric),
            day,
            as_of,
            _sql(metric),
            {name: _rows_of(past, name, made_of, day) for name, made_of in _parents(metric)},
            _cell(past.day(day), metric),
            _cell(then, metric),
            _cell(now, metric),
            past.late,
        )


def _cell(row: Row | None, metric: str) -> Any:
    return row[metric] if row else None


def _of_priorities(past: PastLake, models: Registry, day: date) -> Explanation:
    """The scores of all tasks that were open at a moment, which lies on the day."""
    scores = past.priorities(day, models)
    return Explanation(
        PRIORITY_SCORE,
        "Priority score",
        "100 times the weighted sum of deadline risk, importance and likelihood, or scaled urgency; see docs/model.md.",
        day,
        past.as_of,
        {"priority_scores/rows.sql": (FOLDER / "gold" / "priority_scores" / "rows.sql").read_text(encoding="utf-8")},
        {"open tasks": scores},
        f"{len(scores)} tasks",
        None,
        None,
        past.late,
    )


def _meaning(column: str) -> str:
    found = table(DAILY_TABLE).columns
    return next((each.meaning for each in found if each.name == column), "")


def _sql(metric: str) -> dict[str, str]:
    """The table's queries that speak of the column, the last of which writes it."""
    folder = FOLDER / "gold" / "productivity_daily"
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in table(DAILY_TABLE).toml["queries"]}
    return {f"productivity_daily/{name}": text for name, text in texts.items() if metric in text}


def _parents(metric: str) -> list[tuple[str, list[str]]]:
    """The tables that a column is made of, each with the columns that go into it, or by which its rows are filtered and joined."""
    conditions = lineage.conditions()[DAILY_TABLE].get(metric, {})
    found: dict[str, list[str]] = {}
    for name, column in chain(lineage.known()[DAILY_TABLE][metric], *conditions.values()):
        found.setdefault(name, []).append(column)
    return sorted(found.items())


def _rows_of(past: PastLake, name: str, columns: list[str], day: date) -> list[Row]:
    """The rows of a history that held on the day, or of events that happened on it."""
    pinned = past.lake.pinned(name)
    if pinned is None:
        return []
    there = pinned.columns().names
    own_key = f"{name.removeprefix('silver/').removesuffix('_history')}_id"
    wanted = dict.fromkeys(each for each in (own_key, *KEYS, *columns) if each in there)
    query = "valid_on" if "valid_from" in there else "happened_on"
    text = QUERIES[query].replace("/*columns*/", ", ".join(map(identifier, wanted)))
    rows = past.session.run(
        text, {"input_rows": scans([pinned])[name.replace("/", ".")]}, {"user_id": past.user_id, "day": day}
    )
    return list(rows.to_pylist())
