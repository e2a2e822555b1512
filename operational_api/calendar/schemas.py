"""Request and response schemas of appointments."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from focusflow.series import DATES_AT_MOST, EXTRA_RULES_AT_MOST
from operational_api.http.schema_base import RECURRENCE, WRITABLE, Clock, Day, Flag, Input, Moment, Output, Title, Whole

Name = Annotated[str, StringConstraints(max_length=200), WRITABLE]
Rule = Annotated[str, StringConstraints(max_length=500), RECURRENCE]
Rules = Annotated[
    list[Rule],
    Field(
        max_length=EXTRA_RULES_AT_MOST,
        description="Recurrence rules beside `rrule`. It takes place whenever one of them says so.",
        examples=[["FREQ=MONTHLY;BYDAY=-1FR"]],
    ),
]
AddedTimes = Annotated[
    list[Moment],
    Field(
        max_length=DATES_AT_MOST,
        description="Starts of further occurrences (RFC 5545 RDATE). Each is as long as the first.",
        examples=[["2026-12-05T09:00:00Z"]],
    ),
]
LeftOut = Annotated[
    list[Moment],
    Field(
        max_length=DATES_AT_MOST,
        description="Starts of occurrences that are left out (RFC 5545 EXDATE).",
        examples=[["2026-12-08T09:00:00Z"]],
    ),
]


class EventFields(Input):
    """Fields of an appointment that a client may set."""

    location: Name | None = Field(None, examples=["Room 2"])
    rrule: Rule | None = Field(
        None, description="An RFC 5545 recurrence rule, in local time.", examples=["FREQ=WEEKLY;BYDAY=TU"]
    )


class NewEvent(EventFields):
    """A new appointment."""

    title: Title = Field(examples=["Team meeting"])
    start_at: Moment = Field(examples=["2026-12-01T09:00:00Z"])
    end_at: Moment = Field(examples=["2026-12-01T10:00:00Z"])
    all_day: Flag = False
    busy: Flag = Field(
        True,
        description="Whether it blocks time. Busy appointments count as meetings, and nothing is planned over them.",
    )
    attendees: Annotated[list[Name], Field(max_length=500)] = []
    extra_rrules: Rules = []
    rdates: AddedTimes = []
    exdates: LeftOut = []

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end_at < self.start_at:
            raise ValueError("end_at should not be before start_at")
        return self


class EventChange(EventFields):
    """Fields to change. Omitted fields stay as they are; null clears a field."""

    title: Title | None = None
    start_at: Moment | None = None
    end_at: Moment | None = None
    all_day: Flag | None = None
    busy: Flag | None = None
    attendees: Annotated[list[Name], Field(max_length=500)] | None = None
    extra_rrules: Rules | None = None
    rdates: AddedTimes | None = None
    exdates: LeftOut | None = None


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
    extra_rrules: list[str]
    rdates: list[datetime]
    exdates: list[datetime]
    source: Literal["manual", "ics", "caldav", "google", "outlook"]
    created_at: datetime
    updated_at: datetime
    version: int


class Occurrence(Output):
    """One occurrence of an appointment."""

    event_id: UUID
    title: str
    start_at: datetime
    end_at: datetime
    all_day: bool
    busy: bool
    location: str | None
    is_recurring: bool
    is_plan: bool = Field(description="Whether it is a block of an accepted day plan.")


class Span(Input):
    """An inclusive range of local days. At most 92 days."""

    since: Day = Field(examples=["2026-12-01"])
    until: Day = Field(examples=["2026-12-07"])


class Occurrences(Output):
    """Occurrences of a range, in order. At most 2000."""

    items: list[Occurrence]
    has_more: bool = Field(description="Whether the range has more occurrences than these.")


class Conflict(Output):
    """Two overlapping appointments."""

    first: Occurrence
    second: Occurrence
    start_at: datetime = Field(description="Start of the overlap.")
    end_at: datetime = Field(description="End of the overlap.")


class Conflicts(Output):
    """Overlapping appointments, in order. At most 500."""

    items: list[Conflict]


class FreeFilter(Span):
    """What counts as free time."""

    minutes: Annotated[Whole, Field(ge=5, le=1440)] = Field(30, description="Minimum length.")
    day_start: Clock | None = Field(
        None,
        description="Start of work, local time. Defaults to your preferences.",
        examples=["09:00"],
    )
    day_end: Clock | None = Field(None, description="Until when.", examples=["17:00"])


class Slot(Output):
    """Free time."""

    start_at: datetime
    end_at: datetime
    minutes: int


class Slots(Output):
    """Free time within working hours, days off excluded."""

    items: list[Slot]
