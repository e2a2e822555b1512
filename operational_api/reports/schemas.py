"""The shapes of reports."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from operational_api.http.pagination import Cursor
from operational_api.http.schema_base import Day, Input, Output, Whole
from reports.periods.content import Section

LONGEST_DAYS = 366

Kind = Literal["weekly", "monthly"]
Format = Literal["json", "html", "text", "pdf"]


class ReportFilter(Input):
    """Which of your reports."""

    kind: Kind | None = None
    limit: Annotated[Whole, Field(ge=1, le=200)] = 50
    cursor: Cursor | None = None


class ReportEntry(Output):
    """A report that you were due, and what became of its mail."""

    id: UUID
    kind: Kind
    period: str = Field(description="Like 2026-W47 or 2026-11.", examples=["2026-W47"])
    first_day: date
    last_day: date
    status: Literal["due", "sending", "sent", "failed", "unknown", "skipped"]
    reason: str | None = Field(description="Why it was not sent, or not yet.")
    sent_at: datetime | None
    created_at: datetime
    is_made: bool = Field(description="Whether there is something to read.")


class ReportPage(Output):
    """Your reports, the newest first."""

    items: list[ReportEntry]
    next_cursor: str | None


class Wanted(Input):
    """In which form."""

    format: Format = "json"


class Preview(Wanted):
    """Which report that is to come, and in which form."""

    kind: Kind = "weekly"


class NewReport(Input):
    """Any days in a report."""

    first_day: Day = Field(examples=["2026-11-01"])
    last_day: Day = Field(examples=["2026-11-15"])
    sections: Annotated[list[Section], Field(max_length=20)] | None = Field(
        None, description="Only these parts, in the order of every report. All where nothing is said."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= (self.last_day - self.first_day).days < LONGEST_DAYS:
            raise ValueError(
                f"last_day should lie on or after first_day, and at most {LONGEST_DAYS} days make a report"
            )
        return self
