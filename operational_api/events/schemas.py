"""The shapes of tracked events."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from operational_api.http.schema_base import WRITABLE, Input, Label, Moment, Output

AT_MOST = 1000

Identity = Annotated[str, StringConstraints(min_length=1, max_length=200), WRITABLE]


class Tracked(Input):
    """Something that happened in a client app."""

    name: Identity = Field(description="What happened.", examples=["timer.opened"])
    id: Identity | None = Field(
        None,
        description="Your own id of this event. Sent again with the same id, it counts once.",
        examples=["018f3c1e-7d2a-7000-8000-4f6f2d1c0b9a"],
    )
    time: Moment | None = Field(None, description="When it happened; now, if left out. Late is fine, ahead is not.")
    properties: dict[str, Any] = Field(
        default_factory=dict, description="Whatever belongs to it. Kept as personal text.", examples=[{"button": "big"}]
    )
    session_id: Identity | None = None
    platform: Label | None = Field(None, examples=["ios"])
    app_version: Label | None = Field(None, examples=["2.1.0"])


class Batch(Input):
    """Up to 1000 events."""

    events: list[Tracked] = Field(min_length=1, max_length=AT_MOST)


class Refused(Output):
    """An event that was not taken, and why."""

    index: int = Field(description="Its place in the request, from 0.")
    field: str | None = Field(description="The field at fault.", examples=["time"])
    message: str = Field(examples=["lies in the future"])


class Taken(Output):
    """What became of the events of a request."""

    accepted: int = Field(description="So many are stored.")
    errors: list[Refused] = Field(description="The others; mend them and send them again.")
