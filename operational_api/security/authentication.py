"""Authentication by access token or API key. The credentials of a request are read here; the database says whether they are still valid."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from psycopg.rows import DictRow

from focusflow import clock, forwarding
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction, opening_query
from focusflow.database.wire import PreparedCall
from focusflow.errors import NotSignedIn
from focusflow.settings import Settings
from operational_api.http.services import Services
from operational_api.security import keys, session_tokens
from operational_api.security.fair_share import FairShare
from operational_api.security.keys import KeyAccess
from operational_api.security.permissions import SIGNED_IN, Permission
from operational_api.security.quota import Quota
from operational_api.security.session_tokens import SessionAccess
from operational_api.security.tokens import Access, read_access_token

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated caller of a request. `scopes` are those of an API key; None if the user signed in. A second factor is lacking where
    the installation requires it.
    """

    user_id: UUID
    timezone: str
    role: str
    family: UUID | None = None
    is_session: bool = False
    key_id: UUID | None = None
    scopes: frozenset[str] | None = None
    lacks_second_factor: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, for the audit log."""

    ip: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request claims about its caller, before the database has confirmed it."""

    claims: Access | KeyAccess | SessionAccess
    permission: Permission
    method: str
    origin: Origin
    quota: Quota
    fair_share: FairShare
    require_second_factor: str


async def origin(request: Request) -> Origin:
    agent = request.headers.get("user-agent", "")
    forwarded = None
    if forwarding.HEADER in request.headers:
        keys = request.app.state.services.settings.keys.fresh(clock.now())
        forwarded = forwarding.address_in(keys, request.headers[forwarding.HEADER])
    return Origin(forwarded or (request.client.host if request.client else "unknown"), agent.replace("\0", "")[:300])


RequestOrigin = Annotated[Origin, Depends(origin)]


#: The key of the request scope under which the release of the caller's slot is kept; `http.middleware` calls it after the answer.
LEAVE = "leave_fair_share"


class AuthenticationScheme(SecurityBase):
    """Reads the credentials of a request. It is one dependency for all kinds, because each costs a request as much as ten headers."""

    def __init__(self) -> None:
        self.scheme_name = "Bearer"
        self.model = HTTPBearer(description="The access token of `POST /api/v1/auth/login`, or an API key.")

    async def read(self, request: Request) -> Credentials:
        token = _token(request)
        if token is None:
            raise NotSignedIn
        shared: Services = request.app.state.services
        claims = _claims(shared.settings, token)
        # A route without a permission requires a sign-in: forgetting one must not open a route to API keys.
        permission = getattr(request.state, "permission", SIGNED_IN)
        # By the secret, until its owner is proven: anybody can write another user's id into one.
        request.scope[LEAVE] = await shared.fair_share.enter(_share_of(claims))
        return Credentials(
            claims,
            permission,
            request.method,
            await origin(request),
            shared.quota,
            shared.fair_share,
            shared.settings.require_second_factor,
        )


def _claims(settings: Settings, token: str) -> Access | KeyAccess | SessionAccess:
    if token.startswith(keys.MARK):
        return keys.read(token)
    if token.startswith(session_tokens.MARK):
        return session_tokens.read(token, settings.session_idle)
    return read_access_token(settings.keys, token)


def _share_of(claims: Access | KeyAccess | SessionAccess) -> UUID | str:
    match claims:
        case KeyAccess():
            return claims.key_hash
        case SessionAccess():
            return claims.token_hash
        case Access():
            return claims.user_id


class CredentialsDependency(AuthenticationScheme):
    """As a dependency: the credentials of a request whose route opens its own transactions."""

    async def __call__(self, request: Request) -> Credentials:
        return await self.read(request)


def _token(request: Request) -> str | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip()
        case "basic":  # tracking libraries send a key as the user name
            return _name_in(credentials)
        case _:
            return request.headers.get("x-api-key") or getattr(request.state, "write_key", None)


def _name_in(basic: str) -> str:
    try:
        return base64.b64decode(basic, validate=True).decode().partition(":")[0]
    except ValueError as error:
        raise NotSignedIn from error


#: The account of a token, unless its sign-in has ended; and the recorded answer of the Idempotency-Key.
BY_SIGN_IN = opening_query("by_sign_in", QUERIES["by_sign_in"])

#: The same for a session, which also ends when its user has been idle for too long.
BY_SESSION = opening_query("by_session", QUERIES["by_session"])

#: The same for an API key. The user id in the key is a claim; only the row proves it.
BY_KEY = opening_query("by_key", QUERIES["by_key"])


@contextmanager
def authenticate(
    database: Database, credentials: Credentials, idempotency_key: str | None = None
) -> Iterator[tuple[Transaction, Caller]]:
    """Open a transaction as the caller. Raises if the caller lacks the permission or has made too many requests. Requests with the same
    Idempotency-Key run one after the other.
    """
    claims = credentials.claims
    serialize_on = None if idempotency_key is None else f"{claims.user_id} {idempotency_key}"
    first = _opening(claims, idempotency_key)
    with database.transaction(Role.API, claims.user_id, serialize_on=serialize_on, first=first) as tx:
        caller = _caller(credentials, tx.found, tx.now)
        credentials.quota.count(caller.user_id)  # not earlier: anybody can write another user's id into a key
        if tx.found.get("is_first_use"):
            tx.run_before_commit(QUERIES["record_use"], {"now": tx.now, "key_id": caller.key_id})
        if not isinstance(claims, Access):
            credentials.fair_share.count_as(caller.user_id, str(_share_of(claims)))
        yield tx, caller


def _opening(claims: Access | KeyAccess | SessionAccess, idempotency_key: str | None) -> PreparedCall:
    values = {"user_id": claims.user_id, "key": idempotency_key}
    match claims:
        case KeyAccess():
            return BY_KEY, values | {"key_hash": claims.key_hash}
        case SessionAccess():
            return BY_SESSION, values | {"token_hash": claims.token_hash, "idle": claims.idle}
        case Access():
            return BY_SIGN_IN, values | {"family": claims.family}


def _caller(credentials: Credentials, row: DictRow, now: datetime) -> Caller:
    claims = credentials.claims
    if isinstance(claims, Access) and claims.is_expired(now):
        raise NotSignedIn("The access token has expired. Refresh it.")
    if not row["is_active"]:
        raise NotSignedIn
    lacks = not row["has_second_factor"] and _is_required(credentials.require_second_factor, row["role"])
    account = partial(Caller, claims.user_id, row["timezone"], row["role"], lacks_second_factor=lacks)
    if isinstance(claims, KeyAccess):
        caller = account(key_id=row["key_id"], scopes=frozenset(row["scopes"]))
    elif isinstance(claims, SessionAccess):
        caller = account(family=row["family"], is_session=True)
    elif row["token_epoch"] != claims.epoch:
        raise NotSignedIn
    else:
        caller = account(family=claims.family)
    credentials.permission.check(credentials.method, caller.role, caller.scopes, lacks_second_factor=lacks)
    return caller


def _is_required(whose: str, role: str) -> bool:
    return whose == "all" or (whose == "admins" and role == "admin")
