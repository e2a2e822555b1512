"""Request and response schemas of notifications."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from focusflow.notification_kinds import KINDS, Channel
from operational_api.http.schema_base import Input, LongText, Moment, Output, Title, Whole
from operational_api.preferences.schemas import Type

if TYPE_CHECKING:
    Reminder = str
else:  # a type checker cannot read the folder of kinds
    Reminder = Literal[tuple(name for name, kind in KINDS.items() if kind.can_users_create)]


class NewReminder(Input):
    """A new reminder."""

    type: Reminder = "task_reminder"
    title: Title = Field(examples=["Call the bank"])
    body: LongText | None = None
    scheduled_at: Moment = Field(description="When to tell.", examples=["2026-12-01T08:00:00Z"])
    task_id: UUID | None = Field(None, description="Task that the reminder is about.")
    goal_id: UUID | None = Field(None, description="Goal that the reminder is about.")


class ReminderChange(Input):
    """Fields to change. Omitted fields stay as they are; null clears a field."""

    title: Title | None = None
    body: LongText | None = None
    scheduled_at: Moment | None = Field(None, description="New delivery time.", examples=["2026-12-02T08:00:00Z"])


class Notification(Output):
    """A notification."""

    id: UUID
    type: Type
    title: str
    body: str | None
    data: dict[str, Any]
    channels: list[Channel]
    scheduled_at: datetime
    sent_at: datetime | None
    read_at: datetime | None
    status: Literal["scheduled", "sent", "failed", "cancelled"]
    created_at: datetime
    version: int


class NotificationFilter(Input):
    """Filters of a notification list."""

    unread: bool = Field(False, description="Only unread notifications.")
    upcoming: bool = Field(False, description="List upcoming reminders instead of delivered notifications.")
    type: Type | None = None
    limit: Annotated[Whole, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None


class NotificationPage(Output):
    """A page of notifications, newest first."""

    items: list[Notification]
    next_cursor: str | None


class Read(Output):
    """Result of marking all as read."""

    read: int = Field(description="Number of notifications that were unread.")
