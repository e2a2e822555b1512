"""One request, one transaction: who asks, what is written, and the events beside it. It commits before the reply leaves."""

import functools
import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, LiteralString, NoReturn
from uuid import UUID

import orjson
from fastapi import Depends, Header, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from focusflow.database.outbox import append, event
from focusflow.database.session import Role, Transaction
from focusflow.errors import Invalid, Problem
from models.serving.registry import Serving
from operational_api.http.conditional import strong
from operational_api.http.services import Services
from operational_api.security import audit
from operational_api.security.authentication import Asking, Caller, Credentials, Origin, admitted


class Stale(Problem):
    """This has been changed since you read it. Read it again, then decide."""

    status = 412


class KeyReused(Invalid):
    """This Idempotency-Key came before with another request. Use a new key for a new request."""


@dataclass(slots=True)
class Work:
    """The transaction of a request, under its caller."""

    tx: Transaction
    caller: Caller
    origin: Origin
    serving: Serving
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
        if type_.endswith(".deleted"):
            self.audit(type_, entity=type_.partition(".")[0], entity_id=row["id"])

    @contextmanager
    def acting_as(self, role: Role) -> Iterator[None]:
        """See and write what another role of the platform may, for a caller whose own role allows it. What was written so far, and
        what is written within, is settled under the role it was written in.
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
        """Note in the audit log what the caller did with something of their own."""
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

    def reply(self, body: Any, status: int = 200, *, version: int | None = None) -> Response:
        """Answer with JSON. The answer is kept with the request's Idempotency-Key, if it has one."""
        content = body if isinstance(body, bytes) else orjson.dumps(body, option=orjson.OPT_UTC_Z)
        self.answered = (status, content)
        return Response(content, status, _etag(version), "application/json")


ACT_AS: LiteralString = "select set_config('role', %(role)s, true)"


REPLAYED = {"Idempotent-Replayed": "true"}


class Replayed(Exception):
    """The request was carried out before; this is the answer it got."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(status)
        self.status, self.body = status, body

    @property
    def headers(self) -> dict[str, str]:
        """Those of the first time: the version that it told stands in the answer too."""
        return REPLAYED | _etag(orjson.loads(self.body or "{}").get("version"))


def _etag(version: int | None) -> dict[str, str]:
    return {} if version is None else {"ETag": f'"{version}"'}


KEY_CHARACTERS = 200

KEEP_ANSWER: LiteralString = """
    insert into idempotency_keys (user_id, key, request_hash, status, response, created_at)
    values (%(user_id)s, %(key)s, %(request_hash)s, %(status)s, %(response)s, %(now)s)"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose work has not begun. Its route opens it, in the thread in which it is carried out: see `InOneTransaction`."""

    shared: Services
    asking: Asking
    idempotency_key: str | None = None
    request_hash: str = ""

    @contextmanager
    def opened(self) -> Iterator[Work]:
        key = self.idempotency_key
        with admitted(self.shared.database, self.asking, key) as (tx, caller):
            if tx.found["request_hash"] is not None:
                self._replay(tx.found)
            work = Work(tx, caller, self.asking.origin, self.shared.serving)
            yield work
            if key is not None:
                status, content = work.answered or (204, b"")
                kept = {"user_id": caller.user_id, "key": key, "request_hash": self.request_hash, "now": tx.now}
                tx.run_before_commit(KEEP_ANSWER, {**kept, "status": status, "response": content.decode()})

    def _replay(self, kept: Mapping[str, Any]) -> NoReturn:
        if kept["request_hash"] != self.request_hash:
            raise KeyReused
        raise Replayed(kept["status"], kept["response"])


class WorkDoor(Credentials):
    """As a dependency: a request's work, which is carried out once only if it brings an Idempotency-Key."""

    async def __call__(self, request: Request) -> Asked:
        asking, shared = await self.read(request), request.app.state.services
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            return Asked(shared, asking)
        if not 0 < len(key) <= KEY_CHARACTERS:
            raise Invalid(
                f"The header Idempotency-Key cannot be accepted: it should have 1 to {KEY_CHARACTERS} characters."
            )
        whole = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
        return Asked(shared, asking, key, hashlib.sha256(whole).hexdigest())


class InOneTransaction(APIRoute):
    """A route whose function gets its work opened, and whose answer leaves after the commit.

    A dependency that yields would do the same in three threads, one after the other, which costs more than a small request does.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **rest: Any) -> None:
        super().__init__(path, _in_one_transaction(endpoint), **rest)


def _in_one_transaction(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    if "work" not in inspect.signature(endpoint).parameters:
        return endpoint

    @functools.wraps(endpoint)
    def carried_out(*, work: Asked, **rest: Any) -> Any:
        with work.opened() as opened:
            return endpoint(work=opened, **rest)

    return carried_out


#: The parameter `work` of a route that is made `InOneTransaction`.
UnitOfWork = Annotated[Work, Depends(WorkDoor())]

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=1000,
        description="The ETag you read, several, or `*`; 412 if it is none of them. One that is weak (`W/`) never matches.",
    ),
]


def check_match(if_match: str | None, version: int) -> None:
    """Refuse a change of something that is no longer what the client saw."""
    if if_match is not None and if_match.strip() != "*" and f'"{version}"' not in strong(if_match):
        raise Stale
