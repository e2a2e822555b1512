"""The envelope of an event: CloudEvents 1.0 with the platform's extensions."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field

from focusflow.contracts.fields import Actor, Instant

SOURCE = "focusflow"


class Event(BaseModel):
    """One change of one entity of one user."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID = Field(description="Identifies the event for deduplication; a client may choose it.")
    source: str = Field(SOURCE, max_length=200, description="Who produced the event.")
    type: str = Field(max_length=100, description="What happened, for example `task.completed`.")
    subject: UUID = Field(description="The entity that changed.")
    time: Instant = Field(description="When it happened, in UTC.")
    userid: UUID = Field(description="The user who owns the entity.")
    entityversion: int = Field(
        ge=1,
        description="Grows by one with each change of the entity. Histories are ordered by it, never by time of arrival.",
    )
    recordedtime: Instant = Field(description="When the API accepted it, by the database's clock.")
    timezone: str = Field(
        max_length=100,
        description="The user's time zone at that time. It is frozen, so that a later change of time zone rewrites no history.",
    )
    localdate: date = Field(description="The date of `time` in that time zone; daily aggregates use it.")
    actor: Actor = Field(description="Who caused it.")
    dataschema: str = Field(
        max_length=100, description="Name and major version of the data's schema, for example `focusflow:task:1`."
    )
    datacontenttype: Literal["application/json"] = "application/json"
    data: dict[str, Any] = Field(description="The complete entity after the change.")
    before: dict[str, Any] | None = Field(None, description="The old values of the fields that changed.")
    traceparent: str | None = Field(
        None,
        max_length=55,
        description="W3C trace context of the request that caused it. It is left out where the installation sends no traces.",
    )

    def as_bytes(self) -> bytes:
        """The event as it is sent and stored in raw: one line of JSON."""
        without = {"traceparent"} if self.traceparent is None else None
        return orjson.dumps(self.model_dump(exclude=without), option=orjson.OPT_UTC_Z)
