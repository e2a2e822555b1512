"""What is wrong with CESAW's time logs and plan items as they were written, counted before the contract leaves any of it out."""

from datetime import timedelta
from pathlib import Path

import polars as pl

from benchmarks.real_histories.cesaw import moment, read

DAY = timedelta(days=1)


def faults(folder: Path) -> dict[str, int]:
    """How many of each kind. A log overlaps that begins before an earlier one of its user has ended."""
    logs = read(folder / "CESAW_time_fact.csv.xz").with_columns(
        start=moment("time_log_start_date"), end=moment("time_log_end_date")
    )
    items = read(folder / "CESAW_task_fact.csv.xz").with_columns(
        start=moment("task_actual_start_date"), end=moment("task_actual_complete_date")
    )
    start, end = pl.col("start"), pl.col("end")
    in_order = logs.filter(end > start).sort("person_key", "start", "time_log_fact_key")
    covered_until = end.cum_max().shift(1).over("person_key")
    return {
        "logs": len(logs),
        "logs that overlap": len(in_order.filter(start < covered_until)),
        "logs over midnight": len(logs.filter(start.dt.date() < end.dt.date())),
        "logs of more than a day": len(logs.filter(end - start > DAY)),
        "logs that do not last": len(logs.filter(end <= start)),
        "logs without a moment": len(logs.filter(start.is_null() | end.is_null())),
        "items": len(items),
        "items done before they were begun": len(items.filter(end < start)),
        "items without a beginning": len(items.filter(start.is_null())),
    }
