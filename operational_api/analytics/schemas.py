"""The shapes of what the pipeline found out. What each column means stands in docs/metrics.md."""

from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from operational_api.http.schema_base import Day, Input, Output

LONGEST_DAYS = 400
Granularity = Literal["day", "week", "month"]
ProductTable = Literal["app_activity", "retention", "funnel", "feature_usage", "uplift"]
Row = dict[str, Any]


class Range(Input):
    """Local days, the first and the last included; 400 at most. The last thirty, if left out."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)

    first: Day | None = Field(None, alias="from", examples=["2026-11-01"])
    last: Day | None = Field(None, alias="to", examples=["2026-11-20"])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first and self.last and not 0 <= (self.last - self.first).days < LONGEST_DAYS:
            raise ValueError(f"to should not lie before from, nor more than {LONGEST_DAYS} days after it")
        return self


class ProductivityRange(Range):
    """Which days, and how they are told."""

    granularity: Granularity = "day"


class Analysis(Output):
    """What was found, and how fresh it is."""

    as_of: datetime | None = Field(
        description="As of which moment it was computed; null while nothing has been published yet."
    )
    published_at: datetime | None
    events: int | None = Field(description="The events it was made of.")
    is_fresh: bool = Field(description="Whether it was computed within the last two hours.")
    first: date = Field(alias="from")
    last: date = Field(alias="to")


class Productivity(Analysis):
    """Your days, weeks or months."""

    granularity: Granularity
    items: list[Row] = Field(description="A row a day, week or month, as in docs/metrics.md, in order.")


class TaskAnalysis(Analysis):
    """How your tasks go."""

    created: int = Field(description="Tasks created in the range.")
    completed_of_created: int = Field(description="Of those, the ones that are done by now.")
    completion_rate: float | None = Field(description="Their share.")
    completed: int = Field(description="Tasks done in the range, whenever they were created.")
    on_time_rate: float | None = Field(description="Of those with a due date, the share done by it.")
    median_lead_hours: float | None = Field(description="From creation to completion.")
    median_cycle_hours: float | None = Field(description="From begin to completion.")
    by_priority: list[Row] = Field(description="Created and completed in the range, open at its end.")
    minutes_by_category: list[Row]
    estimate_accuracy: list[Row] = Field(
        description="How long things take against their estimate; `*` is all categories."
    )


class GoalAnalysis(Analysis):
    """How your goals go."""

    completed: int = Field(description="Goals reached in the range.")
    completion_rate: float | None = Field(
        description="Of the goals that were active in the range, the share reached by its end."
    )
    median_days_to_complete: int | None = Field(
        description="After how many days half of all goals are reached, those not reached counted for as long as they were pursued;"
        " null while fewer than half are."
    )
    goals: list[Row] = Field(
        description="Each goal as it stood last in the range: `goal_progress` in docs/metrics.md, with when it is reached, as it goes:"
        " `forecast_p10`, `forecast_p50` (also as `forecast_date`) and `forecast_p90`, and `probability_on_time`."
    )


class HabitAnalysis(Analysis):
    """How your habits go."""

    scheduled: int
    completed: int
    rate: float | None
    habits: list[Row] = Field(description="How each habit holds now: `habit_streaks` in docs/metrics.md.")
    items: list[Row] = Field(description="Habits due and done, a row a day.")


class CalendarAnalysis(Analysis):
    """What your calendar holds."""

    busy_minutes: float
    meetings: int
    conflicts: int
    by_hour: list[Row] = Field(description="Busy minutes by hour of the day.")
    by_weekday: list[Row] = Field(description="Busy minutes by weekday, Monday = 0.")


class Product(Analysis):
    """A table about all people together."""

    table: ProductTable
    items: list[Row] = Field(description="Its rows, as in docs/metrics.md, in order; 5000 at most.")
