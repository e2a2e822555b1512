"""Writes tracked events to the outbox. Each is an entity with one version and changes no row."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from uuid_utils.compat import uuid5

from focusflow.clock import local_date
from focusflow.contracts.envelope import Event
from focusflow.contracts.registry import BY_TYPE
from focusflow.database.outbox import append_written
from focusflow.identity import new_id
from operational_api.events import app_users, incoming
from operational_api.events.schemas import Tracked
from operational_api.http.unit_of_work import UnitOfWork

TYPE: Final = "activity.tracked"


def take(uow: UnitOfWork, items: list[Any], source: str) -> list[dict[str, Any]]:
    """Write what is valid of translated events. Returns the errors of the others; raises if none is valid."""
    found = incoming.read(items, uow.tx.now)
    if not found.events:
        first = found.errors[0]
        raise incoming.BadBody(f"All calls were rejected. Call {first['index']}: {first['field']} {first['message']}.")
    add(uow, [event for _, event in found.events], source=source)
    return found.errors


def add(uow: UnitOfWork, events: list[Tracked], source: str) -> None:
    """Write events to the outbox. Events with the same id are deduplicated later.

    Only the first of a request is validated against the contract: the others have the same shape and checked field types.
    """
    me, zone, now = uow.caller.user_id, uow.caller.timezone, uow.tx.now
    shared = {
        "specversion": "1.0", "source": source, "type": TYPE, "userid": me, "entityversion": 1, "recordedtime": now,
        "timezone": zone, "actor": "user", "dataschema": BY_TYPE[TYPE].schema, "datacontenttype": "application/json", "before": None,
    }  # fmt: skip
    key = app_users.key_of(uow.tx, me) if any(map(app_users.has_app_user, events)) else b""
    events_written: list[dict[str, Any]] = [
        shared | _own(each, me, zone, now, app_users.columns(key, each)) for each in events
    ]
    Event.model_validate(events_written[0])
    append_written(
        uow.tx, me, [(each["id"], orjson.dumps(each, option=orjson.OPT_UTC_Z).decode()) for each in events_written]
    )


def _own(tracked: Tracked, user_id: UUID, zone: str, now: datetime, app_user: Mapping[str, Any]) -> dict[str, Any]:
    id_ = new_id() if tracked.id is None else own_id(user_id, tracked.id)
    at = now if tracked.time is None else min(tracked.time, now)
    data = {
        "name": tracked.name,
        "properties": tracked.properties,
        "session_id": tracked.session_id,
        "platform": tracked.platform,
        "app_version": tracked.app_version,
        **app_user,
    }
    return {"id": id_, "subject": id_, "time": at.astimezone(UTC), "localdate": local_date(at, zone), "data": data}


def own_id(user_id: UUID, client_id: str) -> UUID:
    """A client's event id scoped to its user, so that users cannot claim each other's ids."""
    return uuid5(user_id, client_id)
