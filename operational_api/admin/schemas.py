"""Request and response schemas of administration."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from operational_api.http.schema_base import Flag, Input, Moment, Output, Text, Whole

RoleName = Literal["user", "analyst", "admin"]


class UserFilter(Input):
    """Filters of an account list."""

    q: Annotated[Text, Field(max_length=200)] | None = Field(None, description="Part of the name or email.")
    role: RoleName | None = None
    limit: Whole = Field(50, ge=1, le=200)
    cursor: Annotated[str, Field(max_length=500)] | None = None


class User(Output):
    """An account."""

    id: UUID
    email: str
    display_name: str
    timezone: str
    role: RoleName
    is_active: bool
    email_is_verified: bool
    created_at: datetime
    last_login_at: datetime | None
    erased_at: datetime | None
    version: int


class UserPage(Output):
    """A page of accounts, newest first."""

    items: list[User]
    next_cursor: str | None


class UserChange(Input):
    """Fields of an account to change. Omitted fields stay as they are."""

    role: RoleName | None = Field(None, examples=["analyst"])
    is_active: Flag | None = Field(None, description="Whether its owner can sign in.")


class AuditFilter(Input):
    """Filters of the audit log."""

    user_id: UUID | None = None
    action: Annotated[Text, Field(max_length=100)] | None = Field(None, examples=["password.changed"])
    since: Moment | None = None
    until: Moment | None = None
    limit: Whole = Field(50, ge=1, le=200)
    cursor: Annotated[str, Field(max_length=500)] | None = None


class AuditEntry(Output):
    """List the audit log."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    user_id: UUID | None
    action: str
    entity: str | None
    entity_id: UUID | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    ip: str | None
    user_agent: str | None


class AuditPage(Output):
    """A page of audit entries, newest first."""

    items: list[AuditEntry]
    next_cursor: str | None


class Published(Output):
    """A published table and its freshness."""

    table_name: str
    as_of: datetime
    published_at: datetime
    events: int = Field(description="Number of events that the figures are computed from.")
    lake_version: int


class Refresher(Output):
    """The resident refresher: its last refresh, and what fails since."""

    refreshed_at: datetime | None
    seconds: float | None = Field(description="Duration of the last refresh.")
    refreshes: int = Field(description="Refreshes so far.")
    conflicts: int = Field(description="How often another refresh was quicker, and it tried again.")
    failures: int = Field(description="Failures in a row; 0 if all is well.")
    failed_at: datetime | None
    error: str | None


class Pipeline(Output):
    """Backlog of events and freshness of figures."""

    events_waiting: int = Field(description="Committed events without a log offset.")
    oldest_waiting_at: datetime | None
    events_in_log: int
    published: list[Published]
    refresher: Refresher | None = Field(description="Null before its first refresh.")
