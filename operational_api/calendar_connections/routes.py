"""Calendar connections over HTTP.

Nothing here asks the other server: `ingestion.calendars` does, and says in the row how that went.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import orjson
from fastapi import APIRouter

from focusflow import encryption
from focusflow.contracts.calendar import CREDENTIALS
from focusflow.database.queries import load_queries
from focusflow.database.tables import calendar_connections
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from focusflow.outbound import OutboundRefused, check_url
from focusflow.settings import Settings
from operational_api.calendar_connections.schemas import (
    Connection,
    ConnectionChange,
    Connections,
    NewConnection,
    SyncConflict,
    SyncConflicts,
)
from operational_api.entities import Entity, require_non_null
from operational_api.http.errors import problems
from operational_api.http.route import TypedRoute
from operational_api.http.services import Shared
from operational_api.http.unit_of_work import IfMatch, KeyReused, Stale, UnitOfWork, check_match

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

CONNECTIONS_AT_MOST, CONFLICTS_AT_MOST = 20, 100

router = APIRouter(prefix="/calendar/connections", tags=["Calendar"], route_class=TypedRoute)


#: Kinds of connections with a user name and a password.
LOGIN_KINDS = frozenset({"ics", "caldav"})


class ConnectionNotFound(NotFound):
    """No calendar connection has this id."""


class TooManyConnections(Conflict):
    """You have 20 calendar connections, and there cannot be more. Remove one first."""


class AlreadyConnected(Conflict):
    """This calendar is connected already."""


ENTITY = Entity(calendar_connections, Connection, ConnectionNotFound)


@router.post(
    "", status_code=201, responses=problems(NotSignedIn, TooManyConnections, AlreadyConnected, KeyReused, Invalid)
)
def connect_calendar(body: NewConnection, uow: UnitOfWork, shared: Shared) -> Connection:
    """Connect a calendar. It is read within a minute; from then on every quarter of an hour, unless the operator chose otherwise."""
    url = _address(body, shared.settings)
    if body.kind == "caldav" and (body.username is None or body.password is None):
        raise Invalid.field("body.username", "a CalDAV account needs a user name and a password")
    address_hash = hashlib.sha256(f"{body.kind} {url} {body.username or ''}".encode()).hexdigest()
    host = urlsplit(url).hostname or ""
    password = body.password.get_secret_value() if body.password else None
    fields = {
        "kind": body.kind,
        "name": body.name or host,
        "host": host,
        "address_hash": address_hash,
        "credentials": encrypted(shared.settings, uow, {"url": url, "username": body.username, "password": password}),
    }
    return ENTITY.to_response(add_connection(uow, fields))


def add_connection(uow: UnitOfWork, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """A new connection, which is read at once."""
    uow.tx.serialize("calendar connections")
    found = uow.tx.one(QUERIES["count"])
    if found is not None and found["count"] >= CONNECTIONS_AT_MOST:
        raise TooManyConnections
    if uow.tx.one(QUERIES["same"], {"address_hash": fields["address_hash"]}) is not None:
        raise AlreadyConnected
    row = ENTITY.add(uow, {**fields, "next_sync_at": uow.tx.now})
    uow.audit(
        "calendar_connection.created",
        entity="calendar_connection",
        entity_id=row["id"],
        after={"kind": fields["kind"], "host": fields["host"]},
    )
    return row


@router.get("", responses=problems(NotSignedIn))
def list_connections(uow: UnitOfWork) -> Connections:
    """List your connected calendars, and how each is."""
    return Connections(items=ENTITY.to_responses(uow.tx.all(QUERIES["list"])))


@router.get("/{connection_id:uuid}", responses=problems(NotSignedIn, ConnectionNotFound, Invalid))
def get_connection(connection_id: UUID, uow: UnitOfWork) -> Connection:
    """One connected calendar."""
    return ENTITY.to_response(ENTITY.one(uow.tx, connection_id))


@router.patch("/{connection_id:uuid}", responses=problems(NotSignedIn, ConnectionNotFound, Stale, Invalid))
def change_connection(
    connection_id: UUID, body: ConnectionChange, uow: UnitOfWork, shared: Shared, if_match: IfMatch = None
) -> Connection:
    """Rename, pause or resume a connection, choose its calendars, or enter its password again. It is synchronized at once."""
    before = ENTITY.locked(uow.tx, connection_id)
    check_match(if_match, before["version"])
    patch = dict(require_non_null(body.model_dump(exclude_unset=True), "name", "is_paused", "username", "password"))
    _check_calendars(before, patch)
    login: dict[str, Any] = {name: patch.pop(name) for name in ("username", "password") if name in patch}
    if login:
        if before["kind"] not in LOGIN_KINDS:
            raise Invalid.field("body", "this calendar has no password: connect it again in the dashboard")
        if "password" in login:
            login["password"] = login["password"].get_secret_value()
        patch["credentials"] = _with_login(shared.settings, uow, before["credentials"], login)
    if patch:
        patch |= {"next_sync_at": uow.tx.now, "failures": 0}
    row = ENTITY.save(uow, before, patch)
    if login:
        uow.audit("calendar_connection.login_changed", entity="calendar_connection", entity_id=connection_id)
    return ENTITY.to_response(row)


@router.delete("/{connection_id:uuid}", status_code=204, responses=problems(NotSignedIn, ConnectionNotFound, Invalid))
def disconnect_calendar(connection_id: UUID, uow: UnitOfWork) -> None:
    """Disconnect a calendar. The appointments that came from it are removed here within a minute; there, nothing changes."""
    before = ENTITY.locked(uow.tx, connection_id)
    gone = {"deleted_at": uow.tx.now, "next_sync_at": uow.tx.now, "is_paused": False}
    ENTITY.save(uow, before, gone)
    uow.audit(
        "calendar_connection.deleted",
        entity="calendar_connection",
        entity_id=connection_id,
        before={"kind": before["kind"], "host": before["host"]},
    )


@router.post(
    "/{connection_id:uuid}/sync",
    status_code=202,
    responses=problems(NotSignedIn, ConnectionNotFound, KeyReused, Invalid),
)
def request_sync(connection_id: UUID, uow: UnitOfWork) -> Connection:
    """Have a calendar synchronized now, not at its next time."""
    ENTITY.locked(uow.tx, connection_id)
    row = uow.tx.one(QUERIES["request"], {"id": connection_id, "now": uow.tx.now})
    assert row is not None
    return ENTITY.to_response(row)


@router.get("/{connection_id:uuid}/conflicts", responses=problems(NotSignedIn, ConnectionNotFound, Invalid))
def list_sync_conflicts(connection_id: UUID, uow: UnitOfWork) -> SyncConflicts:
    """List what lost when both sides had changed an appointment: the later change was kept."""
    ENTITY.one(uow.tx, connection_id)
    rows = uow.tx.all(QUERIES["conflicts"], {"id": connection_id, "limit": CONFLICTS_AT_MOST})
    return SyncConflicts(items=[SyncConflict(**row) for row in rows])


def _address(body: NewConnection, settings: Settings) -> str:
    """The address, after a check of what can be seen in it. The server behind it is checked when it is connected to."""
    try:
        parts = urlsplit(body.url)
        if parts.scheme.lower() in ("webcal", "webcals"):
            parts = parts._replace(scheme="https")
        url = urlunsplit(parts._replace(fragment=""))
        check_url(url)
    except (OutboundRefused, ValueError) as error:
        raise Invalid.field("body.url", str(error).rstrip(".")) from error
    if parts.username or parts.password:
        raise Invalid.field("body.url", "user name and password have fields of their own")
    if parts.scheme == "http" and body.password is not None and not settings.outbound_networks:
        raise Invalid.field("body.url", "a password is sent over https:// only")
    return url


def _check_calendars(connection: Mapping[str, Any], patch: Mapping[str, Any]) -> None:
    """What is chosen has to be a calendar of the account; plans have one of their own."""
    known = {each["id"]: each for each in connection["calendars"]}
    after = {**connection, **patch}
    for name in ("own_calendar", "plan_calendar"):
        chosen = patch.get(name)
        if chosen is not None and (chosen not in known or known[chosen]["is_read_only"]):
            raise Invalid.field(f"body.{name}", "it is not a calendar of this account that can be written")
    if not set(patch.get("selected") or ()) <= known.keys():
        raise Invalid.field("body.selected", "it names a calendar that this account does not have")
    plans = after["plan_calendar"]
    if plans is not None and (plans == after["own_calendar"] or plans in (after["selected"] or ())):
        raise Invalid.field("body.plan_calendar", "plans need a calendar of their own")


def encrypted(settings: Settings, uow: UnitOfWork, credentials: Mapping[str, Any]) -> bytes:
    return encryption.encrypt(settings.signing_key, CREDENTIALS, uow.caller.user_id, orjson.dumps(credentials))


def _with_login(settings: Settings, uow: UnitOfWork, stored: bytes, login: Mapping[str, Any]) -> bytes:
    plain = encryption.decrypt(settings.keys, CREDENTIALS, uow.caller.user_id, stored)
    if plain is None:
        raise Invalid(
            "The stored address cannot be decrypted: the key of the installation has changed. Connect the calendar again."
        )
    return encrypted(settings, uow, orjson.loads(plain) | login)
