"""Request and response schemas of webhooks."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from focusflow.errors import Problem
from focusflow.outbound import check_url
from focusflow.webhooks import EVENT_TYPES
from operational_api.http.schema_base import WRITABLE, Flag, Input, Output, Whole, each_once

if TYPE_CHECKING:
    EventType = str
else:  # a type checker cannot read the list
    EventType = Literal[EVENT_TYPES]

DeliveryStatus = Literal["waiting", "delivered", "dead"]


def _reachable(url: str) -> str:
    try:
        check_url(url)
    except Problem as problem:  # pydantic collects ValueError
        raise ValueError(str(problem)) from problem
    return url


Url = Annotated[str, StringConstraints(max_length=2000), WRITABLE, AfterValidator(_reachable)]
Description = Annotated[str, StringConstraints(max_length=200), WRITABLE]
EventTypes = Annotated[list[EventType], Field(min_length=1, max_length=len(EVENT_TYPES)), AfterValidator(each_once)]


class NewEndpoint(Input):
    """An endpoint to create."""

    url: Url = Field(
        description="Where messages are sent to. Redirects are not followed.",
        examples=["https://example.com/hooks/focusflow"],
    )
    event_types: EventTypes = Field(
        description="Which events are sent.", examples=[["task.completed", "scores.changed"]]
    )
    description: Description = Field("", description="What it is for.", examples=["Home automation"])
    has_text: Flag = Field(
        False,
        description="Whether messages contain personal text, such as titles and notes. Without it, ids and numbers.",
    )


class EndpointChange(Input):
    """Fields to change. Omitted fields stay as they are."""

    url: Url | None = None
    event_types: EventTypes | None = Field(None, examples=[["task.completed", "scores.changed"]])
    description: Description | None = None
    has_text: Flag | None = None
    status: Literal["active", "paused"] | None = Field(
        None,
        examples=["paused"],
        description="`active` also turns an endpoint on again that was disabled after failures.",
    )


class Endpoint(Output):
    """An endpoint, without its secret."""

    id: UUID
    url: str
    description: str
    event_types: list[str]
    has_text: bool
    status: Literal["active", "paused", "disabled"] = Field(
        description="`paused` by you, or `disabled` after three days of failures. Events of that time are not sent."
    )
    failing_since: datetime | None = Field(
        description="Since when every message fails; null if the last one was taken."
    )
    problem: str | None = Field(description="Why the last message was not taken.")
    old_secret_until: datetime | None = Field(description="Until when messages are also signed with the secret before.")
    waiting: int = Field(description="Number of messages that wait to be sent, also for another attempt.")
    dead: int = Field(description="Number of messages that were given up. They can be sent again.")
    created_at: datetime
    version: int


class EndpointWithSecret(Endpoint):
    """An endpoint with a new secret. It is shown this once."""

    secret: str | None = Field(
        description="Verifies the signature of messages. Null in the answer to a repeated request.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    def for_replay(self) -> Self:
        return self.model_copy(update={"secret": None})


class Endpoints(Output):
    """Your endpoints, the oldest first."""

    items: list[Endpoint]


class DeliveryFilter(Input):
    """Filters of a list of deliveries."""

    status: DeliveryStatus | None = Field(None, description="`dead` lists what was given up.")
    limit: Annotated[Whole, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None


class Delivery(Output):
    """A message to an endpoint, and what became of it."""

    id: UUID
    event_id: UUID = Field(description="The `webhook-id` of the message: the same at each attempt.")
    type: str
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None = Field(description="When it is tried next; null if it is not.")
    delivered_at: datetime | None
    response_status: int | None = Field(description="The HTTP status of the last answer; null if there was none.")
    problem: str | None
    created_at: datetime


class DeliveryPage(Output):
    """A page of deliveries, newest first."""

    items: list[Delivery]
    next_cursor: str | None


class Redelivered(Output):
    """Result of sending again."""

    count: int = Field(description="Number of messages that are sent again.")
