"""What another producer may send, and what is wrong with the rest. Pure: a message and its user in, an event or a reason out."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from focusflow.contracts.envelope import Event
from focusflow.database import outbox

#: Events of entities come from the API, which changes the entity with them. Only what has no row of its own can come from elsewhere.
EXTERNAL_TYPES = frozenset({"activity.tracked"})

LARGEST = 64 * 1024  # as a request of the API
OLDEST, NEWEST = timedelta(days=400), timedelta(minutes=5)


class Refusal(Exception):
    """The event cannot be taken; the text says why, and quotes nothing of it."""


class ExternalEvent(BaseModel):
    """A CloudEvent as it may come in. What we do not know of it, we ignore."""

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"]
    id: Annotated[str, Field(min_length=1, max_length=200)]
    source: Annotated[str, Field(min_length=1, max_length=200)]
    type: Annotated[str, Field(max_length=100)]
    time: AwareDatetime
    userid: UUID
    data: dict[str, Any]

    @property
    def identity(self) -> UUID:
        """Its id where that is a UUID; else one made of source and id, which CloudEvents says are unique together."""
        try:
            return UUID(self.id)
        except ValueError:
            return uuid5(NAMESPACE_URL, f"{self.source}\n{self.id}")


def read(value: bytes | None, now: datetime) -> ExternalEvent:
    if value is None or len(value) > LARGEST:
        raise Refusal(f"An event has from 1 to {LARGEST} bytes.")
    try:
        event = ExternalEvent.model_validate_json(value)
    except ValidationError as error:
        raise Refusal(_first(error)) from error
    if event.type not in EXTERNAL_TYPES:
        raise Refusal(f"Of other producers we take {', '.join(sorted(EXTERNAL_TYPES))}; other types come from the API.")
    if not now - OLDEST <= event.time <= now + NEWEST:
        raise Refusal(f"`time` is more than {OLDEST.days} days ago, or in the future.")
    return event


def accept(event: ExternalEvent, timezones: Mapping[UUID, str], recorded_at: datetime) -> Event:
    """The event as the platform's own, for a user that we know."""
    timezone = timezones.get(event.userid)
    if timezone is None:
        raise Refusal("There is no such user.")
    try:
        return outbox.event(
            event.type,
            user_id=event.userid,
            timezone=timezone,
            subject=event.identity,
            version=1,
            data=event.data,
            recorded_at=recorded_at,
            happened_at=event.time,
            id_=event.identity,
            source=event.source,
        )
    except ValidationError as error:
        raise Refusal(f"data: {_first(error)}") from error


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]
