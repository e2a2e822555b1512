"""Response schemas of analytics. The meaning of each column is in docs/metrics.md."""

from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from operational_api.http.schema_base import Day, Input, Moment, Output

LONGEST_DAYS = 400
Granularity = Literal["day", "week", "month"]
ProductTable = Literal["app_activity", "retention", "funnel", "feature_usage", "uplift"]
AppTable = Literal["app_users_daily", "app_user_retention", "app_user_funnel", "app_user_features", "app_user_uplift"]
Row = dict[str, Any]


class Range(Input):
    """An inclusive range of local days. At most 400 days; defaults to the last thirty, and to the last year for cohorts and months."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)

    first: Day | None = Field(None, alias="from", examples=["2026-11-01"])
    last: Day | None = Field(None, alias="to", examples=["2026-11-20"])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first and self.last and not 0 <= (self.last - self.first).days < LONGEST_DAYS:
            raise ValueError(f"to should be on or after from, and at most {LONGEST_DAYS} days after it")
        return self


class ProductivityRange(Range):
    """Range and granularity."""

    granularity: Granularity = "day"


class ExplanationFilter(Input):
    """Which figure, of which local day, and as known when."""

    metric: str = Field(
        max_length=60, description="A column of the daily table, or `priority_score`.", examples=["focus_minutes"]
    )
    day: Day = Field(examples=["2026-11-20"])
    as_of: Moment | None = Field(None, description="A past moment. Defaults to now.")


class Query(Output):
    """A query that the figure is computed by."""

    name: str
    sql: str


class InputTable(Output):
    """The rows of a table that the figure is computed from."""

    table: str
    count: int = Field(description="All rows.")
    rows: list[Row] = Field(description="The first 200 of them.")


class Explanation(Output):
    """How a daily figure comes about, to be computed by hand."""

    metric: str
    label: str
    meaning: str
    day: date
    as_of: datetime
    result: Any = Field(description="Computed again from the events that were recorded by `as_of`.")
    published: Any = Field(description="As published by then. Null where that version of the table is not kept.")
    current: Any = Field(description="As published now.")
    queries: list[Query]
    inputs: list[InputTable]
    late: list[Row] = Field(description="Events of before `as_of` that were recorded after it.")


class Analysis(Output):
    """Published figures and their freshness."""

    as_of: datetime | None = Field(
        description="Moment the figures are computed as of. Null before the first publication."
    )
    published_at: datetime | None
    events: int | None = Field(description="Number of events that the figures are computed from.")
    is_fresh: bool = Field(description="Whether it was computed within the last two hours.")
    first: date = Field(alias="from")
    last: date = Field(alias="to")


class Productivity(Analysis):
    """Totals by day, week or month."""

    granularity: Granularity
    items: list[Row] = Field(description="One row per day, week or month, in order. Columns as in docs/metrics.md.")


class AppAnalysis(Analysis):
    """A table about the users of your app."""

    table: AppTable
    items: list[Row] = Field(description="Rows in order. Columns as in docs/metrics.md.")


class TaskAnalysis(Analysis):
    """Task statistics."""

    created: int = Field(description="Tasks created in the range, including those deleted since.")
    completed_of_created: int = Field(description="Of those, tasks completed by now.")
    completion_rate: float | None = Field(description="Their share.")
    completed: int = Field(description="Tasks completed in the range, whenever they were created.")
    open: int = Field(description="Tasks open on the last day of the range.")
    overdue: int = Field(description="Of those, tasks whose due date had passed.")
    completed_with_due: int = Field(description="Of the tasks completed in the range, those with a due date.")
    completed_on_time: int = Field(description="Of those, tasks completed by their due date.")
    on_time_rate: float | None = Field(description="Their share.")
    median_lead_hours: float | None = Field(description="Median from creation to completion.")
    median_cycle_hours: float | None = Field(description="Median from start to completion.")
    by_priority: list[Row] = Field(
        description="Created and completed in the range, open and overdue on its last day. Each adds up to the number of that name."
    )
    minutes_by_category: list[Row] = Field(
        description="Logged minutes by category of the task. Overlapping entries all count, so they may be more than `focus_minutes` of the days."
    )
    estimate_accuracy: list[Row] = Field(
        description="Actual against estimated duration by category. `*` is all categories."
    )


class GoalAnalysis(Analysis):
    """Goal statistics."""

    completed: int = Field(description="Goals completed in the range.")
    completion_rate: float | None = Field(
        description="Share of the goals active in the range that were completed by its end."
    )
    median_days_to_complete: int | None = Field(
        description="Median days to completion over all goals (Kaplan-Meier: open goals count as censored). Null while fewer than half"
        " are completed."
    )
    goals: list[Row] = Field(
        description="Latest state of each goal in the range: `goal_progress` in docs/metrics.md, with its completion forecast:"
        " `forecast_p10`, `forecast_p50` (also as `forecast_date`) and `forecast_p90`, and `probability_on_time`."
    )


class HabitAnalysis(Analysis):
    """Get habit strength, streaks and completion by day."""

    scheduled: int
    completed: int
    rate: float | None
    habits: list[Row] = Field(
        description="Current streak and strength of each habit: `habit_streaks` in docs/metrics.md."
    )
    items: list[Row] = Field(description="Habits due and done, one row per day.")


class CalendarAnalysis(Analysis):
    """Calendar statistics."""

    busy_minutes: float
    meetings: int
    conflicts: int
    by_hour: list[Row] = Field(description="Busy minutes by hour of the day.")
    by_weekday: list[Row] = Field(description="Busy minutes by weekday, Monday = 0.")


class Achievement(Output):
    """Something to reach."""

    name: str
    title: str = Field(examples=["100 tasks completed"])
    threshold: int
    points: int
    value: float = Field(description="How much there is so far.")
    progress: float = Field(ge=0, le=1)
    earned_on: date | None


class Achievements(Output):
    """Achievements by what they count, the nearest threshold first."""

    points: int = Field(description="The points of what is earned.")
    items: list[Achievement]


class Product(Analysis):
    """A table over all users."""

    table: ProductTable
    min_group_size: int = Field(
        description="Cohorts, months and feature names with fewer users than this are withheld."
    )
    withheld: int = Field(description="Number of rows withheld.")
    items: list[Row] = Field(description="Rows in order, at most 5000. Columns as in docs/metrics.md.")
