"""Request and response schemas of reports."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from operational_api.http.pagination import Cursor
from operational_api.http.schema_base import Day, Input, Moment, Output, Whole
from reports.periods.content import Section

LONGEST_DAYS = 366

Kind = Literal["weekly", "monthly"]
Format = Literal["json", "html", "text", "pdf"]


class ReportFilter(Input):
    """Filters of a report list."""

    kind: Kind | None = None
    limit: Annotated[Whole, Field(ge=1, le=200)] = 50
    cursor: Cursor | None = None


class ReportEntry(Output):
    """A scheduled report and the delivery status of its email."""

    id: UUID
    kind: Kind
    period: str = Field(description="For example 2026-W47 or 2026-11.", examples=["2026-W47"])
    first_day: date
    last_day: date
    status: Literal["due", "sending", "sent", "failed", "unknown", "skipped"]
    reason: str | None = Field(description="Why it was not sent, or not sent yet.")
    sent_at: datetime | None
    created_at: datetime
    is_made: bool = Field(description="Whether the report has content.")


class ReportPage(Output):
    """A page of reports, newest first."""

    items: list[ReportEntry]
    next_cursor: str | None


class Wanted(Input):
    """Format of a report."""

    format: Format = "json"


class Preview(Wanted):
    """Kind and format of a preview."""

    kind: Kind = "weekly"
    as_of: Moment | None = Field(
        None,
        description="A past moment: the report of the last whole period, with its corrections, as it was known then.",
    )


class NewReport(Input):
    """A custom range and its sections."""

    first_day: Day = Field(examples=["2026-11-01"])
    last_day: Day = Field(examples=["2026-11-15"])
    as_of: Moment | None = Field(None, description="A past moment: the report is what was known then. Defaults to now.")
    sections: Annotated[list[Section], Field(max_length=20)] | None = Field(
        None, description="Only these sections, in the usual order. Defaults to all."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= (self.last_day - self.first_day).days < LONGEST_DAYS:
            raise ValueError(
                f"last_day should be on or after first_day, and a report covers at most {LONGEST_DAYS} days"
            )
        return self
