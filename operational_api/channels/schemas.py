"""Request and response schemas of notification channels."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from focusflow.notification_kinds import KINDS
from operational_api.http.schema_base import WRITABLE, Input, Output, each_once
from operational_api.preferences.schemas import Type

Address = Annotated[str, StringConstraints(min_length=1, max_length=2000), WRITABLE]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100), WRITABLE]
Kinds = Annotated[list[Type], Field(min_length=1, max_length=len(KINDS)), AfterValidator(each_once)]


class NewChannel(Input):
    """A channel to create."""

    name: Name = Field(examples=["Phone"])
    address: Address = Field(
        description="The address of the service, as Apprise writes it.", examples=["ntfys://ntfy.example.com/focusflow"]
    )
    kinds: Kinds = Field(description="Which notifications are sent to it.", examples=[["report", "task_reminder"]])


class ChannelChange(Input):
    """Fields to change. Omitted fields stay as they are."""

    name: Name | None = Field(None, examples=["Phone"])
    address: Address | None = None
    kinds: Kinds | None = None
    status: Literal["active", "paused"] | None = Field(
        None, description="`active` also turns a channel on again that was disabled after failures."
    )


class Channel(Output):
    """A channel. The tokens in its address are not shown."""

    id: UUID
    name: str
    service: str = Field(examples=["ntfy"])
    masked_address: str = Field(examples=["gotifys://gotify.example.com/…"])
    kinds: list[str]
    status: Literal["active", "paused", "disabled"] = Field(
        description="`paused` by you, or `disabled` after three days of failures."
    )
    failing_since: datetime | None = Field(
        description="Since when every message fails; null if the last one was taken."
    )
    problem: str | None = Field(description="Why the last message was not taken.")
    created_at: datetime
    version: int


class Channels(Output):
    """Your channels, the oldest first."""

    items: list[Channel]


class ChannelDelivery(Output):
    """A message to a channel, and what became of it."""

    id: UUID
    kind: str = Field(description="The kind of notification, or `test`.")
    status: Literal["waiting", "delivered", "dead"]
    attempts: int
    delivered_at: datetime | None
    problem: str | None
    created_at: datetime


class ChannelDeliveries(Output):
    """The last 50 messages to a channel, newest first."""

    items: list[ChannelDelivery]
