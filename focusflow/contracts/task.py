"""A task: something to do, perhaps by a time."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from focusflow.contracts.fields import Data, Instant, LongText, Priority, Tag, TaskStatus, Title

Minutes = Annotated[int, Field(ge=1, le=100_000)]


class Task(Data):
    """A task."""

    title: Title
    description: LongText | None = None
    notes: LongText | None = None
    priority: Priority = "medium"
    status: TaskStatus = "pending"
    category_id: UUID | None = None
    tags: list[Tag] = Field(default_factory=list, max_length=50)
    due_at: Instant | None = None
    due_date: Annotated[
        date | None, Field(description="Due at the end of this local day; used instead of `due_at`.")
    ] = None
    start_at: Annotated[Instant | None, Field(description="Not to be started earlier.")] = None
    estimated_minutes: Minutes | None = None
    actual_minutes: Minutes | None = None
    completed_at: Instant | None = None
    parent_task_id: UUID | None = None
    goal_id: UUID | None = None
    recurrence: Annotated[str | None, Field(max_length=500, description="RFC 5545 RRULE.")] = None
    blocked_by: list[UUID] = Field(default_factory=list, max_length=100)
    pinned: bool = False
    ai_generated: bool = False
    created_at: Instant
    deleted_at: Instant | None = None
