"""CESAW: time logs and plan items of 247 users (Jones & Nichols, arXiv:2106.03679, github.com/Derek-Jones/Software-estimation-datasets).

A plan item becomes a task when it is begun, for the files do not say since when it stood in a plan. Its phase is its tag, its project the
category, its place in the work breakdown the parent. The hours of some teams are off by half a day, so each user gets the zone in which
the middle of their work lies at 13:00.
"""

import lzma
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.real_histories.history import Found, account, events_of, identity
from focusflow.contracts.envelope import Event

MISSING = ["NULL", "NA", "\\N"]


def events(folder: Path) -> Iterator[Event]:
    items = read(folder / "CESAW_task_fact.csv.xz").unique(["person_key", "plan_item_key"], maintain_order=True)
    logs = read(folder / "CESAW_time_fact.csv.xz").with_columns(
        start=moment("time_log_start_date"), end=moment("time_log_end_date")
    )
    # Clocks that ran backwards, and logs of more than a day, are left out: nobody worked then.
    logs = logs.filter(
        pl.col("start").dt.year() > 2000,
        pl.col("end") > pl.col("start"),
        pl.col("end") - pl.col("start") < timedelta(days=1),
    )
    items = items.with_columns(start=moment("task_actual_start_date"), end=moment("task_actual_complete_date"))
    firsts = logs.group_by("person_key", "plan_item_key").agg(first=pl.col("start").min())
    items = items.join(firsts, on=["person_key", "plan_item_key"], how="left").with_columns(
        begun=pl.min_horizontal(pl.when(pl.col("start").dt.year() > 2000).then("start"), "first")
    )
    items = items.filter(pl.col("begun").is_not_null())
    for (owner,), own in items.sort("person_key", "begun").group_by("person_key", maintain_order=True):
        own_logs = logs.filter(pl.col("person_key") == owner).sort("start", "time_log_fact_key")
        yield from _of(owner, own.to_dicts(), own_logs.to_dicts())


def read(path: Path) -> pl.DataFrame:
    with lzma.open(path) as file:
        return pl.read_csv(file.read(), infer_schema_length=None, null_values=MISSING)


def moment(column: str) -> pl.Expr:
    return pl.col(column).str.to_datetime("%m/%d/%Y %H:%M", strict=False)


def _of(owner: object, items: list[dict[str, Any]], logs: list[dict[str, Any]]) -> Iterator[Event]:
    hours_off = _hours_off([each["start"] for each in logs] or [each["begun"] for each in items])
    timezone = f"Etc/GMT{hours_off:+d}" if hours_off else "UTC"  # POSIX signs: GMT+5 is behind

    def instant(written: datetime) -> datetime:
        return written.replace(tzinfo=UTC)

    user = identity("cesaw", "person", owner)
    begun = min([each["begun"] for each in items] + [each["start"] for each in logs])
    found: list[Found] = [account(user, timezone, instant(begun - timedelta(days=1)))]
    known = set()
    for item in items:
        task = Found(identity("cesaw", owner, item["plan_item_key"]))
        known.add(item["plan_item_key"])
        task.happens(
            instant(item["begun"]),
            "task.created",
            title=f"Plan item {item['plan_item_key']}",
            created_at=instant(item["begun"]),
            status="in_progress",
            category_id=identity("cesaw", "project", item["project_key"]),
            parent_task_id=identity("cesaw", "wbs", item["project_key"], item["wbs_element_key"]),
            tags=[item["phase_short_name"]] if item["phase_short_name"] else [],
            estimated_minutes=max(1, round(item["task_plan_time_minutes"])) if item["task_plan_time_minutes"] else None,
        )
        if item["end"] and item["end"] >= item["begun"]:
            done = instant(item["end"])
            task.happens(done, "task.completed", status="completed", completed_at=done)
        found.append(task)
    found += list(_logged(owner, logs, known, instant))
    yield from events_of(user, timezone, found)


def _logged(owner: object, logs: list[dict[str, Any]], known: set[object], instant: Any) -> Iterator[Found]:
    for log in logs:
        if log["plan_item_key"] not in known:
            continue
        entry = Found(identity("cesaw", "log", log["time_log_fact_key"]))
        entry.happens(
            instant(log["end"]),
            "time.logged",
            task_id=identity("cesaw", owner, log["plan_item_key"]),
            kind="manual",
            started_at=instant(log["start"]),
            ended_at=instant(log["end"]),
        )
        yield entry


def _hours_off(moments: Iterable[datetime]) -> int:
    """How many hours the written clock is ahead of one on which the middle of the work lies at 13:00."""
    angles = [(each.hour + each.minute / 60) / 24 * math.tau for each in moments]
    middle = math.atan2(sum(map(math.sin, angles)), sum(map(math.cos, angles))) / math.tau * 24
    return round((middle - 13 + 12) % 24 - 12)
