"""Who is asking: somebody who signed in, or an API key of theirs. What a request brings is read here; whether it still holds, the database says."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, LiteralString
from uuid import UUID

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from psycopg.rows import DictRow

from focusflow.database.session import Database, Role, Transaction, opening_query
from focusflow.database.wire import PreparedCall
from focusflow.errors import NotSignedIn
from operational_api.http.services import Services
from operational_api.security import keys
from operational_api.security.keys import KeyAccess
from operational_api.security.permissions import SIGNED_IN, Needs
from operational_api.security.quota import Quota
from operational_api.security.tokens import Access, read_access_token


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, and since it was looked up, under which role. `scopes` is what an API key may; None is a person who signed in."""

    user_id: UUID
    timezone: str
    role: str
    family: UUID | None = None
    key_id: UUID | None = None
    scopes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """From where a request came, for the audit log."""

    ip: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Asking:
    """What is known of who asks before the database was asked."""

    who: Access | KeyAccess
    needs: Needs
    method: str
    origin: Origin
    quota: Quota


async def origin(request: Request) -> Origin:
    agent = request.headers.get("user-agent", "")
    return Origin(request.client.host if request.client else "unknown", agent.replace("\0", "")[:300])


CameFrom = Annotated[Origin, Depends(origin)]


#: Where a request keeps what gives its slot free again; `http.middleware` calls it when the answer has left.
LEAVE = "leave_fair_share"


class Credentials(SecurityBase):
    """What a request brings to prove who asks. One dependency reads all of it, for each costs a request as much as ten headers do."""

    def __init__(self) -> None:
        self.scheme_name = "Bearer"
        self.model = HTTPBearer(description="The access token of `POST /api/v1/auth/login`, or an API key.")

    async def read(self, request: Request) -> Asking:
        brought = _brought(request)
        if brought is None:
            raise NotSignedIn
        shared: Services = request.app.state.services
        key = shared.settings.signing_key
        who = keys.read(brought) if brought.startswith(keys.MARK) else read_access_token(key, brought)
        # A route that says nothing is for people who signed in: forgetting it gives no key more than it should have.
        needs = getattr(request.state, "needs", SIGNED_IN)
        # By the key, not by its owner: anybody can write somebody's id into a key.
        lane = who.key_hash if isinstance(who, KeyAccess) else who.user_id
        await shared.fair_share.enter(lane)
        request.scope[LEAVE] = partial(shared.fair_share.leave, lane)
        return Asking(who, needs, request.method, await origin(request), shared.quota)


class Door(Credentials):
    """As a dependency: who asks."""

    async def __call__(self, request: Request) -> Asking:
        return await self.read(request)


def _brought(request: Request) -> str | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip()
        case "basic":  # libraries for tracking send a key as the name
            return _name_in(credentials)
        case _:
            return request.headers.get("x-api-key") or getattr(request.state, "write_key", None)


def _name_in(basic: str) -> str:
    try:
        return base64.b64decode(basic, validate=True).decode().partition(":")[0]
    except ValueError as error:
        raise NotSignedIn from error


#: The account behind a token, unless the sign-in that the token came from has been ended; and what the request was answered before.
BY_SIGN_IN = opening_query(
    "by_sign_in",
    """
    select timezone, role, is_active, token_epoch, request_hash, status, response, idempotency_keys.created_at as key_used_at from users
    left join idempotency_keys on user_id = id and key = %(key)s
    where id = %(user_id)s and not exists (select from refresh_tokens where family = %(family)s and revoked_at is not null)""",
)

#: The same behind an API key. The key says whose it is; that it is theirs, only the row says.
BY_KEY = opening_query(
    "by_key",
    """
    select timezone, role, is_active, request_hash, status, response, idempotency_keys.created_at as key_used_at,
           api_keys.id as key_id, scopes, last_used_at is null or last_used_at < clock_timestamp() - interval '5 minutes' as is_first_use
    from api_keys join users on users.id = api_keys.user_id
    left join idempotency_keys on idempotency_keys.user_id = users.id and idempotency_keys.key = %(key)s
    where key_hash = %(key_hash)s and api_keys.user_id = %(user_id)s and revoked_at is null
      and (expires_at is null or expires_at > clock_timestamp())""",
)

#: Every few minutes, not with each request: it is there to find keys that nobody uses.
USED: LiteralString = "update api_keys set last_used_at = %(now)s where id = %(key_id)s"


@contextmanager
def admitted(
    database: Database, asking: Asking, idempotency_key: str | None = None
) -> Iterator[tuple[Transaction, Caller]]:
    """A transaction of the caller's. Raises if they may not do what they ask for, or asked for too much. Of requests with the same key, one
    is at work at a time.
    """
    who, serialize_on = asking.who, None if idempotency_key is None else f"{asking.who.user_id} {idempotency_key}"
    first: PreparedCall = (
        (BY_KEY, {"user_id": who.user_id, "key_hash": who.key_hash, "key": idempotency_key})
        if isinstance(who, KeyAccess)
        else (BY_SIGN_IN, {"user_id": who.user_id, "family": who.family, "key": idempotency_key})
    )
    with database.transaction(Role.API, who.user_id, serialize_on=serialize_on, first=first) as tx:
        caller = _caller(asking, tx.found, tx.now)
        asking.quota.count(caller.user_id)  # not before: anybody can write somebody's id into a key
        if tx.found.get("is_first_use"):
            tx.run_before_commit(USED, {"now": tx.now, "key_id": caller.key_id})
        begun = time.thread_time()
        try:
            yield tx, caller
        finally:
            asking.quota.charge(caller.user_id, time.thread_time() - begun)


def _caller(asking: Asking, row: DictRow, now: datetime) -> Caller:
    who = asking.who
    if isinstance(who, Access) and who.is_expired(now):
        raise NotSignedIn("The access token has expired. Refresh it.")
    if not row["is_active"]:
        raise NotSignedIn
    if isinstance(who, KeyAccess):
        scopes = frozenset(row["scopes"])
        caller = Caller(who.user_id, row["timezone"], row["role"], key_id=row["key_id"], scopes=scopes)
    elif row["token_epoch"] != who.epoch:
        raise NotSignedIn
    else:
        caller = Caller(who.user_id, row["timezone"], row["role"], family=who.family)
    asking.needs.check(asking.method, caller.role, caller.scopes)
    return caller
