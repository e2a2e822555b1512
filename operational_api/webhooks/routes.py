"""Webhooks over HTTP. What is sent is sent elsewhere: here are the endpoints, and what became of each message."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from psycopg.types.json import Jsonb

from focusflow import webhooks
from focusflow.database.queries import load_queries
from focusflow.database.rows import insert_row
from focusflow.database.tables import webhook_endpoints
from focusflow.encryption import encrypt
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from focusflow.identity import new_id
from focusflow.outbound import OutboundPolicy, OutboundRefused
from focusflow.settings import Settings
from operational_api.entities import Entity, require_non_null
from operational_api.http.errors import problems
from operational_api.http.pagination import after_moment, page_of
from operational_api.http.route import TypedRoute
from operational_api.http.services import Shared
from operational_api.http.unit_of_work import IfMatch, KeyReused, Stale, UnitOfWork, check_match
from operational_api.webhooks.schemas import (
    Delivery,
    DeliveryFilter,
    DeliveryPage,
    Endpoint,
    EndpointChange,
    Endpoints,
    EndpointWithSecret,
    NewEndpoint,
    Redelivered,
)

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
AT_MOST = 20
TESTS_AT_MOST = 5
TEST_MESSAGE = "This is a test message of FocusFlow."

router = APIRouter(prefix="/webhooks", tags=["Webhooks"], route_class=TypedRoute)


class EndpointNotFound(NotFound):
    """There is no such webhook."""


class DeliveryNotFound(NotFound):
    """There is no such message among those that were given up. Only those can be sent again."""


class TooManyEndpoints(Conflict):
    """An account has at most 20 webhooks. Delete one that is not used any more."""


class NotActive(Conflict):
    """This webhook is turned off. Turn it on first."""


class TooManyTests(Conflict):
    """Five test messages wait already. See what becomes of them first."""


ENTITY = Entity(webhook_endpoints, Endpoint, EndpointNotFound)


@router.get("", responses=problems(NotSignedIn))
def list_webhooks(uow: UnitOfWork) -> Endpoints:
    """List your webhooks."""
    return Endpoints(items=ENTITY.to_responses(uow.tx.all(QUERIES["all"], {"id": None})))


@router.post(
    "", status_code=201, responses=problems(NotSignedIn, TooManyEndpoints, OutboundRefused, KeyReused, Invalid)
)
def create_webhook(body: NewEndpoint, uow: UnitOfWork, shared: Shared) -> EndpointWithSecret:
    """Create a webhook. Its secret is shown only in this response."""
    _check_address(body.url, shared.settings)
    uow.tx.serialize("webhooks")
    found = uow.tx.one(QUERIES["count"])
    if found is not None and found["endpoints"] >= AT_MOST:
        raise TooManyEndpoints
    me, secret = uow.caller.user_id, webhooks.new_secret()
    stored = encrypt(shared.settings.signing_key, webhooks.PURPOSE, me, secret)
    row = insert_row(uow.tx, webhook_endpoints, {"id": new_id(), "secret": stored, **body.model_dump()})
    uow.audit("webhook.created", entity="webhook", entity_id=row["id"], after={"event_types": row["event_types"]})
    return _with_secret(_one(uow, row["id"]), secret)


@router.get("/{endpoint_id:uuid}", responses=problems(NotSignedIn, EndpointNotFound, Invalid))
def get_webhook(endpoint_id: UUID, uow: UnitOfWork) -> Endpoint:
    """One webhook."""
    return ENTITY.to_response(_one(uow, endpoint_id))


@router.patch("/{endpoint_id:uuid}", responses=problems(NotSignedIn, EndpointNotFound, OutboundRefused, Stale, Invalid))
def change_webhook(
    endpoint_id: UUID, body: EndpointChange, uow: UnitOfWork, shared: Shared, if_match: IfMatch = None
) -> Endpoint:
    """Change a webhook, pause it, or turn it on again. What waits for it is sent to its new address."""
    before = ENTITY.locked(uow.tx, endpoint_id)
    check_match(if_match, before["version"])
    changes = require_non_null(body.model_dump(exclude_unset=True), *EndpointChange.model_fields)
    if "url" in changes:
        _check_address(changes["url"], shared.settings)
    if "url" in changes or changes.get("status") == "active":  # whatever failed has a new chance
        changes = {**changes, "failures": 0, "failing_since": None, "paused_until": None, "problem": None}
    ENTITY.save(uow, before, changes)
    uow.audit(
        "webhook.changed", entity="webhook", entity_id=endpoint_id, after={"fields": sorted(body.model_fields_set)}
    )
    return ENTITY.to_response(_one(uow, endpoint_id))


@router.delete(
    "/{endpoint_id:uuid}", status_code=204, responses=problems(NotSignedIn, EndpointNotFound, Stale, Invalid)
)
def delete_webhook(endpoint_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete a webhook, with the messages that wait for it."""
    row = ENTITY.locked(uow.tx, endpoint_id)
    check_match(if_match, row["version"])
    ENTITY.remove(uow, row)
    uow.audit("webhook.deleted", entity="webhook", entity_id=endpoint_id)


