"""The calendar: appointments, and the days off that score, streaks and emails respect."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from focusflow.contracts.fields import Data, Instant, Name, Title

#: The calendar of accepted plans. They are the user's own time and no meetings, and a new plan may replace them.
PLAN_CALENDAR = "focusflow-plan"

#: How the ids of subscribed calendars begin. Their appointments are changed where they are published.
SUBSCRIPTION = "ics:"

#: The purpose for which addresses and passwords of calendars are encrypted.
CREDENTIALS = "calendar credentials"


Rule = Annotated[str, StringConstraints(max_length=500)]

#: Where an appointment came from. The ids of calendars on servers begin with it, too.
CalendarSource = Literal["manual", "ics", "caldav", "google", "outlook"]


class CalendarEvent(Data):
    """An appointment."""

    title: Title
    start_at: Instant
    end_at: Instant
    all_day: bool = False
    busy: bool = True
    location: Name | None = None
    attendees: list[Name] = Field(default_factory=list, max_length=500)
    rrule: Annotated[str | None, Field(max_length=500)] = None
    extra_rrules: list[Rule] = Field(default_factory=list, max_length=4)
    rdates: list[Instant] = Field(default_factory=list, max_length=500)
    exdates: list[Instant] = Field(default_factory=list, max_length=500)
    source: CalendarSource = "manual"
    external_id: Annotated[str | None, Field(max_length=500)] = None
    calendar_id: Annotated[str | None, Field(max_length=500)] = None


class DayOff(Data):
    """Days off: a range of days on which nothing is expected."""

    first_date: date
    last_date: date
    reason: Literal["holiday", "vacation", "sick"] = "vacation"
