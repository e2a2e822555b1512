"""The shapes of appointments."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from operational_api.http.schema_base import RECURRENCE, WRITABLE, Clock, Day, Flag, Input, Moment, Output, Title, Whole

Name = Annotated[str, StringConstraints(max_length=200), WRITABLE]
Rule = Annotated[str, StringConstraints(max_length=500), RECURRENCE]


class EventFields(Input):
    """What a client may say of an appointment."""

    location: Name | None = Field(None, examples=["Room 2"])
    rrule: Rule | None = Field(
        None, description="An RFC 5545 recurrence rule, on your wall clock.", examples=["FREQ=WEEKLY;BYDAY=TU"]
    )


class NewEvent(EventFields):
    """An appointment to add."""

    title: Title = Field(examples=["Team meeting"])
    start_at: Moment = Field(examples=["2026-12-01T09:00:00Z"])
    end_at: Moment = Field(examples=["2026-12-01T10:00:00Z"])
    all_day: Flag = False
    busy: Flag = Field(
        True, description="Whether it takes your time: it counts as a meeting, and nothing is planned over it."
    )
    attendees: Annotated[list[Name], Field(max_length=500)] = []

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end_at < self.start_at:
            raise ValueError("end_at should not lie before start_at")
        return self


class EventChange(EventFields):
    """What to change; what is left out stays, what is null is emptied."""

    title: Title | None = None
    start_at: Moment | None = None
    end_at: Moment | None = None
    all_day: Flag | None = None
    busy: Flag | None = None
    attendees: Annotated[list[Name], Field(max_length=500)] | None = None


class Event(Output):
    """An appointment."""

    id: UUID
    title: str
    start_at: datetime
    end_at: datetime
    all_day: bool
    busy: bool
    location: str | None
    attendees: list[str]
    rrule: str | None
    source: Literal["manual", "ics", "caldav", "google", "outlook"]
    created_at: datetime
    updated_at: datetime
    version: int


class Occurrence(Output):
    """One time that an appointment takes place."""

    event_id: UUID
    title: str
    start_at: datetime
    end_at: datetime
    all_day: bool
    busy: bool
    location: str | None
    is_recurring: bool


class Span(Input):
    """Local days, the first and the last included; 92 at most."""

    since: Day = Field(examples=["2026-12-01"])
    until: Day = Field(examples=["2026-12-07"])


class Occurrences(Output):
    """What takes place in a span, in order; 2000 at most."""

    items: list[Occurrence]
    has_more: bool = Field(description="Whether more takes place than these.")


class Conflict(Output):
    """Two appointments that take the same time."""

    first: Occurrence
    second: Occurrence
    start_at: datetime = Field(description="From when both want you …")
    end_at: datetime = Field(description="… until when.")


class Conflicts(Output):
    """Where appointments overlap, in order; 500 at most."""

    items: list[Conflict]


class FreeFilter(Span):
    """What counts as free."""

    minutes: Annotated[Whole, Field(ge=5, le=1440)] = Field(30, description="How long at least.")
    day_start: Clock | None = Field(
        None,
        description="From when you work, on your own clock; as your preferences say, if left out.",
        examples=["09:00"],
    )
    day_end: Clock | None = Field(None, description="Until when.", examples=["17:00"])


class Slot(Output):
    """Free time."""

    start_at: datetime
    end_at: datetime
    minutes: int


class Slots(Output):
    """Free time within working hours, days off left out."""

    items: list[Slot]
