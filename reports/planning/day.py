"""What a user could do on a day, and the room that the day has for it, as both are known now."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID

from focusflow import availability
from focusflow.clock import start_of
from focusflow.contracts.calendar import PLAN_CALENDAR
from focusflow.database.queries import load_queries
from focusflow.database.session import Transaction
from reports.planning.planner import Candidate, Plan, expected_minutes

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

Moments = tuple[datetime, datetime]


def free_time(tx: Transaction, user_id: UUID, timezone: str, day: date, hours: tuple[time, time]) -> list[Moments]:
    """What is left of the day's working hours between appointments."""
    taking = availability.taking_place_on(tx, user_id, timezone, (day, day), without=PLAN_CALENDAR)
    days = availability.workdays(tx, user_id, (day, day))
    slots = availability.free_between(taking, days, hours, timezone, 1)
    return [(max(each["start_at"], tx.now), each["end_at"]) for each in slots if each["end_at"] > tx.now]


def candidates(tx: Transaction, user_id: UUID, timezone: str) -> tuple[list[dict[str, Any]], list[Candidate]]:
    """What can be begun, in the order of its scores."""
    who = {"user_id": user_id}
    factors = {row["category_id"]: row["factor"] for row in tx.all(QUERIES["factors"], who)}
    rows = tx.all(QUERIES["candidates"], who)
    return rows, [_candidate(row, factors, timezone) for row in rows]


def _candidate(row: Mapping[str, Any], factors: Mapping[str, float], timezone: str) -> Candidate:
    factor = factors.get(str(row["category_id"] or ""), factors.get("*", 1.0))
    due_at = row["due_at"] or (row["due_date"] and start_of(row["due_date"] + availability.DAY, timezone))
    minutes = expected_minutes(row["estimated_minutes"], factor, row["logged"])
    return Candidate(row["task_id"], minutes, row["estimated_minutes"] is None, row["rank"], due_at)


def figures(plan: Plan, free: Iterable[Moments]) -> dict[str, float]:
    """A plan in numbers, which is all that a writer is told of it."""
    return {
        "tasks_planned": len({block.task_id for block in plan.blocks}),
        "minutes_planned": _minutes((block.start_at, block.end_at) for block in plan.blocks),
        "minutes_free": _minutes(free),
        "tasks_left_out": len(plan.left_out),
    }


def _minutes(spans: Iterable[Moments]) -> int:
    return int(sum((end - start).total_seconds() for start, end in spans) // 60)
