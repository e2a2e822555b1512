"""Segment-compatible calls: Segment's libraries work by changing their host. A write key is an API key with `events:write`.

Events belong to the workspace: the owner of the key. The app's own `userId` and `anonymousId` become pseudonymous users of the app, and are
kept as properties, which are personal text.
"""

from datetime import datetime
from typing import Any

import orjson
from fastapi import APIRouter, Depends, Request
from pydantic import TypeAdapter, ValidationError

from focusflow.errors import Invalid, NotSignedIn
from operational_api.events import incoming, store
from operational_api.events.routes import Body
from operational_api.http.errors import TooLarge, problems
from operational_api.http.rendered import Rendered
from operational_api.http.route import LenientRoute
from operational_api.http.schema_base import Moment
from operational_api.http.unit_of_work import UnitOfWork

#: Event name of each kind of call. Track calls bring their own.
KINDS = {
    "track": None,
    "identify": "user.identified",
    "page": "page.viewed",
    "screen": "screen.viewed",
    "group": "group.joined",
    "alias": "user.aliased",
}

#: Short paths used by browser libraries.
SHORT = {"track": "t", "identify": "i", "page": "p", "screen": "s", "group": "g", "alias": "a"}

#: Fields of a call that are kept beside its properties.
IDENTIFIERS = ("userId", "anonymousId", "groupId", "previousId", "name", "category")

WHEN: TypeAdapter[datetime] = TypeAdapter(Moment)


async def write_key(request: Request, body: Body) -> None:
    """Read the write key from the body, where browser libraries send it."""
    if "authorization" not in request.headers and b'"writeKey"' in body:
        payload = incoming.parsed(body)
        if isinstance(payload, dict) and isinstance(payload.get("writeKey"), str):
            request.state.write_key = payload["writeKey"]


router = APIRouter(prefix="/v1", tags=["Segment"], route_class=LenientRoute, dependencies=[Depends(write_key)])

#: Minimal examples of each call.
EXAMPLES: dict[str, dict[str, Any]] = {
    "track": {"event": "Report Opened", "properties": {"week": 47}},
    "identify": {"userId": "ada", "traits": {"plan": "home"}},
    "page": {"name": "Reports", "properties": {"path": "/reports"}},
    "screen": {"name": "Today"},
    "group": {"groupId": "family", "traits": {"people": 4}},
    "alias": {"previousId": "somebody", "userId": "ada"},
}


def _described(example: dict[str, Any]) -> dict[str, Any]:
    body = {"schema": {"type": "object"}, "example": {"messageId": "018f3c1e-7d2a", **example}}
    return {
        "responses": problems(NotSignedIn, Invalid, TooLarge),
        "openapi_extra": {"requestBody": {"content": {"application/json": body}}},
    }


@router.post("/batch", **_described({"batch": [{"type": kind, **each} for kind, each in EXAMPLES.items()]}))
@router.post("/b", include_in_schema=False)
@router.post("/import", include_in_schema=False)
def take_batch(body: Body, uow: UnitOfWork) -> Rendered[Any]:
    """Accept a batch of calls of any kind."""
    payload = incoming.parsed(body)
    if not isinstance(payload, dict):
        raise incoming.BadBody("The body should be an object with a batch.")
    return accept(uow, incoming.bounded(payload.get("batch"), "batch"), payload)


def _single(kind: str) -> None:
    def call(body: Body, uow: UnitOfWork) -> Rendered[Any]:
        payload = incoming.parsed(body)
        if not isinstance(payload, dict):
            raise incoming.BadBody("The body should be an object.")
        return accept(uow, [{**payload, "type": kind}], payload)

    call.__doc__ = f"Accept one {kind} call."
    call.__name__ = f"take_{kind}"
    router.post(f"/{kind}", **_described(EXAMPLES[kind]))(call)
    router.post(f"/{SHORT[kind]}", include_in_schema=False)(call)


for each_kind in KINDS:
    _single(each_kind)


def accept(uow: UnitOfWork, calls: list[Any], whole: dict[str, Any]) -> Rendered[Any]:
    context = whole.get("context")
    shared = context if isinstance(context, dict) else {}
    errors = store.take(uow, [_translated(call, shared, uow.tx.now) for call in calls], source="segment")
    return Rendered(orjson.dumps({"success": True, "errors": errors}))


def _translated(call: Any, shared: dict[str, Any], now: datetime) -> Any:
    """Convert a call into a tracked event. Unreadable values are left for validation to report."""
    if not isinstance(call, dict) or call.get("type") not in KINDS:
        return {"name": None}
    own = call.get("context")
    context = {**shared, **(own if isinstance(own, dict) else {})}
    payload = call.get("traits" if call["type"] in ("identify", "group") else "properties")
    identifiers = {name: call[name] for name in IDENTIFIERS if call.get(name) not in (None, "")}
    return {
        "name": text(KINDS[call["type"]] or call.get("event"), 200),
        "id": text(call.get("messageId"), 200),
        "time": _moment(call, now),
        "properties": {**(payload if isinstance(payload, dict) else {}), **identifiers},
        "session_id": text(context.get("sessionId"), 200),
        "user_id": text(call.get("userId"), 200),
        "anonymous_id": text(call.get("anonymousId"), 200),
        "previous_id": text(call.get("previousId"), 200),
        "platform": text(_within(context, "os", "name") or _within(context, "library", "name"), 60),
        "app_version": text(_within(context, "app", "version"), 60),
    }


def _moment(call: dict[str, Any], now: datetime) -> datetime | None:
    """When it happened, at most now. An invalid time counts as missing, for libraries cannot be fixed from here."""
    for name in ("timestamp", "originalTimestamp"):
        try:
            return min(WHEN.validate_python(call.get(name)), now)
        except ValidationError:
            continue
    return None


def _within(context: dict[str, Any], outer: str, inner: str) -> Any:
    found = context.get(outer)
    return found.get(inner) if isinstance(found, dict) else None


def text(value: Any, longest: int) -> str | None:
    return str(value)[:longest] or None if isinstance(value, str | int) else None
