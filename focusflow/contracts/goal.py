"""A goal with a measure and a pace, and its milestones."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from focusflow.contracts.fields import Data, GoalStatus, Instant, LongText, Name, Title


class Goal(Data):
    """A goal."""

    title: Title
    description: LongText | None = None
    category_id: UUID | None = None
    horizon: Literal["goal", "vision"] = "goal"
    start_date: date | None = None
    target_date: date | None = None
    measurement: Literal["percent", "number", "milestones"] = "percent"
    target_value: float | None = None
    unit: Name | None = None
    current_value: float = 0
    progress: Annotated[float, Field(ge=0, le=100)] = 0
    status: GoalStatus = "active"
    weekly_minutes: Annotated[int, Field(ge=0, le=10_080)] | None = None
    created_at: Instant
    completed_at: Instant | None = None


class Milestone(Data):
    """A milestone of a goal."""

    goal_id: UUID
    title: Title
    order_index: int = 0
    target_date: date | None = None
    status: Literal["pending", "completed", "skipped"] = "pending"
    completed_at: Instant | None = None
