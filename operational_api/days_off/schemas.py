"""Request and response schemas of days off."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from operational_api.http.schema_base import Day, Input, Output, Whole

Reason = Literal["holiday", "vacation", "sick"]
LONGEST_DAYS = 366


class NewDaysOff(Input):
    """An inclusive range of local days to take off."""

    first_date: Day = Field(examples=["2026-12-24"])
    last_date: Day = Field(examples=["2026-12-31"])
    reason: Reason = "vacation"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_date < self.first_date:
            raise ValueError("last_date should not be before first_date")
        if (self.last_date - self.first_date).days >= LONGEST_DAYS:
            raise ValueError(f"should be at most {LONGEST_DAYS} days")
        return self


class DaysOff(Output):
    """Days off. They have no score, break no streak and get no reminders."""

    id: UUID
    first_date: date
    last_date: date
    reason: Reason
    created_at: datetime
    updated_at: datetime
    version: int


class DaysOffFilter(Input):
    """Filters of a list of days off."""

    since: Day | None = Field(None, description="Ranges that end on this day or later.")
    until: Day | None = Field(None, description="Ranges that start on this day or earlier.")
    limit: Annotated[Whole, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None


class DaysOffPage(Output):
    """A page of days off, latest start first."""

    items: list[DaysOff]
    next_cursor: str | None
