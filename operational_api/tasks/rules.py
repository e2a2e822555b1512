"""Which actions a task allows and what they change. Pure: (current task, patch, now) → the changed fields."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from focusflow.clock import zone
from focusflow.errors import Conflict, Invalid
from focusflow.recurrence import check_rule, keeping_its_hour, meant, remaining_rule
from focusflow.recurrence import next_occurrence as next_time
from focusflow.rrule import BadRecurrence
from operational_api.entities import require_non_null
from operational_api.http.schema_base import LAST_YEAR

log = logging.getLogger(__name__)

OPEN = ("pending", "in_progress")


class TaskDone(Conflict):
    """This task is not open. Reopen it first."""


class TaskOpen(Conflict):
    """This task is open already."""


class OpenSubtasks(Conflict):
    """This task has open subtasks. Complete them first, or complete it with ?cascade=true."""


class TaskArchived(Conflict):
    """This task is archived already."""


class TaskNotArchived(Conflict):
    """This task is neither archived nor deleted."""


def check_recurrence(task: Mapping[str, Any], timezone: str) -> None:
    """Refuse a recurrence rule that has no occurrence from the start of this task."""
    if task["recurrence"] is not None:
        try:
            check_rule(task["recurrence"], _followed_from(task, timezone)[1], timezone)
        except BadRecurrence as error:
            raise Invalid.field("body.recurrence", str(error)) from error


def check_open(task: Mapping[str, Any]) -> None:
    if task["status"] not in OPEN:
        raise TaskDone


def completed(task: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    check_open(task)
    return {"status": "completed", "completed_at": now}


def reopened(task: Mapping[str, Any]) -> dict[str, Any]:
    if task["status"] in OPEN:
        raise TaskOpen
    return {"status": "pending", "completed_at": None}


def is_unchanged(task: Mapping[str, Any]) -> bool:
    """Whether the user has not changed it since it was created."""
    return bool(task["version"] == 1)


def archived(task: Mapping[str, Any]) -> dict[str, Any]:
    if task["status"] == "archived":
        raise TaskArchived
    return {"status": "archived"}


def restored(task: Mapping[str, Any]) -> dict[str, Any]:
    """Restore a deleted task as it was, or the status before archiving: completed or open."""
    if task["deleted_at"] is not None:
        return {"deleted_at": None}
    if task["status"] != "archived":
        raise TaskNotArchived
    return {"status": "completed" if task["completed_at"] else "pending"}


def changed(task: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The fields whose values the patch changes. One kind of due date replaces the other."""
    require_non_null(patch, "title", "priority", "status", "tags", "blocked_by", "pinned")
    if patch.get("due_at") and patch.get("due_date"):
        raise Invalid.field("body.due_date", "send due_at or due_date, not both")
    if "status" in patch and task["status"] not in (*OPEN, "cancelled"):
        raise TaskDone
    patch = dict(patch)
    if patch.get("due_at"):
        patch["due_date"] = None
    elif patch.get("due_date"):
        patch["due_at"] = None
    return {name: value for name, value in patch.items() if task[name] != value}


def next_occurrence(task: Mapping[str, Any], timezone: str, now: datetime) -> dict[str, Any] | None:
    """The fields in which the next occurrence of a recurring task differs. None if there is none.

    It keeps its local time across daylight saving changes and is never in the past. Its start keeps its distance to the due date, and a
    COUNT decreases by one.
    """
    if task["recurrence"] is None:
        return None
    here, (rule, begin) = zone(timezone), _followed_from(task, timezone)
    after = max(begin, now.astimezone(here).replace(tzinfo=None))
    try:
        found = next_time(rule, begin, after, timezone, last_year=LAST_YEAR)
    except BadRecurrence as error:
        log.warning("a stored recurrence rule cannot be followed, so its task does not recur: %s", error)
        return None
    if found is None:
        return None
    rule = remaining_rule(rule, begin, found)
    fields: dict[str, Any] = {"recurrence": rule}
    if task["start_at"] is not None:
        start = task["start_at"].astimezone(here).replace(tzinfo=None) + (found - begin)
        fields["start_at"] = start.replace(tzinfo=here).astimezone(UTC)
    if task["due_at"] is None:
        return fields | {"due_date": found.date(), "due_at": None}
    due_at = found.replace(tzinfo=here).astimezone(UTC)
    return fields | {"recurrence": keeping_its_hour(rule, found, timezone), "due_at": due_at, "due_date": None}


def _followed_from(task: Mapping[str, Any], timezone: str) -> tuple[str, datetime]:
    """The recurrence rule of a task and its local start."""
    if isinstance(task["due_at"], datetime):
        return meant(task["recurrence"], task["due_at"], timezone)
    day = task["due_date"] or task["created_at"].astimezone(zone(timezone)).date()
    return task["recurrence"], datetime.combine(day, time())
