"""Request and response schemas of habits."""

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
    """Fields of a habit that a client may set."""

    end_date: Day | None = None
    reminder_time: Clock | None = Field(None, examples=["07:30"])


class NewHabit(HabitFields):
    """A new habit."""

    title: Title = Field(examples=["Stretch for ten minutes"])
    frequency: Frequency = Field(
        "daily", description="Daily, on selected weekdays, or a number of times per week.", examples=["weekdays"]
    )
    weekdays: Annotated[Weekdays, Field(max_length=7)] = Field(
        [], description="For `weekdays`: Monday = 0.", examples=[[0, 2, 4]]
    )
    times_per_week: Annotated[Whole, Field(ge=1, le=7)] | None = Field(None, description="For `weekly`.")
    start_date: Day | None = Field(None, description="Defaults to today.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        check_frequency(self.frequency, self.weekdays, self.times_per_week)
        return self


def check_frequency(frequency: str, weekdays: list[int], times_per_week: int | None) -> None:
    if (frequency == "weekdays") != bool(weekdays):
        raise ValueError("send weekdays with the frequency weekdays only")
    if (frequency == "weekly") != (times_per_week is not None):
        raise ValueError("send times_per_week with the frequency weekly only")


class HabitChange(HabitFields):
    """Fields to change. Omitted fields stay as they are; null clears a field."""

    title: Title | None = None
    frequency: Frequency | None = None
    weekdays: Annotated[Weekdays, Field(max_length=7)] | None = None
    times_per_week: Annotated[Whole, Field(ge=1, le=7)] | None = None
    start_date: Day | None = None
    archived: Flag | None = Field(None, description="True archives the habit, false reactivates it.")


class Habit(Output):
    """A habit."""

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
    """Filters of a habit list."""

    archived: bool = Field(False, description="List archived habits instead of active ones.")
    limit: Annotated[Whole, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None


class HabitPage(Output):
    """A page of habits, newest first."""

    items: list[Habit]
    next_cursor: str | None


class NewLog(Input):
    """An entry of a day: done, or skipped with a reason."""

    value: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] = Field(
        1, description="Amount, for habits that count one.", examples=[10]
    )
    mood: Annotated[Whole, Field(ge=1, le=5)] | None = Field(None, examples=[4])
    notes: LongText | None = None
    skipped: Flag = False
    skip_reason: LongText | None = Field(None, description="Why the day was skipped, for example “ill”.")

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.skipped != (self.skip_reason is not None):
            raise ValueError("send skip_reason with the status skipped only")
        return self


class Log(Output):
    """The entry of a day."""

    id: UUID
    habit_id: UUID
    local_date: date
    value: float
    mood: int | None
    notes: str | None
    skipped: bool
    skip_reason: str | None
    version: int


class HabitDay(Input):
    """A local day."""

    day: Day | None = Field(None, description="Defaults to today.")


class DueHabit(Output):
    """A habit on a day."""

    habit_id: UUID
    title: str
    status: Literal["done", "skipped", "open"]
    is_due: bool = Field(
        description="Whether the day counts, as in `habits_scheduled`. A habit with a number of times per week is due when it is done and on the last days that still allow that number."
    )
    times_per_week: int | None
    done_this_week: int


class DueHabits(Output):
    """The habits of a day, oldest first. At most 200."""

    items: list[DueHabit]


class LogFilter(Input):
    """Which days."""

    since: Day | None = None
    until: Day | None = None


class Logs(Output):
    """Logged days of a habit, latest first. At most 400."""

    items: list[Log]


class Streak(Output):
    """Streak and completion rate of a habit."""

    current: int = Field(
        description="Consecutive due days completed. Weeks, for a habit with a number of times per week."
    )
    longest: int
    total: int = Field(description="Number of days on which it was done.")
    last_done_on: date | None
    unit: Literal["days", "weeks"]
    rate_30_days: float | None = Field(description="Share of the due days of the last month that were completed.")
    ended_on: date | None = Field(description="Last day of the most recent finished streak.")
    ended_length: int | None = Field(description="Length of that streak.")
    ended_because: str | None = Field(description="Why that streak ended.", examples=["it was not done"])
    strength: float = Field(
        description="Habit strength from 0 to 1: s·m + done·(1−m) for each due day, m = 0.5^(√frequency/13), where done is averaged over"
        " two weeks unless the habit is daily. Days off and skipped days leave it unchanged."
    )
