"""Changes in, events and final rows out: the same event that a write through the API makes, and the row that it leaves."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from numpy.random import Generator

from focusflow.contracts.envelope import Event
from focusflow.contracts.registry import BY_TYPE
from focusflow.database.outbox import event
from ingestion.demo.changes import Change, mint

#: The table of each noun; a noun without one leaves events only.
TABLES = {
    "user": "users",
    "goal": "goals",
    "milestone": "milestones",
    "task": "tasks",
    "habit": "habits",
    "habit_log": "habit_logs",
    "time_entry": "time_entries",
    "calendar_event": "calendar_events",
    "day_off": "days_off",
}

#: After these the row is gone. A deleted task keeps its row, with the time of its deletion.
REMOVALS = frozenset({"habit.unlogged", "time.deleted", "calendar.deleted", "dayoff.deleted"})


@dataclass(slots=True)
class _Entity:
    noun: str
    data: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    version: int = 1
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """What one person left: events in the order in which they happened, and rows by table."""

    events: list[Event]
    rows: dict[str, list[dict[str, Any]]]


def history(
    changes: Iterable[Change], rng: Generator, *, user_id: UUID, timezone: str, until: datetime, recorded_at: datetime
) -> History:
    """Plays the changes up to a moment. What would come later has not happened."""
    entities: dict[UUID, _Entity] = {}
    events = []
    for change in sorted((each for each in changes if each.at <= until), key=lambda each: each.at):
        noun = BY_TYPE[change.type]
        entity = entities.get(change.subject)
        before = None
        if entity is None:
            entity = entities[change.subject] = _Entity(noun.name, dict(change.fields), change.at, change.at)
        else:
            before = {
                name: entity.data.get(name) for name, value in change.fields.items() if entity.data.get(name) != value
            }
            entity.data |= change.fields
            entity.version += 1
            entity.updated_at = change.at
        made = event(
            change.type,
            user_id=user_id,
            timezone=timezone,
            subject=change.subject,
            version=entity.version,
            data=entity.data,
            recorded_at=recorded_at,
            happened_at=change.at,
            before=before,
            actor=change.actor,
            id_=mint(rng, change.at),
        )
        entity.data, entity.is_gone = dict(noun.data.model_validate(entity.data)), change.type in REMOVALS
        events.append(made)
    return History(events, _rows(entities, user_id))


def _rows(entities: dict[UUID, _Entity], user_id: UUID) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for id_, entity in entities.items():
        if entity.noun in TABLES and not entity.is_gone:
            owner = {} if entity.noun == "user" else {"user_id": user_id}
            whole = {
                "id": id_,
                "version": entity.version,
                "created_at": entity.created_at,
                "updated_at": entity.updated_at,
            }
            rows.setdefault(TABLES[entity.noun], []).append({**owner, **entity.data, **whole})
    return rows
