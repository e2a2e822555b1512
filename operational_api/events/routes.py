"""Event tracking over HTTP: one call for an event or a thousand, in which a bad one does not hold up the good ones."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from focusflow.errors import Invalid, NotSignedIn
from operational_api.events import incoming, store
from operational_api.events.schemas import Batch, Refused, Taken, Tracked
from operational_api.http.errors import TooLarge, problems
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import KeyReused, UnitOfWork

router = APIRouter(prefix="/events", tags=["Events"], route_class=TypedRoute)

Body = Annotated[bytes, Depends(incoming.unpacked)]


def _described() -> dict[str, Any]:
    """The body, which is not read by FastAPI: it would refuse all for one."""
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
def track_events(body: Body, uow: UnitOfWork) -> Taken:
    """Track one event, or up to 1000 as `events`. Good ones are stored even if others in the call are not; the answer lists those
    by their place. With ids of your own, a call can be sent again without counting twice. At most 1 MiB; gzip is welcome.
    """
    said = incoming.parsed(body)
    items = incoming.bounded(said["events"], "events") if isinstance(said, dict) and set(said) == {"events"} else [said]
    found = incoming.read(items, uow.tx.now)
    if not found.events:
        raise _nothing_taken(found.errors)
    store.add(uow, [event for _, event in found.events], source="focusflow:api")
    return Taken(accepted=len(found.events), errors=[Refused(**each) for each in found.errors])


def _nothing_taken(errors: list[dict[str, Any]]) -> Invalid:
    first = errors[0]
    field = f" in {first['field']}" if first["field"] else ""
    return incoming.BadBody(f"No event could be taken. Event {first['index']}{field}: {first['message']}.")
