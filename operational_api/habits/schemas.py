"""The shapes of habits."""

from datetime import date, datetime, time
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from operational_api.http.schema_base import Clock, Day, Flag, Input, LongText, Output, Title, Whole

Frequency = Literal["daily", "weekdays", "weekly"]


def _each_once(days: list[int]) -> list[int]:
    return sorted(set(days))


Weekday = Annotated[Whole, Field(ge=0, le=6)]
Weekdays = Annotated[list[Weekday], AfterValidator(_each_once)]


class HabitFields(Input):
    """What a client may say of a habit."""

    end_date: Day | None = None
    reminder_time: Clock | None = Field(None, examples=["07:30"])


class NewHabit(HabitFields):
    """A habit to take up."""

    title: Title = Field(examples=["Stretch for ten minutes"])
    frequency: Frequency = Field(
        "daily", description="Every day, on some weekdays, or so many times a week.", examples=["weekdays"]
    )
    weekdays: Annotated[Weekdays, Field(max_length=7)] = Field(
        [], description="For `weekdays`: Monday = 0.", examples=[[0, 2, 4]]
    )
    times_per_week: Annotated[Whole, Field(ge=1, le=7)] | None = Field(None, description="For `weekly`.")
    start_date: Day | None = Field(None, description="Today, if left out.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        check_frequency(self.frequency, self.weekdays, self.times_per_week)
        return self


def check_frequency(frequency: str, weekdays: list[int], times_per_week: int | None) -> None:
    if (frequency == "weekdays") != bool(weekdays):
        raise ValueError("give weekdays with the frequency weekdays, and with no other")
    if (frequency == "weekly") != (times_per_week is not None):
        raise ValueError("give times_per_week with the frequency weekly, and with no other")


class HabitChange(HabitFields):
    """What to change; what is left out stays, what is null is emptied."""

    title: Title | None = None
    frequency: Frequency | None = None
    weekdays: Annotated[Weekdays, Field(max_length=7)] | None = None
    times_per_week: Annotated[Whole, Field(ge=1, le=7)] | None = None
    start_date: Day | None = None
    archived: Flag | None = Field(None, description="False takes an archived habit up again.")


class Habit(Output):
    """A habit as it stands."""

    id: UUID
    title: str
    frequency: Frequency
    weekdays: list[int]
    times_per_week: int | None
    start_date: date
    end_date: date | None
    reminder_time: time | None
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class HabitFilter(Input):
    """Which habits."""

    archived: bool = Field(False, description="Those that were archived, instead of the others.")
    limit: Annotated[Whole, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None


class HabitPage(Output):
    """Habits, the newest first."""

    items: list[Habit]
    next_cursor: str | None


class NewLog(Input):
    """A day of a habit: done, or skipped for a reason."""

    value: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] = Field(
        1, description="How much, if it is counted.", examples=[10]
    )
    mood: Annotated[Whole, Field(ge=1, le=5)] | None = Field(None, examples=[4])
    notes: LongText | None = None
    skipped: Flag = False
    skip_reason: LongText | None = Field(None, description="For a day that is skipped, like “ill”.")

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.skipped != (self.skip_reason is not None):
            raise ValueError("give skip_reason with skipped, and only then")
        return self


class Log(Output):
    """A day of a habit."""

    id: UUID
    habit_id: UUID
    local_date: date
    value: float
    mood: int | None
    notes: str | None
    skipped: bool
    skip_reason: str | None
    version: int


class LogFilter(Input):
    """Which days."""

    since: Day | None = None
    until: Day | None = None


class Logs(Output):
    """Days of a habit, the latest first; 400 at most."""

    items: list[Log]


class Streak(Output):
    """How a habit holds."""

    current: int = Field(description="Days in a row as they were due, or weeks for a habit of so many times a week.")
    longest: int
    total: int = Field(description="Days on which it was done.")
    last_done_on: date | None
    unit: Literal["days", "weeks"]
    rate_30_days: float | None = Field(description="Of the days of a month that it was due on, the share done.")
    ended_on: date | None = Field(description="When the last streak ended that did.")
    ended_length: int | None = Field(description="How long it was.")
    ended_because: str | None = Field(description="What ended it.", examples=["it was not done"])
    strength: float = Field(
        description="0 to 1: s·m + done·(1−m) with each day, m = 0.5^(√frequency/13), done in two of its weeks where it is not for"
        " every day; free days leave it as it is. A missed day costs little."
    )
