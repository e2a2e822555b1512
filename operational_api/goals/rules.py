"""Which actions a goal allows and what they change. Pure: (current goal, patch, now) → the changed fields."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from focusflow.errors import Conflict, Invalid

#: Allowed status transitions by event action.
MOVES = {
    "paused": (("active",), "paused"),
    "resumed": (("paused", "cancelled", "completed"), "active"),
    "cancelled": (("active", "paused"), "cancelled"),
    "completed": (("active", "paused"), "completed"),
}


class GoalElsewhere(Conflict):
    """The status of this goal does not allow this action."""


class GoalByMilestones(Conflict):
    """The progress of this goal is measured by its milestones. Complete those instead."""


class GoalNotActive(Conflict):
    """This goal is not active. Resume it first."""


class MilestoneSettled(Conflict):
    """This milestone is completed or skipped already."""


class MilestonePending(Conflict):
    """This milestone is pending already."""


def moved(goal: Mapping[str, Any], event_action: str, now: datetime) -> dict[str, Any]:
    """The changed fields of a goal that is paused, resumed, cancelled or completed."""
    allowed, status = MOVES[event_action]
    if goal["status"] not in allowed:
        raise GoalElsewhere(f"This goal is {goal['status']} and cannot be {event_action}.")
    return {"status": status, "completed_at": now if status == "completed" else None}


def progressed(goal: Mapping[str, Any], value: float) -> dict[str, Any]:
    """The changed fields after recording progress.

    >>> progressed({"status": "active", "measurement": "number", "target_value": 12.0}, 3)
    {'current_value': 3, 'progress': 25.0}
    """
    if goal["measurement"] == "milestones":
        raise GoalByMilestones
    if goal["status"] != "active":
        raise GoalNotActive
    if goal["measurement"] == "percent" and not 0 <= value <= 100:
        raise Invalid.field("body.value", "should be between 0 and 100")
    whole = 100.0 if goal["measurement"] == "percent" else goal["target_value"]
    return {"current_value": value, "progress": min(100.0, max(0.0, 100.0 * value / whole))}


def by_milestones(milestones: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Progress of a goal by its milestones. Skipped ones do not count.

    >>> by_milestones([{"status": "completed"}, {"status": "pending"}, {"status": "skipped"}])
    {'current_value': 1.0, 'progress': 50.0}
    """
    counted = [each for each in milestones if each["status"] != "skipped"]
    done = sum(each["status"] == "completed" for each in counted)
    return {"current_value": float(done), "progress": 100.0 * done / len(counted) if counted else 0.0}


def is_reached(goal: Mapping[str, Any]) -> bool:
    return bool(goal["status"] == "active" and goal["progress"] >= 100)


def has_fallen_back(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a goal that was completed by reaching its target is below it again. Goals completed by hand stay completed."""
    return bool(after["status"] == "completed" and before["progress"] >= 100 > after["progress"])


def changed(goal: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The changed fields of a patched goal. A new target changes its progress."""
    after = {**goal, **patch}
    if goal["measurement"] == "number" and after["target_value"] is None:
        raise Invalid.field("body.target_value", "a goal measured by a number needs a target")
    if goal["measurement"] != "number" and after["target_value"] is not None:
        raise Invalid.field("body.target_value", "this goal is not measured by a number")
    if after["start_date"] and after["target_date"] and after["target_date"] < after["start_date"]:
        raise Invalid.field("body.target_date", "should not be before start_date")
    fields = dict(patch)
    if goal["measurement"] == "number" and after["target_value"] != goal["target_value"]:
        fields["progress"] = min(100.0, max(0.0, 100.0 * goal["current_value"] / after["target_value"]))
    return fields


def settled(milestone: Mapping[str, Any], status: str, now: datetime) -> dict[str, Any]:
    if milestone["status"] != "pending":
        raise MilestoneSettled
    return {"status": status, "completed_at": now if status == "completed" else None}


def unsettled(milestone: Mapping[str, Any]) -> dict[str, Any]:
    if milestone["status"] == "pending":
        raise MilestonePending
    return {"status": "pending", "completed_at": None}
