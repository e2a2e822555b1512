"""What a two-way synchronization needs of a server of calendars. `caldav`, `google` and `outlook` offer it.

A resource is an appointment or a series with its exceptions. Whatever a server speaks, its content is iCalendar here.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from focusflow.contracts.calendar import CalendarSource
from ingestion.calendars.connection import SyncFailed

#: Resources that are read by one request, or kept by one transaction.
BATCH = 50

#: Stands for the ETag of a resource that has to be read to be known.
UNKNOWN_ETAG = "?"


class Precondition(Exception):
    """The resource is not as it was when it was read."""


class Exists(Exception):
    """The appointment was created before, under this address."""

    def __init__(self, href: str) -> None:
        super().__init__(href)
        self.href = href


class OccurrencesGone(Exception):
    """A series no longer takes place at these times. Everything else was written."""

    def __init__(self, moments: Collection[datetime | date]) -> None:
        super().__init__(moments)
        self.moments = moments


class Refused(SyncFailed):
    """The server does not accept this appointment."""


@dataclass(frozen=True, slots=True)
class RemoteCalendar:
    """A calendar of the account."""

    id: str
    name: str
    is_read_only: bool = False
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """What the server has under an address. Its ETag is empty if the server did not say it."""

    href: str
    etag: str
    content: str
    #: The appointment of ours that it was created from, as far as that can be seen in it.
    own_id: UUID | None = None


@dataclass(slots=True)
class Changes:
    """What changed since a state, by address; the whole calendar if `is_full`."""

    state: dict[str, str]
    changed: dict[str, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    is_full: bool = False
    #: Addresses that were not listed although they may still be there.
    unlisted: set[str] = field(default_factory=set)


class CalendarServer(Protocol):
    """One account on a server."""

    source: CalendarSource

    #: Fields that the server does not keep of an appointment that was created here.
    omitted: frozenset[str]

    #: Whether a series that was deleted can be written again as the same one.
    keeps_series: bool

    #: Who the account belongs to, where the server says so; known once the calendars were read.
    account: str | None

    def calendars(self) -> list[RemoteCalendar]:
        """The calendars of the account that hold appointments."""

    def changes(self, calendar: RemoteCalendar, state: Mapping[str, str], known: Mapping[str, bool]) -> Changes:
        """What changed since a state of an earlier call. `known` says of what was read before whether it is a series."""

    def fetch(self, calendar: str, hrefs: Sequence[str]) -> Iterator[Resource]:
        """The resources at these addresses. Those that are gone are left out."""

    def get(self, href: str) -> Resource | None:
        """One resource; None if it is gone."""

    def create(self, calendar: str, event_id: UUID, content: str) -> Resource:
        """Write an appointment that was made here. However often that is repeated, there is one."""

    def replace(self, known: Resource, content: str) -> Resource:
        """Write a resource that is as it was read. Without an ETag it is gone, and written again, perhaps under another address."""

    def delete(self, known: Resource) -> None:
        """Delete a resource that is as it was read. One that is gone is deleted."""
