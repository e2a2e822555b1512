"""Response schemas of the calendar feed."""

from datetime import datetime

from pydantic import Field

from operational_api.http.schema_base import Output


class Feed(Output):
    """Whether you have a feed."""

    created_at: datetime | None = Field(description="Since when its address works; null if you have none.")


class NewFeed(Output):
    """The address of your feed. It is shown this once."""

    url: str = Field(examples=["https://focusflow.example.com/api/v1/calendar/feed/….ics"])
    created_at: datetime
