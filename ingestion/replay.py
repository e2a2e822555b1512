"""A past that is written afterwards: changes in, events and final rows out, the same as writes through the API would have left.

Generated histories and imports use it. How the rows get into the database is here too, for both write many at once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg import sql

from focusflow.contracts.envelope import Event
from focusflow.contracts.fields import Actor
from focusflow.contracts.registry import BY_TYPE
from focusflow.database.outbox import event
from focusflow.database.session import Transaction

#: Parents before what points at them.
ORDER = (
    "categories", "goals", "milestones", "tasks", "habits", "habit_logs", "time_entries", "calendar_events", "days_off",
)  # fmt: skip

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
REMOVALS = frozenset({"habit.deleted", "habit.unlogged", "time.deleted", "calendar.deleted", "dayoff.deleted"})


@dataclass(frozen=True, slots=True)
class Change:
    """At this moment the fields of this entity became these; the others stay as they were."""

    at: datetime
    type: str
    subject: UUID
    fields: Mapping[str, Any]
    actor: Actor = "user"


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
    """What one user left: events in the order in which they happened, and rows by table."""

    events: list[Event]
    rows: dict[str, list[dict[str, Any]]]


def history(
    changes: Iterable[Change],
    mint: Callable[[datetime], UUID],
    *,
    user_id: UUID,
    timezone: str,
    until: datetime,
    recorded_at: datetime,
) -> History:
    """Plays the changes up to a moment. What would come later has not happened. `mint` makes the ids of events."""
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
            id_=mint(change.at),
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


def insert_rows(tx: Transaction, table: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """All rows in one statement. COPY is not to be had: PostgreSQL refuses it where row-level security holds."""
    if not rows:
        return 0
    columns = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
    statement = sql.SQL(
        "insert into {table} ({columns}) select {columns} from jsonb_populate_recordset(null::{table}, %s)"
    ).format(table=sql.Identifier(table), columns=columns)
    return tx.connection.execute(statement, [orjson.dumps(rows).decode()]).rowcount
