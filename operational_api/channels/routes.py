"""Notification channels over HTTP. What is sent is sent elsewhere: here are the channels, and what became of each message."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from focusflow.database.queries import load_queries
from focusflow.database.rows import insert_row
from focusflow.database.tables import notification_channels
from focusflow.encryption import encrypt
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from focusflow.identity import new_id
from operational_api.channels.schemas import (
    Channel,
    ChannelChange,
    ChannelDeliveries,
    ChannelDelivery,
    Channels,
    NewChannel,
)
from operational_api.entities import Entity, require_non_null
from operational_api.http.errors import problems
from operational_api.http.route import TypedRoute
from operational_api.http.services import Shared
from operational_api.http.unit_of_work import IfMatch, KeyReused, Stale, UnitOfWork, check_match
from reports.channels.sender import PURPOSE
from reports.channels.services import BadAddress, read_address

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
AT_MOST = 20
TESTS_AT_MOST = 5
TEST_USEFUL = timedelta(minutes=10)

router = APIRouter(prefix="/channels", tags=["Notifications"], route_class=TypedRoute)


class ChannelNotFound(NotFound):
    """There is no such channel."""


class TooManyChannels(Conflict):
    """An account has at most 20 channels. Delete one that is not used any more."""


class ChannelNotActive(Conflict):
    """This channel is turned off. Turn it on first."""


class TooManyChannelTests(Conflict):
    """Five test messages wait already. See what becomes of them first."""


ENTITY = Entity(notification_channels, Channel, ChannelNotFound)


@router.get("", responses=problems(NotSignedIn))
def list_channels(uow: UnitOfWork) -> Channels:
    """List your notification channels."""
    return Channels(items=ENTITY.to_responses(uow.tx.all(QUERIES["all"])))


@router.post("", status_code=201, responses=problems(NotSignedIn, TooManyChannels, BadAddress, KeyReused, Invalid))
def create_channel(body: NewChannel, uow: UnitOfWork, shared: Shared) -> Channel:
    """Create a notification channel. Its address is stored encrypted, and shown only in part."""
    stored = _stored(uow, shared, body.address)
    uow.tx.serialize("channels")
    found = uow.tx.one(QUERIES["count"])
    if found is not None and found["channels"] >= AT_MOST:
        raise TooManyChannels
    new = {"id": new_id(), "name": body.name, "kinds": body.kinds, **stored}
    row = insert_row(uow.tx, notification_channels, new)
    uow.audit("channel.created", entity="channel", entity_id=row["id"], after={"service": row["service"]})
    return ENTITY.to_response(row)


@router.get("/{channel_id:uuid}", responses=problems(NotSignedIn, ChannelNotFound, Invalid))
def get_channel(channel_id: UUID, uow: UnitOfWork) -> Channel:
    """One notification channel."""
    return ENTITY.to_response(ENTITY.one(uow.tx, channel_id))


@router.patch("/{channel_id:uuid}", responses=problems(NotSignedIn, ChannelNotFound, BadAddress, Stale, Invalid))
def change_channel(
    channel_id: UUID, body: ChannelChange, uow: UnitOfWork, shared: Shared, if_match: IfMatch = None
) -> Channel:
    """Change a notification channel, pause it, or turn it on again."""
    before = ENTITY.locked(uow.tx, channel_id)
    check_match(if_match, before["version"])
    changes = dict(require_non_null(body.model_dump(exclude_unset=True), *ChannelChange.model_fields))
    if "address" in changes:
        changes |= _stored(uow, shared, changes.pop("address"))
    if "secret" in changes or changes.get("status") == "active":  # whatever failed has a new chance
        changes |= {"failures": 0, "failing_since": None, "paused_until": None, "problem": None}
    row = ENTITY.save(uow, before, changes)
    uow.audit(
        "channel.changed", entity="channel", entity_id=channel_id, after={"fields": sorted(body.model_fields_set)}
    )
    return ENTITY.to_response(row)


@router.delete("/{channel_id:uuid}", status_code=204, responses=problems(NotSignedIn, ChannelNotFound, Stale, Invalid))
def delete_channel(channel_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete a notification channel."""
    row = ENTITY.locked(uow.tx, channel_id)
    check_match(if_match, row["version"])
    ENTITY.remove(uow, row)
    uow.audit("channel.deleted", entity="channel", entity_id=channel_id)


@router.post(
    "/{channel_id:uuid}/test",
    status_code=202,
    responses=problems(NotSignedIn, ChannelNotFound, ChannelNotActive, TooManyChannelTests, KeyReused, Invalid),
)
def test_channel(channel_id: UUID, uow: UnitOfWork) -> ChannelDelivery:
    """Send a test message, also in quiet hours. The list of deliveries shows what becomes of it."""
    channel = ENTITY.locked(uow.tx, channel_id)
    if channel["status"] != "active":
        raise ChannelNotActive
    values: dict[str, Any] = {"user_id": uow.caller.user_id, "channel_id": channel_id}
    waiting = uow.tx.one(QUERIES["tests_waiting"], values)
    if waiting is not None and waiting["tests"] >= TESTS_AT_MOST:
        raise TooManyChannelTests
    text = {"title": "Test", "body": "This channel works: FocusFlow can reach you here."}
    new = {"id": new_id(), "now": uow.tx.now, "useful_until": uow.tx.now + TEST_USEFUL}
    row = uow.tx.one(QUERIES["test"], values | text | new)
    assert row is not None
    ENTITY.save(uow, channel, {"paused_until": None})  # it is tried at once
    return ChannelDelivery.from_row(row)


@router.get("/{channel_id:uuid}/deliveries", responses=problems(NotSignedIn, ChannelNotFound, Invalid))
def list_channel_deliveries(channel_id: UUID, uow: UnitOfWork) -> ChannelDeliveries:
    """List the last 50 messages to a channel."""
    ENTITY.one(uow.tx, channel_id)
    rows = uow.tx.all(QUERIES["deliveries"], {"user_id": uow.caller.user_id, "channel_id": channel_id})
    return ChannelDeliveries(items=[ChannelDelivery.from_row(row) for row in rows])


def _stored(uow: UnitOfWork, shared: Shared, text: str) -> dict[str, Any]:
    """The columns of an address."""
    address = read_address(text)
    secret = encrypt(shared.settings.signing_key, PURPOSE, uow.caller.user_id, text.strip().encode())
    return {"service": address.service, "masked_address": address.masked, "secret": secret}
