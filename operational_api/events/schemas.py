"""Request and response schemas of tracked events."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from operational_api.http.schema_base import WRITABLE, Input, Label, Moment, Output

AT_MOST = 1000

Identity = Annotated[str, StringConstraints(min_length=1, max_length=200), WRITABLE]


class Tracked(Input):
    """A tracked event of a client app."""

    name: Identity = Field(description="What happened.", examples=["timer.opened"])
    id: Identity | None = Field(
        None,
        description="Your own event id. Events with the same id count once.",
        examples=["018f3c1e-7d2a-7000-8000-4f6f2d1c0b9a"],
    )
    time: Moment | None = Field(
        None, description="When it happened. Defaults to now. Past times are fine, future times are rejected."
    )
    properties: dict[str, Any] = Field(
        default_factory=dict, description="Event properties. Treated as personal text.", examples=[{"button": "big"}]
    )
    session_id: Identity | None = None
    platform: Label | None = Field(None, examples=["ios"])
    app_version: Label | None = Field(None, examples=["2.1.0"])
    user_id: Identity | None = Field(
        None,
        description="Your app's id of its own user. Kept as a pseudonym only; such events are not your own activity.",
    )
    anonymous_id: Identity | None = Field(
        None, description="Your app's id of a device. With `user_id`, both are the same user from now on."
    )
    previous_id: Identity | None = Field(None, description="Another id that the user had before.")


class Batch(Input):
    """Up to 1000 events."""

    events: list[Tracked] = Field(min_length=1, max_length=AT_MOST)


class RejectedEvent(Output):
    """A rejected event and the reason."""

    index: int = Field(description="Index in the request, from 0.")
    field: str | None = Field(description="The invalid field.", examples=["time"])
    message: str = Field(examples=["is in the future"])


class TrackingResult(Output):
    """Result of a tracking request."""

    accepted: int = Field(description="Number of accepted events.")
    errors: list[RejectedEvent] = Field(description="Rejected events. Correct them and send them again.")
