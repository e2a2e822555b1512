"""What a format reads out of a file: typed records, each with its line and a stable id of the source, and findings.

Moments are aware; dates are local days of the user. A record may lack what a source does not know; `normalize` completes it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from focusflow.contracts.fields import Priority, TaskStatus
from ingestion.importers.engine.files import Upload


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a line, and the file where an upload holds several."""

    line: int
    file: str = ""

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" if self.file else f"line {self.line}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was skipped, or imported without one of its values."""

    place: Place
    reason: str
    outcome: Literal["skipped", "changed"] = "skipped"


@dataclass(slots=True, kw_only=True)
class Task:
    """A task of a source. Parents and blockers are ids of the source."""

    noun = "task"

    place: Place
    source_id: str
    title: str
    description: str | None = None
    notes: str | None = None
    priority: Priority = "medium"
    status: TaskStatus = "pending"
    category: str | None = None
    tags: list[str] = field(default_factory=list)
    due: date | datetime | None = None
    start_at: datetime | None = None
    estimated_minutes: int | None = None
    actual_minutes: int | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    parent: str | None = None
    goal: str | None = None
    blocked_by: list[str] = field(default_factory=list)
    recurrence: str | None = None
    pinned: bool = False


@dataclass(slots=True, kw_only=True)
class Goal:
    """A goal of a source."""

    noun = "goal"

    place: Place
    source_id: str
    title: str
    description: str | None = None
    category: str | None = None
    horizon: Literal["goal", "vision"] = "goal"
    start_date: date | None = None
    target_date: date | None = None
    measurement: Literal["percent", "number", "milestones"] = "percent"
    target_value: float | None = None
    unit: str | None = None
    current_value: float = 0
    progress: float = 0
    status: Literal["active", "completed", "paused", "cancelled"] = "active"
    weekly_minutes: int | None = None
    created_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Milestone:
    """A milestone of a goal of the same source."""

    noun = "milestone"

    place: Place
    source_id: str
    goal: str
    title: str
    order_index: int = 0
    target_date: date | None = None
    status: Literal["pending", "completed", "skipped"] = "pending"
    completed_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Habit:
    """A habit of a source. Without `start_date` it begins with its first log."""

    noun = "habit"

    place: Place
    source_id: str
    title: str
    weekdays: list[int] = field(default_factory=list)
    times_per_week: int | None = None
    start_date: date | None = None
    end_date: date | None = None
    reminder_time: time | None = None
    created_at: datetime | None = None
    archived_at: datetime | None = None
    is_archived: bool = False


@dataclass(slots=True, kw_only=True)
class HabitLog:
    """A day of a habit of the same source."""

    noun = "habit_log"

    place: Place
    habit: str
    local_date: date
    value: float = 1
    mood: int | None = None
    notes: str | None = None
    skip_reason: str | None = None

    @property
    def source_id(self) -> str:
        return f"{self.habit} {self.local_date}"


@dataclass(slots=True, kw_only=True)
class TimeEntry:
    """Time spent. Its project becomes a category, with one archived task that carries the project's time."""

    noun = "time_entry"

    place: Place
    source_id: str
    started_at: datetime
    ended_at: datetime
    kind: Literal["focus", "pomodoro", "manual"] = "manual"
    note: str | None = None
    task: str | None = None
    project: str | None = None


@dataclass(slots=True, kw_only=True)
class CalendarEvent:
    """An appointment."""

    noun = "calendar_event"

    place: Place
    source_id: str
    title: str
    start_at: datetime
    end_at: datetime
    all_day: bool = False
    busy: bool = True
    location: str | None = None
    attendees: list[str] = field(default_factory=list)
    rrule: str | None = None
    extra_rrules: list[str] = field(default_factory=list)
    rdates: list[datetime] = field(default_factory=list)
    exdates: list[datetime] = field(default_factory=list)
    source: Literal["manual", "ics", "caldav", "google", "outlook"] = "ics"
    created_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class DayOff:
    """Days off."""

    noun = "day_off"

    place: Place
    source_id: str
    first_date: date
    last_date: date
    reason: Literal["holiday", "vacation", "sick"] = "vacation"


Record = Task | Goal | Milestone | Habit | HabitLog | TimeEntry | CalendarEvent | DayOff
Item = Record | Finding

#: How sure a format is that a file is its own.
NO, PERHAPS, LIKELY, SURE = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What reading depends on besides the file: the zone in which times without one are meant, the moment of the import, what the
    columns of a table mean, where the user has said it, and from when on recurring appointments are written out, if not from their start.
    """

    zone: ZoneInfo
    now: datetime
    columns: Mapping[str, str] | None = None
    since: datetime | None = None


class Format(Protocol):
    """A module of `ingestion.importers`. Its name is the format's."""

    def sniff(self, upload: Upload) -> int:
        """How likely the upload is of this format, from NO to SURE. It looks, and never raises."""

    def read(self, upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
        """The records and findings, in the order of the file. Raises `Malformed` where the file as a whole cannot be read."""
