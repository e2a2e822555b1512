"""Time spent: timers, pomodoros, and entries made by hand."""

from typing import Literal
from uuid import UUID

from focusflow.contracts.fields import Data, Instant, LongText


class TimeEntry(Data):
    """A time entry: when a user worked on something."""

    task_id: UUID | None = None
    kind: Literal["focus", "pomodoro", "manual"] = "focus"
    started_at: Instant
    ended_at: Instant | None = None
    note: LongText | None = None