@router.post(
    "/{endpoint_id:uuid}/rotate-secret", responses=problems(NotSignedIn, EndpointNotFound, KeyReused, Stale, Invalid)
)
def rotate_webhook_secret(
    endpoint_id: UUID, uow: UnitOfWork, shared: Shared, if_match: IfMatch = None
) -> EndpointWithSecret:
    """Replace the secret of a webhook. For 24 hours, messages are signed with both."""
    before = ENTITY.locked(uow.tx, endpoint_id)
    check_match(if_match, before["version"])
    secret = webhooks.new_secret()
    changes = {
        "secret": encrypt(shared.settings.signing_key, webhooks.PURPOSE, uow.caller.user_id, secret),
        "old_secret": before["secret"],
        "old_secret_until": uow.tx.now + webhooks.OLD_SECRET_VALID,
    }
    ENTITY.save(uow, before, changes)
    uow.audit("webhook.secret_rotated", entity="webhook", entity_id=endpoint_id)
    return _with_secret(_one(uow, endpoint_id), secret)


@router.post(
    "/{endpoint_id:uuid}/test",
    status_code=202,
    responses=problems(NotSignedIn, EndpointNotFound, NotActive, TooManyTests, KeyReused, Invalid),
)
def test_webhook(endpoint_id: UUID, uow: UnitOfWork) -> Delivery:
    """Send a test message. The list of deliveries shows what becomes of it."""
    endpoint = ENTITY.locked(uow.tx, endpoint_id)
    if endpoint["status"] != "active":
        raise NotActive
    values = {"user_id": uow.caller.user_id, "endpoint_id": endpoint_id, "type": webhooks.TEST}
    waiting = uow.tx.one(QUERIES["tests_waiting"], values)
    if waiting is not None and waiting["tests"] >= TESTS_AT_MOST:
        raise TooManyTests
    new = {"id": new_id(), "event_id": new_id(), "now": uow.tx.now, "data": Jsonb({"message": TEST_MESSAGE})}
    row = uow.tx.one(QUERIES["test"], values | new)
    assert row is not None
    ENTITY.save(uow, endpoint, {"paused_until": None})  # it is tried at once
    return Delivery.from_row(row)


@router.get("/{endpoint_id:uuid}/deliveries", responses=problems(NotSignedIn, EndpointNotFound, Invalid))
def list_webhook_deliveries(
    endpoint_id: UUID, filters: Annotated[DeliveryFilter, Query()], uow: UnitOfWork
) -> DeliveryPage:
    """List the messages to a webhook, newest first. With `status=dead`, those that were given up."""
    ENTITY.one(uow.tx, endpoint_id)
    values = filters.model_dump() | after_moment(filters.cursor, "deliveries")
    values |= {"user_id": uow.caller.user_id, "endpoint_id": endpoint_id}
    page = page_of(uow.tx.all(QUERIES["deliveries"], values), filters.limit, "deliveries", "created_at")
    return DeliveryPage(items=[Delivery.from_row(row) for row in page.rows], next_cursor=page.next_cursor)


@router.post(
    "/{endpoint_id:uuid}/deliveries/{delivery_id:uuid}/redeliver",
    responses=problems(NotSignedIn, EndpointNotFound, DeliveryNotFound, NotActive, KeyReused, Invalid),
)
def redeliver_webhook_delivery(endpoint_id: UUID, delivery_id: UUID, uow: UnitOfWork) -> Delivery:
    """Send a message again that was given up, with the same id."""
    rows = _redeliver(uow, endpoint_id, delivery_id)
    if not rows:
        raise DeliveryNotFound
    return Delivery.from_row(rows[0])


@router.post(
    "/{endpoint_id:uuid}/redeliver", responses=problems(NotSignedIn, EndpointNotFound, NotActive, KeyReused, Invalid)
)
def redeliver_webhook_deliveries(endpoint_id: UUID, uow: UnitOfWork) -> Redelivered:
    """Send all messages again that were given up."""
    return Redelivered(count=len(_redeliver(uow, endpoint_id, None)))


def _redeliver(uow: UnitOfWork, endpoint_id: UUID, delivery_id: UUID | None) -> list[dict[str, Any]]:
    if ENTITY.locked(uow.tx, endpoint_id)["status"] != "active":
        raise NotActive
    values = {"user_id": uow.caller.user_id, "endpoint_id": endpoint_id, "id": delivery_id, "now": uow.tx.now}
    return uow.tx.all(QUERIES["redeliver"], values)


def _one(uow: UnitOfWork, endpoint_id: UUID) -> Mapping[str, Any]:
    row = uow.tx.one(QUERIES["all"], {"id": endpoint_id})
    if row is None:
        raise EndpointNotFound
    return row


def _with_secret(row: Mapping[str, Any], secret: bytes) -> EndpointWithSecret:
    return EndpointWithSecret.from_row({**row, "secret": webhooks.written(secret)})


def _check_address(url: str, settings: Settings) -> None:
    OutboundPolicy.of(settings.outbound_networks).check_literal(url)
