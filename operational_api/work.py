"""One request, one transaction: who asks, what is written, and the events beside it. It commits before the reply leaves."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.responses import Response

from focusflow.database.outbox import append, event
from focusflow.database.session import Database, Role, Transaction
from focusflow.problems import Conflict, Invalid, NotSignedIn, Problem
from focusflow.settings import Settings
from operational_api.security.tokens import Access, read_access_token

BEARER = HTTPBearer(auto_error=False, description="The access token of `POST /api/v1/auth/login`.")


class Stale(Problem):
    """This has been changed since you read it. Read it again, then decide."""

    status = 412


class KeyReused(Invalid):
    """This Idempotency-Key came before with another request. Use a new key for a new request."""


@dataclass(frozen=True, slots=True)
class Services:
    """What all requests share."""

    settings: Settings
    database: Database


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking."""

    user_id: UUID
    timezone: str
    role: str
    family: UUID | None


@dataclass(slots=True)
class Work:
    """The transaction of a request, under its caller."""

    tx: Transaction
    caller: Caller
    answered: tuple[int, bytes] | None = field(default=None)

    def emit(
        self,
        type_: str,
        row: Mapping[str, Any],
        *,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        """Put the event of a saved row beside it. `before` is the row as it was; what differs is told."""
        changed = (
            {name: value for name, value in before.items() if row.get(name) != value} if before is not None else None
        )
        made = event(
            type_,
            user_id=self.caller.user_id,
            timezone=self.caller.timezone,
            subject=row["id"],
            version=row["version"],
            data=row,
            before=None if changed is None else orjson.loads(orjson.dumps(changed)),
            recorded_at=self.tx.now,
        )
        append(self.tx, [made])

    def reply(self, body: Any, status: int = 200, *, version: int | None = None) -> Response:
        """Answer with JSON. The answer is kept with the request's Idempotency-Key, if it has one."""
        content = body if isinstance(body, bytes) else orjson.dumps(body, option=orjson.OPT_UTC_Z)
        self.answered = (status, content)
        headers = {"ETag": f'"{version}"'} if version is not None else {}
        return Response(content, status, headers, "application/json")


def services(request: Request) -> Services:
    found = request.app.state.services
    assert isinstance(found, Services)
    return found


def access(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    shared: Annotated[Services, Depends(services)],
) -> Access:
    if credentials is None:
        raise NotSignedIn
    return read_access_token(shared.settings.signing_key, credentials.credentials)


async def fingerprint(request: Request) -> str:
    """What makes a request the same as another: its method, address and body."""
    whole = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    return hashlib.sha256(whole).hexdigest()


class Replayed(Exception):
    """The request was carried out before; this is the answer it got."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(status)
        self.status, self.body = status, body


#: The account behind a token, unless the sign-in that the token came from has been ended.
ACCOUNT = """
    select timezone, role, is_active, token_epoch from users
    where id = %(user_id)s and not exists (select from refresh_tokens where family = %(family)s and revoked_at is not null)"""

CLAIM_KEY = """
    insert into idempotency_keys (user_id, key, request_hash, created_at) values (%(user_id)s, %(key)s, %(hash)s, %(now)s)
    on conflict do nothing"""
KEPT_ANSWER = (
    "select request_hash, status, response from idempotency_keys where user_id = %(user_id)s and key = %(key)s"
)
KEEP_ANSWER = """
    update idempotency_keys set status = %(status)s, response = %(response)s where user_id = %(user_id)s and key = %(key)s"""


def open_work(
    request: Request,
    who: Annotated[Access, Depends(access)],
    shared: Annotated[Services, Depends(services)],
    request_hash: Annotated[str, Depends(fingerprint)],
    idempotency_key: Annotated[
        str | None,
        Header(
            max_length=200,
            description="Any text of your own. Sent again with the same request, it gets the same answer.",
        ),
    ] = None,
) -> Iterator[Work]:
    with shared.database.transaction(Role.API, who.user_id) as tx:
        account = tx.one(ACCOUNT, {"user_id": who.user_id, "family": who.family})
        if account is None or not account["is_active"] or account["token_epoch"] != who.epoch:
            raise NotSignedIn
        work = Work(tx, Caller(who.user_id, account["timezone"], account["role"], who.family))
        if idempotency_key is None or request.method != "POST":
            yield work
            return
        named = {"user_id": who.user_id, "key": idempotency_key}
        _claim(tx, named, request_hash)
        yield work
        if work.answered is not None:
            status, content = work.answered
            tx.run(KEEP_ANSWER, {**named, "status": status, "response": content.decode()})


def _claim(tx: Transaction, named: Mapping[str, Any], request_hash: str) -> None:
    """Be the one that carries out the request of this key; another that is at it now is waited for by the database."""
    if tx.run(CLAIM_KEY, {**named, "hash": request_hash, "now": tx.now}):
        return
    kept = tx.one(KEPT_ANSWER, named)
    if kept is None or kept["status"] is None:
        raise Conflict("The request with this Idempotency-Key did not end in an answer. Use a new key.")
    if kept["request_hash"] != request_hash:
        raise KeyReused
    raise Replayed(kept["status"], kept["response"])


#: Commits before the reply is sent; with the default scope a commit that fails would still have answered 201.
UnitOfWork = Annotated[Work, Depends(open_work, scope="function")]

IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=100, description="The ETag you read; 412 if it has changed since.")
]


def check_match(if_match: str | None, version: int) -> None:
    """Refuse a change of something that is no longer what the client saw."""
    if if_match not in (None, "*", f'"{version}"'):
        raise Stale
