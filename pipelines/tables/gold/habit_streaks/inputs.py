"""How each habit holds: by the rules that the API goes by, for SQL cannot follow a streak across free days."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from focusflow.database.queries import load_queries
from focusflow.lake.session import Inputs, Session
from focusflow.streaks import Days, streak
from pipelines.engine.window import Window

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("habit_id", pa.string()),
        ("current", pa.int64()),
        ("longest", pa.int64()),
        ("total", pa.int64()),
        ("last_done_on", pa.date32()),
        ("unit", pa.string()),
        ("rate_30_days", pa.float64()),
        ("ended_on", pa.date32()),
        ("ended_length", pa.int64()),
        ("ended_because", pa.string()),
        ("strength", pa.float64()),
    ]
)


def habit_streaks(session: Session, inputs: Inputs, _: Window) -> pa.Table:
    """One row per habit."""
    habits = session.run(QUERIES["habits"], inputs).to_pylist()
    return pa.Table.from_pylist([_streak(each) for each in habits], schema=SCHEMA)


def _streak(habit: Mapping[str, Any]) -> dict[str, Any]:
    days = Days(set(habit["done"]), {*habit["skipped"], *habit["days_off"]})
    found = streak(habit, days, habit["until"], habit["week_start"])
    return {"user_id": habit["user_id"], "habit_id": habit["habit_id"], **asdict(found)}
