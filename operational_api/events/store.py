"""Tracked events into the outbox. They change no row: each is an entity of its own, with one version."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from focusflow.clock import local_date
from focusflow.contracts.activity import Activity
from focusflow.contracts.envelope import Event
from focusflow.contracts.registry import BY_TYPE
from focusflow.database.outbox import append
from focusflow.identity import new_id
from operational_api.events.schemas import Tracked
from operational_api.work import Work

TYPE: Final = "activity.tracked"


def add(work: Work, events: list[Tracked], source: str) -> None:
    """Of an event that comes again under its own id, the later steps keep one."""
    append(work.tx, [_event(work, each, source) for each in events])


def _event(work: Work, tracked: Tracked, source: str) -> Event:
    me, zone, now = work.caller.user_id, work.caller.timezone, work.tx.now
    id_ = new_id() if tracked.id is None else own_id(me, tracked.id)
    at: datetime = min(tracked.time or now, now)
    data: dict[str, Any] = Activity.model_validate(tracked, from_attributes=True).model_dump(mode="json")
    return Event(
        id=id_, source=source, type=TYPE, subject=id_, time=at, userid=me, entityversion=1, recordedtime=now,
        timezone=zone, localdate=local_date(at, zone), actor="user", dataschema=BY_TYPE[TYPE].schema, data=data,
    )  # fmt: skip


def own_id(user_id: UUID, client_id: str) -> UUID:
    """A client's id, within its user: nobody takes away another's event by naming it first."""
    return uuid5(user_id, client_id)
