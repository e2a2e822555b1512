"""What was remembered of a person as their day began, joined to their tasks as they are now: so that one task that was just written is
scored by what the batch would know.
"""

from datetime import datetime, timedelta
from typing import Final

import orjson
import polars as pl

RATES: Final = {
    "kind": pl.String,
    "key": pl.String,
    "days_open": pl.Float64,
    "done": pl.Float64,
    "acts": pl.Float64,
    "lately": pl.Float64,
}
MOVED: Final = {"task_id": pl.String, "reschedules": pl.Int64}
WHAT: Final = ("days_open", "done", "acts", "lately")

#: Up to which age a task is in which stretch of its life; beyond the last, it is in the last one. `snapshots.sql` counts by the same.
STRETCHES: Final = (1, 3, 8, 31, 91)


def recalled(tasks: pl.DataFrame, memory: str | None, as_of: datetime) -> pl.DataFrame:
    """The tasks of one person with the columns of `models.facts.HABITS`. Without a memory, nothing is remembered."""
    written = orjson.loads(memory) if memory else {"rates": [], "moved": []}
    rates = pl.DataFrame(written["rates"], schema=RATES, orient="row")
    tasks = tasks.join(pl.DataFrame(written["moved"], schema=MOVED), on="task_id", how="left", maintain_order="left")
    keys = {
        "all": pl.lit(""),
        "category": pl.col("category_id").fill_null(""),
        "parent": pl.col("parent_task_id").fill_null(""),
        "priority": pl.col("priority"),
        "age": _stretch(as_of),
    }
    for kind, key in keys.items():
        own = rates.filter(kind=kind).select("key", **{f"{kind}_{what}": what for what in WHAT})
        tasks = tasks.with_columns(key=key).join(own, on="key", how="left", maintain_order="left").drop("key")
    by_tag = tasks.select("task_id", key="tags").explode("key").join(rates.filter(kind="tag"), on="key")
    of_tags = by_tag.group_by("task_id").agg(pl.col(what).mean().alias(f"tag_{what}") for what in WHAT)
    return tasks.join(of_tags, on="task_id", how="left", maintain_order="left")


def _stretch(as_of: datetime) -> pl.Expr:
    reached = [(pl.col("created_at") <= as_of - timedelta(days=days)).cast(pl.Int64) for days in STRETCHES]
    return pl.sum_horizontal(reached).cast(pl.String)
