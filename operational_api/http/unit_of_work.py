"""One request, one transaction: the caller, the rows it saves, and their events. It commits before the answer leaves."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, LiteralString
from uuid import UUID

import orjson
from fastapi import Depends, Header, Request

from focusflow.database.outbox import append, event
from focusflow.database.queries import load_queries
from focusflow.database.session import Role, Transaction
from focusflow.errors import Invalid, Problem
from models.serving.registry import Serving
from operational_api.http.conditional import strong_etags
from operational_api.http.rendered import Rendered, version_etag
from operational_api.http.services import Services
from operational_api.security import audit
from operational_api.security.authentication import (
    AuthenticationScheme,
    Caller,
    Credentials,
    CredentialsDependency,
    Origin,
    authenticate,
)

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))


class Stale(Problem):
    """This has been changed since you read it. Read it again, then retry."""

    status = 412


class KeyReused(Invalid):
    """This Idempotency-Key was already used with another request. Use a new key for a new request."""


@dataclass(slots=True)
class UnitOfWork:
    """The transaction of a request, under its caller."""

    tx: Transaction
    caller: Caller
    origin: Origin
    serving: Serving

    def emit(
        self,
        type_: str,
        row: Mapping[str, Any],
        *,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        """Append the event of a saved row. `before` is the row as it was; the event names the fields that differ."""
        changed = (
            {name: value for name, value in before.items() if row.get(name) != value} if before is not None else None
        )
        created = event(
            type_,
            user_id=self.caller.user_id,
            timezone=self.caller.timezone,
            subject=row["id"],
            version=row["version"],
            data=row,
            before=None if changed is None else orjson.loads(orjson.dumps(changed)),
            recorded_at=self.tx.now,
        )
        append(self.tx, [created])
        if type_.endswith(".deleted"):
            self.audit(type_, entity=type_.partition(".")[0], entity_id=row["id"])

    @contextmanager
    def acting_as(self, role: Role) -> Iterator[None]:
        """Use the grants of another database role, for a caller whose account role allows it. Statements that wait for the commit are
        flushed before and after, so that each runs under the role that wrote it.
        """
        self.tx.flush()
        self.tx.run(ACT_AS, {"role": role.value})
        yield
        self.tx.flush()
        self.tx.run(ACT_AS, {"role": Role.API.value})

    def audit(
        self,
        action: str,
        *,
        entity: str | None = None,
        entity_id: UUID | None = None,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Record in the audit log what the caller did with their own data."""
        me = self.caller.user_id
        audit.record(
            self.tx,
            action,
            self.origin,
            actor_id=me,
            user_id=me,
            entity=entity,
            entity_id=entity_id,
            before=before,
            after=after,
        )


ACT_AS: LiteralString = "select set_config('role', %(role)s, true)"

REPLAYED = {"Idempotent-Replayed": "true"}

KEY_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What is known of a request before its transaction is opened: the services, the caller's credentials and the Idempotency-Key."""

    services: Services
    credentials: Credentials
    idempotency_key: str | None = None
    request_hash: str = ""

    def run(self, handle: Callable[[UnitOfWork], Rendered[Any]], status: int) -> Rendered[Any]:
        """Carry out a handler in one transaction. A repeated Idempotency-Key gets the recorded answer instead."""
        key = self.idempotency_key
        with authenticate(self.services.database, self.credentials, key) as (tx, caller):
            if tx.found["request_hash"] is not None:
                return self._replay(tx.found)
            answer = handle(UnitOfWork(tx, caller, self.credentials.origin, self.services.serving))
            if key is not None:
                content = answer.content if answer.replay is None else answer.replay
                answered = {"status": answer.status or status, "response": content.decode()}
                request = {"user_id": caller.user_id, "key": key, "request_hash": self.request_hash, "now": tx.now}
                tx.run_before_commit(QUERIES["record_answer"], request | answered)
        return answer

    def _replay(self, recorded: Mapping[str, Any]) -> Rendered[Any]:
        if recorded["request_hash"] != self.request_hash:
            raise KeyReused
        content: str = recorded["response"]
        headers = REPLAYED | version_etag(orjson.loads(content or "{}").get("version"))
        return Rendered(content.encode(), recorded["status"], headers)


class ContextDependency(AuthenticationScheme):
    """As a dependency: the context of a request. A POST with an Idempotency-Key is carried out once."""

    async def __call__(self, request: Request) -> RequestContext:
        credentials, services = await self.read(request), request.app.state.services
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            return RequestContext(services, credentials)
        if not 0 < len(key) <= KEY_CHARACTERS:
            raise Invalid(
                f"The header Idempotency-Key cannot be accepted: it should have 1 to {KEY_CHARACTERS} characters."
            )
        whole = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
        return RequestContext(services, credentials, key, hashlib.sha256(whole).hexdigest())


IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=1000,
        description="The ETag you read, a list of ETags, or `*`. The answer is 412 if none of them matches. A weak ETag (`W/`) never matches.",
    ),
]


def check_match(if_match: str | None, version: int) -> None:
    """Refuse a change of a row that has changed since the client read it."""
    if if_match is not None and if_match.strip() != "*" and f'"{version}"' not in strong_etags(if_match):
        raise Stale


#: The credentials of the caller, for a route that opens its own short transactions.
CallerCredentials = Annotated[Credentials, Depends(CredentialsDependency())]


@contextmanager
def short_transaction(shared: Services, credentials: Credentials) -> Iterator[UnitOfWork]:
    """A short transaction of a long request."""
    with authenticate(shared.database, credentials) as (tx, caller):
        yield UnitOfWork(tx, caller, credentials.origin, shared.serving)
