"""Which time entries are valid. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from focusflow.errors import Conflict, Invalid

LONGEST = timedelta(hours=24)

#: Tolerance for clock differences. Time in the future is refused.
AHEAD = timedelta(minutes=5)


#: How long after it was stopped a timer can run on.
RESUMABLE = timedelta(minutes=10)


class TimerRuns(Conflict):
    """A timer is already running. Stop it first, or start with ?switch=true."""


class NoTimerRuns(Conflict):
    """No timer is running."""


class StillRunning(Conflict):
    """This timer is running. Stop it first."""


class LongOver(Conflict):
    """This timer was stopped more than 10 minutes ago. Start a new one."""


def stopped(entry: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The changed fields of a stopped timer. If its start is in the future because a clock was set back, it ends just after its start."""
    return {"ended_at": max(now, entry["started_at"] + timedelta.resolution)}


def resumed(entry: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The changed fields of a timer that runs on. What is long over stays so: its pause would count as work."""
    if now - entry["ended_at"] > RESUMABLE:
        raise LongOver
    return {"ended_at": None}


def check_span(entry: Mapping[str, Any], now: datetime) -> None:
    """Refuse an impossible time entry."""
    started, ended = entry["started_at"], entry["ended_at"]
    if started > now + AHEAD:
        raise Invalid.field("body.started_at", "is in the future")
    if ended is None:
        return
    if ended <= started:
        raise Invalid.field("body.ended_at", "should be after started_at")
    if ended - started > LONGEST:
        raise Invalid.field("body.ended_at", "an entry is at most 24 hours long")
    if ended > now + AHEAD:
        raise Invalid.field("body.ended_at", "is in the future")
