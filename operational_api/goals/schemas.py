"""The shapes of goals and milestones."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from focusflow.contracts.fields import GoalStatus
from operational_api.http.schema_base import Day, Input, LongText, Output, Title, Whole

Horizon = Literal["goal", "vision"]
Measurement = Literal["percent", "number", "milestones"]
Amount = Annotated[float, Field(strict=True, ge=-1e12, le=1e12, allow_inf_nan=False)]
WeeklyMinutes = Annotated[Whole, Field(ge=0, le=10_080)]
Place = Annotated[Whole, Field(ge=0, le=10_000)]


class GoalFields(Input):
    """What a client may say of a goal."""

    description: LongText | None = None
    category_id: UUID | None = None
    start_date: Day | None = None
    target_date: Day | None = Field(None, description="By when.", examples=["2027-06-30"])
    target_value: Annotated[float, Field(strict=True, gt=0, le=1e12, allow_inf_nan=False)] | None = Field(
        None, description="For `number`: what to reach.", examples=[12]
    )
    weekly_minutes: WeeklyMinutes | None = Field(None, description="Time meant for it each week.")


class NewGoal(GoalFields):
    """A goal to add."""

    title: Title = Field(examples=["Read twelve books"])
    horizon: Horizon = "goal"
    measurement: Measurement = Field("percent", description="How its progress is told.", examples=["number"])

    @model_validator(mode="after")
    def _measured(self) -> Self:
        if (self.measurement == "number") != (self.target_value is not None):
            raise ValueError("give target_value with the measurement number, and with no other")
        if self.start_date and self.target_date and self.target_date < self.start_date:
            raise ValueError("target_date should not lie before start_date")
        return self


class GoalChange(GoalFields):
    """What to change; what is left out stays, what is null is emptied."""

    title: Title | None = None
    horizon: Horizon | None = None


class NewProgress(Input):
    """How far it is."""

    value: Amount = Field(description="Percent from 0 to 100, or the number reached so far.", examples=[4])


class Goal(Output):
    """A goal as it stands."""

    id: UUID
    title: str
    description: str | None
    category_id: UUID | None
    horizon: Horizon
    start_date: date | None
    target_date: date | None
    measurement: Measurement
    target_value: float | None
    current_value: float
    progress: float = Field(description="0 to 100, however it is measured.")
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
    """Goals, the newest first."""

    items: list[Goal]
    next_cursor: str | None


class Progress(Output):
    """Where a goal stood at a moment."""

    id: UUID
    recorded_at: datetime
    value: float
    progress: float


class ProgressPage(Output):
    """How a goal came along, the newest first."""

    items: list[Progress]
    next_cursor: str | None


class ProgressFilter(Input):
    """Which part of the history."""

    limit: Annotated[Whole, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None


class NewMilestone(Input):
    """A step to add."""

    title: Title = Field(examples=["First chapter"])
    target_date: Day | None = None
    order_index: Place | None = Field(None, description="Its place among the others; the last, if left out.")


class MilestoneChange(Input):
    """What to change; what is left out stays, what is null is emptied."""

    title: Title | None = None
    target_date: Day | None = Field(None, examples=["2027-03-31"])
    order_index: Place | None = None


class Milestone(Output):
    """A step on the way to a goal."""

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
    """The steps of a goal, in their order."""

    items: list[Milestone]
