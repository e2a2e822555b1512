"""The shapes of plans, suggestions and insights."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from operational_api.calendar.schemas import Event
from operational_api.http.schema_base import Clock, Day, Input, Output, Whole


class Evidence(Output):
    """A figure that a sentence rests on."""

    metric: str
    value: float


class Remark(Output):
    """A sentence, and what it rests on."""

    text: str
    evidence: list[Evidence]


class Worded(Output):
    """Words, and who wrote them. Each number in them is one of the figures."""

    headline: str
    observations: list[Remark]
    suggestions: list[Remark]
    written_by: Literal["service", "local"]
    reason: str | None = Field(description="Why it was not the service, where one is set.")


class Insights(Worded):
    """What stands out in a time."""

    first_day: date
    last_day: date
    as_of: datetime = Field(description="No figure is newer.")


class Analysis(Insights):
    """The same, with the figures."""

    figures: dict[str, float] = Field(
        description="By name; `_before` is of the time before, `_usual_low` and `_high` of your usual range."
    )
    compared_with_usual: dict[str, str]


class Week(Input):
    """Which week."""

    week: Day | None = Field(None, description="The week around this day. The last whole one, if left out.")


class Times(Input):
    """Which days."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)

    first: Day = Field(alias="from", examples=["2026-11-01"])
    last: Day = Field(alias="to", examples=["2026-11-15"])


class NewPlan(Input):
    """Which day to plan, and when you work on it."""

    day: Day | None = Field(None, description="Today, if left out.")
    day_start: Clock | None = Field(
        None,
        description="From when you work, on your own clock; as your preferences say, if left out.",
        examples=["09:00"],
    )
    day_end: Clock | None = Field(None, description="Until when.", examples=["17:00"])


class Block(Output):
    """A stretch of the day for a task."""

    task_id: UUID
    title: str
    start_at: datetime
    end_at: datetime
    is_late: bool = Field(description="Whether it ends after the task was due.")


class LeftOut(Output):
    """A task for which there is no time, or not enough."""

    task_id: UUID
    title: str
    minutes: int = Field(description="So many found no place.")


class DailyPlan(Worded):
    """A plan that fits around your appointments."""

    id: UUID
    day: date
    blocks: list[Block] = Field(description="In order; none overlaps another, or a busy appointment.")
    left_out: list[LeftOut] = Field(description="The most pressing first.")
    free_minutes: int
    planned_minutes: int


class NoRoom(Output):
    """A stretch of the plan in whose place an appointment has come."""

    task_id: UUID
    title: str
    start_at: datetime
    end_at: datetime


class Accepted(Output):
    """What the plan became in your calendar."""

    items: list[Event]
    no_room: list[NoRoom] = Field(description="Left out, for an appointment has come there since. Plan the day anew.")


class Suggestion(Output):
    """A task that you could write down."""

    title: str
    goal_id: UUID
    milestone_id: UUID | None
    minutes: int | None
    why: str


class Suggestions(Output):
    """Tasks that would lead to your goals; ten at most."""

    items: list[Suggestion]


class Minutes(Input):
    """How long you have."""

    minutes: Annotated[Whole, Field(ge=5, le=480)] = 30


class Smart(Output):
    """What to do now."""

    task_id: UUID
    title: str
    minutes: int = Field(description="For so long; less than it needs where it does not fit whole.")
    is_whole: bool
    is_guess: bool = Field(description="Whether it has no estimate, and half an hour is taken for it.")
    score: float
    reasons: list[dict[str, Any]]


class Now(Output):
    """The one thing for the time at hand, if there is one."""

    suggestion: Smart | None


class Spent(Output):
    """What calls to the service came to."""

    calls: int
    tokens_in: int
    tokens_out: int
    cost: float = Field(description="In US dollars, by the table of prices in the settings.")


class SpentOn(Spent):
    """The same for one kind, model and outcome."""

    kind: str
    model: str
    status: Literal["written", "rejected", "failed"]
    mean_latency_ms: int


class Usage(Output):
    """What your words cost, and what is left."""

    model: str | None = Field(description="The model that is asked; null where all is written on this machine.")
    last_24_hours: Spent
    last_30_days: Spent
    tokens_limit: int = Field(description="In 24 hours. Beyond it the local writer writes.")
    tokens_left: int
    by_model: list[SpentOn] = Field(description="Of the last 30 days.")
