"""What a stretch of time may be. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from focusflow.errors import Conflict, Invalid

LONGEST = timedelta(hours=24)

#: Clocks differ by moments; what has not begun yet is not time spent.
AHEAD = timedelta(minutes=5)


class TimerRuns(Conflict):
    """A timer runs already. Stop it first, or start with ?switch=true."""


class NoTimerRuns(Conflict):
    """No timer runs."""


class StillRunning(Conflict):
    """This is the timer that runs. Stop it first."""


def stopped(entry: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A timer after it was stopped. One whose begin lies ahead, by a clock that was set back, ends just after it."""
    return {"ended_at": max(now, entry["started_at"] + timedelta.resolution)}


def check_span(entry: Mapping[str, Any], now: datetime) -> None:
    """Refuse a stretch of time that cannot have been."""
    started, ended = entry["started_at"], entry["ended_at"]
    if started > now + AHEAD:
        raise Invalid.field("body.started_at", "it lies in the future")
    if ended is None:
        return
    if ended <= started:
        raise Invalid.field("body.ended_at", "it should lie after started_at")
    if ended - started > LONGEST:
        raise Invalid.field("body.ended_at", "an entry is at most 24 hours long")
    if ended > now + AHEAD:
        raise Invalid.field("body.ended_at", "it lies in the future")
