"""Request and response schemas of calendar connections."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints

from operational_api.http.schema_base import WRITABLE, Flag, Input, Output

Name = Annotated[str, StringConstraints(min_length=1, max_length=100), WRITABLE]
Address = Annotated[str, StringConstraints(min_length=8, max_length=2000), WRITABLE]
Username = Annotated[str, StringConstraints(min_length=1, max_length=200), WRITABLE]
CalendarId = Annotated[str, StringConstraints(min_length=1, max_length=2000), WRITABLE]


class Login(Input):
    """How the server is asked."""

    username: Username | None = Field(None, examples=["ada"])
    password: Annotated[SecretStr, Field(max_length=1000)] | None = Field(
        None, description="Stored encrypted, and never returned. Use an app password if the server has them."
    )


class NewConnection(Login):
    """A calendar to connect."""

    kind: Literal["ics", "caldav"] = Field(
        examples=["ics"],
        description="`ics` subscribes to a published calendar. `caldav` keeps the calendars of an account in step, in both directions.",
    )
    url: Address = Field(
        description="The address of the calendar, or that of the CalDAV server. `webcal://` means `https://`.",
        examples=["https://calendar.example.com/team.ics"],
    )
    name: Name | None = Field(
        None, description="What you call it. Defaults to the host of the address.", examples=["Team"]
    )


class ConnectionChange(Login):
    """Fields to change. Omitted fields stay as they are."""

    name: Name | None = None
    is_paused: Flag | None = None
    selected: Annotated[list[CalendarId], Field(max_length=100)] | None = Field(
        None, description="Ids of the calendars of an account that are read. Null reads all of them."
    )
    own_calendar: CalendarId | None = Field(
        None, description="Id of the calendar that gets the appointments which you add here. Null keeps them here."
    )
    plan_calendar: CalendarId | None = Field(
        None,
        description="Id of the calendar that gets accepted plans. It is for plans only: what others write there is not read.",
    )


class Counts(Output):
    """What the last synchronization did, in appointments."""

    events: int = Field(description="Appointments of the calendars.")
    added: int
    changed: int
    removed: int
    sent: int = Field(description="Changes that were written to the server.")
    conflicts: int = Field(description="Appointments that both sides had changed.")


class Finding(Output):
    """Something that was skipped, or read without one of its values."""

    place: str = Field(examples=["line 12"])
    reason: str
    outcome: Literal["skipped", "changed"]


class RemoteCalendar(Output):
    """A calendar of an account."""

    id: str
    name: str
    is_read_only: bool


class Connection(Output):
    """A connected calendar, and how it is."""

    id: UUID
    kind: Literal["ics", "caldav", "google", "outlook"]
    name: str
    host: str
    status: Literal["waiting", "ok", "failing", "paused"] = Field(
        description="`waiting` until the first synchronization, `failing` if the last one failed."
    )
    problem: str | None = Field(description="Why the last synchronization failed.")
    last_attempt_at: datetime | None
    last_synced_at: datetime | None = Field(description="The last synchronization that succeeded.")
    next_sync_at: datetime | None = Field(description="Null while paused.")
    counts: Counts
    findings: list[Finding] = Field(description="What the last reading skipped or changed, the first 100.")
    findings_count: int
    calendars: list[RemoteCalendar] = Field(
        description="The calendars of the account, once it was synchronized. A subscription has none."
    )
    selected: list[str] | None
    own_calendar: str | None
    plan_calendar: str | None
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        counts = {name: row["counts"].get(name, 0) for name in Counts.model_fields}
        next_sync_at = None if row["is_paused"] else row["next_sync_at"]
        derived = {"status": _status(row), "counts": counts, "next_sync_at": next_sync_at}
        return cls.model_validate({name: row.get(name) for name in cls.model_fields} | derived)


def _status(row: Mapping[str, Any]) -> str:
    if row["is_paused"]:
        return "paused"
    if row["problem"] is not None:
        return "failing"
    return "waiting" if row["last_synced_at"] is None else "ok"


class Connections(Output):
    """Your connected calendars, the oldest first."""

    items: list[Connection]


class SyncConflict(Output):
    """A version of an appointment that lost against a later change on the other side."""

    id: UUID
    at: datetime
    event_id: UUID | None = Field(description="The appointment; null if it is gone.")
    title: str
    winner: Literal["here", "there"] = Field(description="Which side's version was kept.")
    lost: dict[str, Any] = Field(
        description="The fields that were replaced, as they were. Empty for a deletion that was not carried out."
    )


class SyncConflicts(Output):
    """The newest conflicts of a connection, at most 100."""

    items: list[SyncConflict]
