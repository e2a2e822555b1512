"""Request and response schemas of time entries."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from operational_api.http.schema_base import Day, Input, LongText, Moment, Output, Whole

Kind = Literal["focus", "pomodoro", "manual"]


class NewTimer(Input):
    """A new timer."""

    task_id: UUID | None = Field(None, description="What it is for.")
    kind: Literal["focus", "pomodoro"] = Field("focus", examples=["pomodoro"])
    note: LongText | None = Field(None, examples=["The introduction"])


class NewEntry(Input):
    """A new time entry."""

    started_at: Moment = Field(examples=["2026-11-20T08:00:00Z"])
    ended_at: Moment = Field(examples=["2026-11-20T09:30:00Z"])
    task_id: UUID | None = None
    kind: Kind = "manual"
    note: LongText | None = None


class EntryChange(Input):
    """Fields to change. Omitted fields stay as they are; null clears a field."""

    started_at: Moment | None = None
    ended_at: Moment | None = None
    task_id: UUID | None = None
    kind: Kind | None = None
    note: LongText | None = Field(None, examples=["The introduction, and half of the next chapter"])


class Entry(Output):
    """A time entry."""

    id: UUID
    task_id: UUID | None
    kind: Kind
    started_at: datetime
    ended_at: datetime | None = Field(description="Null while the timer is running.")
    note: str | None
    created_at: datetime
    updated_at: datetime
    version: int


class Running(Output):
    """The running timer, if any."""

    running: Entry | None


class EntryFilter(Input):
    """Which time."""

    since: Day | None = Field(None, description="First local day.")
    until: Day | None = Field(None, description="Last local day, inclusive.")
    task_id: UUID | None = None
    kind: Kind | None = None
    limit: Annotated[Whole, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None


class EntryPage(Output):
    """A page of time entries, latest start first."""

    items: list[Entry]
    next_cursor: str | None
