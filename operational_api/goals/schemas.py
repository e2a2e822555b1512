"""Request and response schemas of goals and milestones."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from focusflow.contracts.fields import GoalStatus
from operational_api.http.schema_base import Day, Input, Label, LongText, Output, Title, Whole

Horizon = Literal["goal", "vision"]
Measurement = Literal["percent", "number", "milestones"]
Amount = Annotated[float, Field(strict=True, ge=-1e12, le=1e12, allow_inf_nan=False)]
WeeklyMinutes = Annotated[Whole, Field(ge=0, le=10_080)]
Place = Annotated[Whole, Field(ge=0, le=10_000)]


class GoalFields(Input):
    """Fields of a goal that a client may set."""

    description: LongText | None = None
    category_id: UUID | None = None
    start_date: Day | None = None
    target_date: Day | None = Field(None, description="By when.", examples=["2027-06-30"])
    target_value: Annotated[float, Field(strict=True, gt=0, le=1e12, allow_inf_nan=False)] | None = Field(
        None, description="Target for the measurement `number`.", examples=[12]
    )
    unit: Label | None = Field(None, description="What the measurement `number` counts.", examples=["books"])
    weekly_minutes: WeeklyMinutes | None = Field(None, description="Minutes planned for it per week.")


class NewGoal(GoalFields):
    """A new goal."""

    title: Title = Field(examples=["Read twelve books"])
    horizon: Horizon = "goal"
    measurement: Measurement = Field("percent", description="How progress is measured.", examples=["number"])

    @model_validator(mode="after")
    def _measured(self) -> Self:
        if (self.measurement == "number") != (self.target_value is not None):
            raise ValueError("send target_value with the measurement number only")
        if self.start_date and self.target_date and self.target_date < self.start_date:
            raise ValueError("target_date should not be before start_date")
        return self


class GoalChange(GoalFields):
    """Fields to change. Omitted fields stay as they are; null clears a field."""

    title: Title | None = None
    horizon: Horizon | None = None


class NewProgress(Input):
    """Progress toward a goal."""

    value: Amount = Field(description="Percent from 0 to 100, or the number reached so far.", examples=[4])


class Goal(Output):
    """A goal."""

    id: UUID
    title: str
    description: str | None
    category_id: UUID | None
    horizon: Horizon
    start_date: date | None
    target_date: date | None
    measurement: Measurement
    target_value: float | None
    unit: str | None
    current_value: float
    progress: float = Field(description="Percent from 0 to 100 for every kind of measurement.")
    status: GoalStatus
    weekly_minutes: int | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class GoalFilter(Input):
    """Which goals."""

    status: GoalStatus | None = None
    horizon: Horizon | None = None
    category_id: UUID | None = None
    limit: Annotated[Whole, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None


class GoalPage(Output):
    """A page of goals, newest first."""

    items: list[Goal]
    next_cursor: str | None


class Progress(Output):
    """Progress of a goal at a moment."""

    id: UUID
    recorded_at: datetime
    value: float
    progress: float


class ProgressPage(Output):
    """Progress history of a goal, newest first."""

    items: list[Progress]
    next_cursor: str | None


class ProgressFilter(Input):
    """Range of the progress history."""

    limit: Annotated[Whole, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None


class NewMilestone(Input):
    """A new milestone."""

    title: Title = Field(examples=["First chapter"])
    target_date: Day | None = None
    order_index: Place | None = Field(None, description="Position among the milestones. Defaults to the end.")


class MilestoneChange(Input):
    """Fields to change. Omitted fields stay as they are; null clears a field."""

    title: Title | None = None
    target_date: Day | None = Field(None, examples=["2027-03-31"])
    order_index: Place | None = None


class Milestone(Output):
    """A milestone of a goal."""

    id: UUID
    goal_id: UUID
    title: str
    order_index: int
    target_date: date | None
    status: Literal["pending", "completed", "skipped"]
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class Milestones(Output):
    """Milestones of a goal, in order."""

    items: list[Milestone]
