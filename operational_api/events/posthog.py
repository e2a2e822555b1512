"""PostHog's capture calls, so that its libraries work by changing their host. The project key is an API key with `events:write`."""

import base64
import zlib
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import parse_qs

import orjson
from fastapi import APIRouter, Depends, Request

from focusflow.errors import Invalid, NotSignedIn
from operational_api.events import incoming, store
from operational_api.events.segment import WHEN, text
from operational_api.http.errors import TooLarge, problems
from operational_api.http.rendered import Rendered
from operational_api.http.route import LenientRoute
from operational_api.http.unit_of_work import UnitOfWork

#: Names of events of which PostHog has its own.
NAMES = {
    "$pageview": "page.viewed",
    "$screen": "screen.viewed",
    "$identify": "user.identified",
    "$create_alias": "user.aliased",
    "$groupidentify": "group.joined",
}

#: How a body begins that is packed.
GZIP = b"\x1f\x8b"

#: Properties that hold the key.
SECRETS = ("token", "api_key")


async def unpacked(request: Request) -> bytes:
    """The body as JSON. Browser libraries pack it without saying so in a header, newer ones not even in the address, or send it as a form."""
    body = await request.body()
    is_told = "content-encoding" in request.headers
    if request.query_params.get("compression", "").startswith("gzip") or (body.startswith(GZIP) and not is_told):
        unpacking = zlib.decompressobj(wbits=31)
        try:
            body = unpacking.decompress(body, incoming.BODY_BYTES + 1)
        except zlib.error as error:
            raise incoming.BadBody("The compression is gzip, but the body is not.") from error
    else:
        body = await incoming.unpacked(request)
    if len(body) > incoming.BODY_BYTES:
        raise TooLarge
    return _form_data(body) if body.startswith(b"data=") else body


def _form_data(body: bytes) -> bytes:
    try:
        return base64.b64decode(parse_qs(body.decode("ascii"))["data"][0].replace(" ", "+"))
    except (ValueError, KeyError) as error:
        raise incoming.BadBody("The form field data is not Base64.") from error


async def project_key(request: Request, body: Annotated[bytes, Depends(unpacked)]) -> None:
    """Read the project key from the body, where PostHog's libraries send it."""
    if "authorization" in request.headers or not any(f'"{name}"'.encode() in body for name in SECRETS):
        return
    payload = incoming.parsed(body)
    found = payload[0] if isinstance(payload, list) and payload else payload
    properties = found.get("properties") if isinstance(found, dict) else None
    for holder in (found, properties):
        given = [holder.get(name) for name in SECRETS] if isinstance(holder, dict) else []
        key = next((each for each in given if isinstance(each, str)), None)
        if key is not None:
            request.state.write_key = key
            return


router = APIRouter(tags=["Segment"], route_class=LenientRoute, dependencies=[Depends(project_key)])

EXAMPLE = {"api_key": "ff_…", "event": "report opened", "distinct_id": "ada", "properties": {"week": 47}}


@router.post(
    "/capture",
    responses=problems(NotSignedIn, Invalid, TooLarge),
    openapi_extra={
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}, "example": EXAMPLE}}}
    },
)
@router.post("/capture/", include_in_schema=False)
@router.post("/batch", include_in_schema=False)
@router.post("/batch/", include_in_schema=False)
@router.post("/e", include_in_schema=False)
@router.post("/e/", include_in_schema=False)
@router.post("/i/v0/e", include_in_schema=False)
@router.post("/i/v0/e/", include_in_schema=False)
def take_posthog_events(body: Annotated[bytes, Depends(unpacked)], uow: UnitOfWork) -> Rendered[Any]:
    """Accept the events of PostHog's libraries: one, a list, or a batch."""
    payload = incoming.parsed(body)
    if isinstance(payload, dict) and "batch" in payload:
        calls = incoming.bounded(payload["batch"], "batch")
    else:
        calls = incoming.bounded(payload if isinstance(payload, list) else [payload], "The body")
    errors = store.take(uow, [_translated(call, uow.tx.now) for call in calls], source="posthog")
    return Rendered(orjson.dumps({"status": "Ok", "errors": errors}))


#: What PostHog's libraries ask for before they send: there are no flags here, and nothing is recorded beside events.
NO_FLAGS = {"flags": {}, "featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False}
CONFIGURATION = {"supportedCompression": ["gzip", "gzip-js"], "hasFeatureFlags": False, "sessionRecording": False}


@router.post("/flags", include_in_schema=False)
@router.post("/flags/", include_in_schema=False)
@router.post("/decide", include_in_schema=False)
@router.post("/decide/", include_in_schema=False)
def tell_posthog_flags() -> Rendered[Any]:
    """Say that no feature flag is on, so that a library does not take it for an error and ask again."""
    return Rendered(orjson.dumps(NO_FLAGS | CONFIGURATION))


@router.get("/array/{key}/config", include_in_schema=False)
def tell_posthog_configuration(key: str) -> Rendered[Any]:  # noqa: ARG001 (the same for everybody)
    """The configuration that the browser library asks for as it starts."""
    return Rendered(orjson.dumps(CONFIGURATION))


def _translated(call: Any, now: datetime) -> Any:
    if not isinstance(call, dict):
        return {"name": None}
    given = call.get("properties")
    properties = (
        {name: value for name, value in given.items() if name not in SECRETS} if isinstance(given, dict) else {}
    )
    name, own = call.get("event"), text(call.get("distinct_id") or properties.get("distinct_id"), 200)
    is_device = properties.get("$is_identified") is False or (own is not None and own == properties.get("$device_id"))
    before = properties.get("$anon_distinct_id")
    if name == "$create_alias":  # the alias is the id that the user has from now on
        own, before = text(properties.get("alias"), 200), properties.get("distinct_id") or own
    return {
        "name": text(NAMES.get(str(name), name), 200),
        "id": text(call.get("uuid") or properties.get("$insert_id"), 200),
        "time": _moment(call, now),
        "properties": properties,
        "session_id": text(properties.get("$session_id"), 200),
        "platform": text(properties.get("$os") or properties.get("$lib"), 60),
        "app_version": text(properties.get("$app_version"), 60),
        "user_id": None if is_device else own,
        "anonymous_id": own if is_device else None,
        "previous_id": text(before, 200),
    }


def _moment(call: dict[str, Any], now: datetime) -> datetime | None:
    """When it happened, at most now. `offset` is how many milliseconds ago it was."""
    offset = call.get("offset")
    if isinstance(offset, int | float) and 0 <= offset < 30 * 24 * 3600 * 1000:
        return now - timedelta(milliseconds=offset)
    try:
        return min(WHEN.validate_python(call.get("timestamp")), now)
    except ValueError:
        return None
