"""`gold/priority_scores`: what each person could do next, scored, one row a day and task."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from focusflow.contracts.registry import BY_NAME
from focusflow.lake import Lake, TableSpec, position_key, show
from models.scoring import score
from pipelines.as_of import last, note
from pipelines.histories import spec

FOLDER = Path(__file__).with_name("tables") / "gold" / "priority_scores"

#: Deadlines come nearer without any event, so scores are made anew after this time at the latest.
STALE_AFTER = timedelta(hours=1)

SCORES = TableSpec(
    "gold/priority_scores",
    pa.schema(
        [
            ("user_id", pa.string()),
            ("local_date", pa.date32()),
            ("task_id", pa.string()),
            ("score", pa.float64()),
            ("rank", pa.int64()),
            ("rank_by_due_date", pa.int64()),
            ("rank_by_urgency", pa.int64()),
            ("reasons", pa.string()),
            ("deadline_risk", pa.float64()),
            ("importance", pa.float64()),
            ("likelihood", pa.float64()),
            ("model_version", pa.string()),
            ("as_of", pa.timestamp("us", "UTC")),
            ("month", pa.string()),
            ("bucket", pa.int16()),
        ]
    ),
    ("month", "bucket"),
)


@dataclass(frozen=True, slots=True)
class Scored:
    """How many open tasks were scored; none when nothing has changed."""

    tasks: int = 0
    is_fresh: bool = False


def score_open_tasks(lake: Lake, connection: duckdb.DuckDBPyConnection, buckets: int, as_of: datetime) -> Scored:
    """Score what is open as of a moment, and put it in the place of what the day had."""
    tasks, accounts = lake.open(spec(BY_NAME["task"])), lake.open(spec(BY_NAME["user"]))
    scores = lake.open(SCORES)
    positions = {position_key(bucket): tasks.position(position_key(bucket)) for bucket in range(buckets)}
    is_current = all(scores.position(key) == position for key, position in positions.items())
    if is_current and as_of - last(scores) < STALE_AFTER:
        return Scored()
    show(connection, [tasks, accounts, scores])
    connection.execute("create or replace temp table open_tasks as " + _sql("query"), {"as_of": as_of})
    connection.register("scored", score(pl.DataFrame(connection.table("open_tasks").to_arrow_table()), as_of))
    first_month = f"{as_of - timedelta(days=1):%Y-%m}"  # a day of the old month may go on west of here
    rows = connection.sql(_sql("rows"), params={"as_of": as_of, "first_month": first_month}).to_arrow_table()
    connection.unregister("scored")
    scores.replace(rows, where=f"month >= '{first_month}'", positions=positions, notes=note(as_of))
    return Scored(connection.execute("select count(*) from open_tasks").fetchall()[0][0], is_fresh=True)


def _sql(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
