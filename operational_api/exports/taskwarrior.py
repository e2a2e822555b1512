"""Tasks as JSON that `task import` reads. What Taskwarrior has no attribute for is in user-defined ones, `focusflow_…`."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import orjson

from focusflow.clock import zone
from operational_api.exports.records import Records

PRIORITIES = {"urgent": "H", "high": "H", "medium": "M", "low": "L"}
STATES = {"completed": "completed", "archived": "deleted", "cancelled": "deleted"}


def to_taskwarrior(records: Records) -> bytes:
    tasks = [orjson.dumps(_task(task, records)) for task in records.rows["tasks"]]
    return b"[\n" + b",\n".join(tasks) + b"\n]\n"


def _task(task: Mapping[str, Any], records: Records) -> dict[str, Any]:
    created, completed = task["created_at"], task["completed_at"]
    state = "completed" if completed else STATES.get(task["status"], "pending")
    entry = {
        "uuid": task["id"],
        "description": task["title"],
        "status": state,
        "entry": _stamp(created),
        "end": _stamp(completed or created) if state != "pending" else None,
        "start": _stamp(created) if task["status"] == "in_progress" else None,
        "due": _stamp(_moment(task["due_date"] or task["due_at"], records.timezone)),
        "scheduled": _stamp(task["start_at"]),
        "priority": PRIORITIES[task["priority"]],
        "project": task["category"],
        "tags": [*("_".join(tag.split()) for tag in task["tags"]), *(["next"] if task["priority"] == "urgent" else [])],
        "depends": task["blocked_by"],
        "annotations": [{"entry": _stamp(created), "description": task["notes"]}] if task["notes"] else [],
        "focusflow_state": task["status"] if task["status"] in {"archived", "cancelled"} else None,
        "focusflow_description": task["description"],
        "focusflow_minutes": task["estimated_minutes"],
        "focusflow_rule": task["recurrence"],
        "focusflow_parent": task["parent_task_id"],
    }
    return {name: value for name, value in entry.items() if value not in (None, [])}


def _moment(value: date | datetime | None, zone_name: str) -> datetime | None:
    """Taskwarrior has no dates without a time: midnight stands for the day."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.combine(value, time(), tzinfo=zone(zone_name))


def _stamp(moment: datetime | None) -> str | None:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}" if moment else None
