"""Connecting a calendar of Google or Microsoft, for the dashboard: it sends the browser there and brings back a code.

The code is stored, not exchanged: `ingestion.calendars` asks the provider, here nothing does. What ties the code to the user who began is
in the `state`, encrypted: only that user can finish, and nothing has to be kept in between.
"""

import base64
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from fastapi import APIRouter
from pydantic import Field, StringConstraints

from focusflow import encryption
from focusflow.calendar_providers import AUTHORIZATION, CalendarProvider, ProviderKind, provider_of
from focusflow.errors import Forbidden, NotFound
from focusflow.settings import Settings
from operational_api.calendar_connections.routes import ENTITY, add_connection, encrypted
from operational_api.calendar_connections.schemas import Connection
from operational_api.http.route import TypedRoute
from operational_api.http.schema_base import Input, Output
from operational_api.http.services import Shared
from operational_api.http.unit_of_work import UnitOfWork

#: The dashboard's own: providers send the browser back to it.
router = APIRouter(prefix="/calendar/connections/authorizations", route_class=TypedRoute, include_in_schema=False)

#: So long a user may take to permit access.
LIFETIME = timedelta(minutes=15)


class ProviderNotConfigured(NotFound):
    """The operator of this installation has not set up this provider of calendars."""


class AuthorizationRefused(Forbidden):
    """This permission was not asked for by you, or too long ago. Connect the calendar again."""


class NewAuthorization(Input):
    """What to ask the provider for."""

    kind: ProviderKind
    connection_id: UUID | None = Field(None, description="A connection whose access has ended.")


class Authorization(Output):
    """An authorization that has begun."""

    authorization_url: str = Field(description="Where to send the browser.")


class ProviderAnswer(Input):
    """What the browser brought back from the provider."""

    state: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    code: Annotated[str, StringConstraints(min_length=1, max_length=4000)]


@router.post("", status_code=201)
def begin_authorization(body: NewAuthorization, uow: UnitOfWork, shared: Shared) -> Authorization:
    """Begin to connect a calendar, or to give a connection access again."""
    provider = _provider(shared.settings, body.kind)
    if body.connection_id is not None and ENTITY.one(uow.tx, body.connection_id)["kind"] != body.kind:
        raise AuthorizationRefused
    verifier = secrets.token_urlsafe(48)
    begun = {
        "kind": body.kind,
        "code_verifier": verifier,
        "connection_id": body.connection_id,
        "until": uow.tx.now + LIFETIME,
    }
    sealed = encryption.encrypt(shared.settings.signing_key, AUTHORIZATION, uow.caller.user_id, orjson.dumps(begun))
    state = base64.urlsafe_b64encode(sealed).decode()
    return Authorization(authorization_url=provider.authorization_url(state, verifier))


@router.post("/finish", status_code=201)
def finish_authorization(body: ProviderAnswer, uow: UnitOfWork, shared: Shared) -> Connection:
    """Connect the calendar with what the browser brought back. It is read within a minute."""
    begun = _opened(shared.settings, uow, body.state)
    provider = _provider(shared.settings, begun["kind"])
    login = encrypted(shared.settings, uow, {"code": body.code, "code_verifier": begun["code_verifier"]})
    if begun["connection_id"] is not None:
        before = ENTITY.locked(uow.tx, UUID(begun["connection_id"]))
        row = ENTITY.save(uow, before, {"credentials": login, "next_sync_at": uow.tx.now, "failures": 0})
        uow.audit("calendar_connection.login_changed", entity="calendar_connection", entity_id=before["id"])
        return ENTITY.to_response(row)
    fields = {
        "kind": provider.kind,
        "name": provider.name,
        "host": urlsplit(provider.api_url).hostname or "",
        "address_hash": hashlib.sha256(body.state.encode()).hexdigest(),  # the account is known after the first reading
        "credentials": login,
    }
    return ENTITY.to_response(add_connection(uow, fields))


def _provider(settings: Settings, kind: str) -> CalendarProvider:
    provider = provider_of(settings, kind)
    if provider is None:
        raise ProviderNotConfigured
    return provider


def _opened(settings: Settings, uow: UnitOfWork, state: str) -> dict[str, Any]:
    try:
        sealed = base64.urlsafe_b64decode(state)
        plain = encryption.decrypt(settings.keys, AUTHORIZATION, uow.caller.user_id, sealed)
    except ValueError as error:  # no Base64, or too short to be encrypted
        raise AuthorizationRefused from error
    begun: dict[str, Any] = orjson.loads(plain) if plain is not None else {}
    if not begun or datetime.fromisoformat(begun["until"]) < uow.tx.now:
        raise AuthorizationRefused
    return begun
