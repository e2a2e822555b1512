"""The shapes of notifications."""

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
    """Something to be reminded of."""

    type: Reminder = "task_reminder"
    title: Title = Field(examples=["Call the bank"])
    body: LongText | None = None
    scheduled_at: Moment = Field(description="When to tell.", examples=["2026-12-01T08:00:00Z"])
    task_id: UUID | None = Field(None, description="The task it is about.")
    goal_id: UUID | None = Field(None, description="The goal it is about.")


class ReminderChange(Input):
    """What to change; what is left out stays, what is null is emptied."""

    title: Title | None = None
    body: LongText | None = None
    scheduled_at: Moment | None = Field(None, description="When to tell instead.", examples=["2026-12-02T08:00:00Z"])


class Notification(Output):
    """Something you are told."""

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
    """Which notifications."""

    unread: bool = Field(False, description="Only those that have not been read.")
    upcoming: bool = Field(False, description="Those whose time has not come, instead of those whose has.")
    type: Type | None = None
    limit: Annotated[Whole, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None


class NotificationPage(Output):
    """Notifications, the newest first."""

    items: list[Notification]
    next_cursor: str | None


class Read(Output):
    """What became of reading all."""

    read: int = Field(description="So many had not been read.")
