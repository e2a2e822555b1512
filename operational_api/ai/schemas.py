"""Request and response schemas of plans, suggestions and insights."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from operational_api.calendar.schemas import Event
from operational_api.http.schema_base import Clock, Day, Input, Output, Whole

Tasks = Annotated[list[UUID], Field(max_length=100)]


class Evidence(Output):
    """A figure that supports a sentence."""

    metric: str
    value: float


class Remark(Output):
    """A sentence and the figures that support it."""

    text: str
    evidence: list[Evidence]


class Worded(Output):
    """A text and its generator. Each number in it is one of the figures."""

    headline: str
    observations: list[Remark]
    suggestions: list[Remark]
    written_by: Literal["service", "local"]
    reason: str | None = Field(description="Why the local generator wrote it, if an AI service is configured.")


class Insights(Worded):
    """Insights of a period."""

    first_day: date
    last_day: date
    as_of: datetime = Field(description="Moment of the newest figure.")


class Analysis(Insights):
    """Insights of a range with all its figures."""

    figures: dict[str, float] = Field(
        description="By name. `_before` is the period before; `_usual_low` and `_usual_high` bound your usual range."
    )
    compared_with_usual: dict[str, str]


class Week(Input):
    """The week of the insights."""

    week: Day | None = Field(None, description="A day of the week. Defaults to the last full week.")


class Times(Input):
    """The range of the analysis."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)

    first: Day = Field(alias="from", examples=["2026-11-01"])
    last: Day = Field(alias="to", examples=["2026-11-15"])


class NewPlan(Input):
    """Day to plan, and its working hours."""

    day: Day | None = Field(None, description="Defaults to today.")
    day_start: Clock | None = Field(
        None,
        description="Start of work, local time. Defaults to your preferences.",
        examples=["09:00"],
    )
    day_end: Clock | None = Field(None, description="Until when.", examples=["17:00"])
    order: Tasks = Field([], description="Ids of tasks to plan first, in this order.")
    without: Tasks = Field([], description="Ids of tasks to leave out.")


class Block(Output):
    """A block of a plan."""

    task_id: UUID
    title: str
    start_at: datetime
    end_at: datetime
    is_late: bool = Field(
        description="Whether the block ends after its task is due, although it could be done in time."
    )
    reason: str | None = Field(description="Why it stands here.", examples=["due today"])
    minutes_left: int = Field(description="Minutes of the task that found no place after this block.")


class LeftOut(Output):
    """A task that does not fit."""

    task_id: UUID
    title: str
    minutes: int = Field(description="Minutes that it needs.")


class DailyPlan(Worded):
    """A day plan around your appointments."""

    id: UUID
    day: date
    blocks: list[Block] = Field(description="In order. No block overlaps another or a busy appointment.")
    left_out: list[LeftOut] = Field(description="Highest score first.")
    free_minutes: int
    planned_minutes: int


class KeptBlock(Block):
    """A block of a plan as its task is now."""

    is_done: bool = Field(description="Whether its task has been completed since.")


class KeptPlan(Output):
    """A plan made earlier."""

    id: UUID
    day: date
    blocks: list[KeptBlock] = Field(description="In order. Blocks of deleted tasks are left out.")
    left_out: list[LeftOut]
    without: list[UUID] = Field(description="Ids of the tasks that were left out on request.")
    is_accepted: bool
    created_at: datetime


class CurrentPlan(Output):
    """The newest plan of a day, if any."""

    plan: KeptPlan | None


class PlanDay(Input):
    """The day of a plan."""

    day: Day | None = Field(None, description="Defaults to today.")


class NoRoom(Output):
    """A block that conflicts with a newer appointment."""

    task_id: UUID
    title: str
    start_at: datetime
    end_at: datetime


class Accepted(Output):
    """Result of accepting a plan."""

    items: list[Event]
    replaced: UUID | None = Field(description="The plan that was accepted before. Accept it again to undo this.")
    no_room: list[NoRoom] = Field(
        description="Blocks left out because of newer appointments. Plan the day again to place them."
    )


class Suggestion(Output):
    """A suggested task."""

    title: str
    goal_id: UUID
    milestone_id: UUID | None
    minutes: int | None
    why: str


class Suggestions(Output):
    """Suggested tasks for your goals. At most ten."""

    items: list[Suggestion]


class Minutes(Input):
    """Available time."""

    minutes: Annotated[Whole, Field(ge=5, le=480)] = 30


class Smart(Output):
    """A suggestion for now."""

    task_id: UUID
    title: str
    minutes: int = Field(description="Suggested minutes. Less than the task needs if it does not fit completely.")
    is_whole: bool
    is_guess: bool = Field(description="Whether half an hour is assumed because the task has no estimate.")
    score: float
    reasons: list[dict[str, Any]]


class Now(Output):
    """The suggestion for now, if any."""

    suggestion: Smart | None


class Spent(Output):
    """Totals of requests to the AI service."""

    calls: int
    tokens_in: int
    tokens_out: int
    cost: float = Field(description="In US dollars, by the configured prices.")


class SpentOn(Spent):
    """Totals by kind, model and outcome."""

    kind: str
    model: str
    status: Literal["written", "rejected", "failed"]
    mean_latency_ms: int


class Usage(Output):
    """Your AI usage and remaining quota."""

    model: str | None = Field(description="The configured model. Null if only the local generator is used.")
    last_24_hours: Spent
    last_30_days: Spent
    tokens_limit: int = Field(description="Quota per 24 hours. Beyond it the local generator writes.")
    tokens_left: int
    by_model: list[SpentOn] = Field(description="Usage of the last 30 days.")
