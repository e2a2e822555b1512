"""SiP: ten years of one software company's tasks (Jones & Cullum, arXiv:1901.01621, github.com/Derek-Jones/SiP_dataset).

The day of the estimate is taken as that of creation. There are days only, no hours: things are created at 8, begun at 10 and completed at
17 o'clock. When something was given up is not said; what has no end is archived 120 days after. Priority, category and tags stand as they
were at the end, for their changes were not kept.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.real_histories.history import Found, account, events_of, identity
from focusflow.contracts.envelope import Event

PRIORITIES = {1: "urgent", 2: "high", 3: "medium", 4: "medium", 5: "medium"}
GIVEN_UP_AFTER = timedelta(days=120)


def events(folder: Path) -> Iterator[Event]:
    tasks = pl.read_csv((folder / "Sip-task-info.csv").read_text(encoding="latin-1").encode(), infer_schema_length=None)
    days = pl.read_csv(folder / "est-act-dates.csv").with_columns(
        pl.col("EstimateOn", "StartedOn", "CompletedOn").str.to_date("%d-%b-%y", strict=False)
    )
    tasks = tasks.unique("TaskNumber", keep="first", maintain_order=True)  # a row for each developer
    tasks = tasks.join(days.unique("TaskNumber"), on="TaskNumber").sort("AssignedToID", "EstimateOn", "TaskNumber")
    for (person,), own in tasks.group_by("AssignedToID", maintain_order=True):
        user = identity("sip", "person", person)
        found = [account(user, "Europe/London", _at(own["EstimateOn"].item(0), 7))]
        found += [_task(row) for row in own.iter_rows(named=True)]
        yield from events_of(user, "Europe/London", found)


def _task(row: dict[str, Any]) -> Found:
    task = Found(identity("sip", row["TaskNumber"]))
    created, begun, done = row["EstimateOn"], row["StartedOn"], row["CompletedOn"]
    task.happens(
        _at(created, 8),
        "task.created",
        title=f"Task {row['TaskNumber']}",
        created_at=_at(created, 8),
        priority=PRIORITIES.get(row["Priority"], "low"),
        category_id=identity("sip", "project", row["ProjectCode"]),
        parent_task_id=identity("sip", "breakdown", row["ProjectCode"], row["ProjectBreakdownCode"]),
        tags=[row["Category"], row["SubCategory"]],
        estimated_minutes=max(1, round(60 * row["HoursEstimate"])),
    )
    if begun and begun >= created:
        task.happens(_at(begun, 10), "task.updated", status="in_progress")
    if done and done >= created:
        task.happens(_at(done, 17), "task.completed", status="completed", completed_at=_at(done, 17))
    else:
        given_up = datetime.combine(max(created, begun or created), time(12), UTC) + GIVEN_UP_AFTER
        task.happens(given_up, "task.archived", status="archived")
    return task


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), UTC)
