"""A habit, and the days on which it was done."""

from datetime import date, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from focusflow.contracts.fields import Data, Instant, LongText, Title


class Habit(Data):
    """A habit."""

    title: Title
    frequency: Literal["daily", "weekdays", "weekly"] = "daily"
    weekdays: Annotated[
        list[int], Field(max_length=7, description="For `weekdays`: the days of the week, Monday = 0.")
    ] = []
    times_per_week: (
        Annotated[int, Field(ge=1, le=7, description="For `weekly`: the number of days per week.")] | None
    ) = None
    start_date: date
    end_date: date | None = None
    reminder_time: time | None = None
    created_at: Instant
    archived_at: Instant | None = None


class HabitLog(Data):
    """One day of a habit: completed, or skipped with a reason."""

    habit_id: UUID
    local_date: date
    value: float = 1
    mood: Annotated[int, Field(ge=1, le=5)] | None = None
    notes: LongText | None = None
    skipped: bool = False
    skip_reason: LongText | None = None
