"""Request and response schemas of tasks."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from focusflow.contracts.fields import Priority, TaskStatus
from operational_api.http.schema_base import (
    RECURRENCE,
    Day,
    Flag,
    Input,
    Label,
    LongText,
    Moment,
    Output,
    Text,
    Title,
    Whole,
    each_once,
)

Minutes = Annotated[Whole, Field(ge=1, le=100_000)]
#: Shorter than the column: a rule may have its time of day appended later.
Rule = Annotated[
    str,
    Field(max_length=460, description="An RFC 5545 recurrence rule.", examples=["FREQ=WEEKLY;BYDAY=TU"]),
    RECURRENCE,
]
Tags = Annotated[list[Label], Field(max_length=50), AfterValidator(each_once)]
Blockers = Annotated[list[UUID], Field(max_length=100), AfterValidator(each_once)]
Sort = Literal["created", "due", "priority", "score"]
SearchText = Annotated[Text, Field(min_length=1, max_length=200)]


class TaskFields(Input):
    """Fields of a task that a client may set."""

    description: LongText | None = None
    notes: LongText | None = None
    category_id: UUID | None = None
    due_at: Moment | None = Field(None, description="Due at a moment.")
    due_date: Day | None = Field(
        None, description="Due by the end of a local day. Alternative to `due_at`.", examples=["2026-12-01"]
    )
    start_at: Moment | None = Field(None, description="Hidden from scores and plans before this moment.")
    estimated_minutes: Minutes | None = Field(None, examples=[45])
    actual_minutes: Minutes | None = None
    parent_task_id: UUID | None = None
    goal_id: UUID | None = None
    recurrence: Rule | None = None


class NewTask(TaskFields):
    """A new task."""

    title: Title = Field(examples=["Write the quarterly report"])
    priority: Priority = "medium"
    tags: Tags = []
    blocked_by: Blockers = []
    pinned: Flag = False

    @model_validator(mode="after")
    def _one_due(self) -> Self:
        if self.due_at and self.due_date:
            raise ValueError("send due_at or due_date, not both")
        return self


class TaskChange(TaskFields):
    """Fields to change. Omitted fields stay as they are; null clears a field."""

    title: Title | None = None
    priority: Priority | None = Field(None, examples=["high"])
    status: Literal["pending", "in_progress", "cancelled"] | None = None
    tags: Tags | None = None
    blocked_by: Blockers | None = None
    pinned: Flag | None = None


class Task(Output):
    """A task."""

    id: UUID
    title: str
    description: str | None
    notes: str | None
    priority: Priority
    status: TaskStatus
    category_id: UUID | None
    tags: list[str]
    due_at: datetime | None
    due_date: date | None
    start_at: datetime | None
    estimated_minutes: int | None
    actual_minutes: int | None
    completed_at: datetime | None
    parent_task_id: UUID | None
    goal_id: UUID | None
    recurrence: str | None = Field(
        description="Its recurrence rule. If daylight saving skips the local time on a day, the rule carries hour, minute and second."
    )
    blocked_by: list[UUID]
    pinned: bool
    ai_generated: bool
    created_at: datetime
    updated_at: datetime
    version: int = Field(description="Increases with each change. Also the ETag.")


class TaskLine(Input):
    """A task in one line."""

    text: Annotated[Text, Field(min_length=1, max_length=1000)] = Field(
        examples=["report fri 30m !high #work every week"]
    )


class Understood(Output):
    """A part of the line that is not in the title."""

    field: Literal["priority", "tag", "category", "due", "time", "estimate", "recurrence"]
    text: str = Field(examples=["fri"])
    value: str = Field(examples=["2026-12-04"])
    otherwise: str = Field(description="The line in which this part stays in the title.")


class ParsedTask(Output):
    """What was understood. Send the fields that are not null to create the task."""

    title: str
    priority: Priority | None = None
    category_id: UUID | None = None
    tags: list[str] | None = None
    due_at: datetime | None = None
    due_date: date | None = None
    estimated_minutes: int | None = None
    recurrence: str | None = None
    understood: list[Understood]


class TaskPage(Output):
    """A page of tasks."""

    items: list[Task]
    next_cursor: str | None = Field(description="Pass as `cursor` to get the next page. Null on the last page.")


class TaskFilter(Input):
    """Filters and sort order of a task list."""

    status: TaskStatus | None = None
    priority: Priority | None = None
    category_id: UUID | None = None
    goal_id: UUID | None = None
    tag: Label | None = None
    open: bool | None = Field(None, description="Only pending tasks and tasks in progress.")
    q: SearchText | None = Field(None, description="Only tasks whose title, description or notes contain these words.")
    due_from: Day | None = None
    due_to: Day | None = None
    sort: Sort = Field(
        "created", description="`created`: newest first. `due`: earliest first. `priority`, `score`: highest first."
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=200)] | None = None


class Search(Input):
    """A search query."""

    q: SearchText = Field(
        description="Words to find. The last may be a prefix. Typos are tolerated.",
        examples=["quaterly rep"],
    )
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class TaskList(Output):
    """Some tasks."""

    items: list[Task]


class Some(Input):
    """Tasks of a bulk action."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=500)] = Field(
        examples=[["01930000-0000-7000-8000-000000000001", "01930000-0000-7000-8000-000000000002"]]
    )


class SomeChange(Some):
    """Tasks of a bulk update, and the patch for each of them."""

    changes: TaskChange
