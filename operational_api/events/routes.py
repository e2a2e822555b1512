"""Event tracking over HTTP: one request for up to a thousand events. Invalid ones do not reject the others."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from focusflow.errors import Invalid, NotSignedIn
from operational_api.events import incoming, store
from operational_api.events.schemas import Batch, RejectedEvent, Tracked, TrackingResult
from operational_api.http.errors import TooLarge, problems
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import KeyReused, UnitOfWork

router = APIRouter(prefix="/events", tags=["Events"], route_class=TypedRoute)

Body = Annotated[bytes, Depends(incoming.unpacked)]


def _described() -> dict[str, Any]:
    """The raw body. FastAPI would reject all events for one invalid event."""
    one, many = Tracked.model_json_schema(), Batch.model_json_schema()
    many["properties"]["events"]["items"] = one
    many.pop("$defs")
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": {"anyOf": [one, many]}}}}}


@router.post(
    "",
    status_code=202,
    responses=problems(NotSignedIn, Invalid, KeyReused, TooLarge),
    openapi_extra=_described(),
)
def track_events(body: Body, uow: UnitOfWork) -> TrackingResult:
    """Track one event, or up to 1000 in `events`. Valid events are stored even if others are rejected; the response lists those by index.
    With your own ids, a request can be repeated without counting events twice. At most 1 MiB, gzip is supported.
    """
    payload = incoming.parsed(body)
    items = (
        incoming.bounded(payload["events"], "events")
        if isinstance(payload, dict) and set(payload) == {"events"}
        else [payload]
    )
    result = incoming.read(items, uow.tx.now)
    if not result.events:
        raise _all_rejected(result.errors)
    store.add(uow, [event for _, event in result.events], source="focusflow:api")
    return TrackingResult(accepted=len(result.events), errors=[RejectedEvent(**each) for each in result.errors])


def _all_rejected(errors: list[dict[str, Any]]) -> Invalid:
    first = errors[0]
    field = f" in {first['field']}" if first["field"] else ""
    return incoming.BadBody(f"All events were rejected. Event {first['index']}{field}: {first['message']}.")
