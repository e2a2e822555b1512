"""When a report is due: by each user's own calendar and clock, and from nothing but what is passed in."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from focusflow.clock import Period, local_date, zone
from reports.recipients import Recipient

#: How long to wait after each attempt that failed for a while: long enough for greylisting, three days for a server that is away.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 360, 720, 1440, 1440))


def due(kind: str, to: Recipient, now: datetime) -> Period | None:
    """The newest period whose hour has come, if the user wants its report and was there in it. Older ones are past: nobody
    wants two at once after a week without a server.
    """
    if not to.wants(kind):
        return None
    period = newest_due(kind, to, now)
    return period if local_date(to.joined_at, to.user.timezone) <= period.last else None


def newest_due(kind: str, to: Recipient, now: datetime) -> Period:
    """The newest period whose hour has come."""
    today = local_date(now, to.user.timezone)
    return _weekly(to, now, today) if kind == "weekly" else _monthly(to, now, today)


def upcoming(kind: str, to: Recipient, now: datetime, planned: date | None) -> Period:
    """The period that is planned next, whether or not the user wants reports. `planned` is the last day of those that are."""
    joined = local_date(to.joined_at, to.user.timezone)
    period = newest_due(kind, to, now)
    while period.last < joined or (planned is not None and period.last <= planned):
        following = period.last + timedelta(days=1)
        period = Period.week_of(following, to.user.week_start) if kind == "weekly" else Period.month_of(following)
    return period


def _weekly(to: Recipient, now: datetime, today: date) -> Period:
    day = today - timedelta(days=(today.weekday() - to.weekly_report_day) % 7)
    if at(day, to.weekly_report_hour, to.user.timezone) > now:
        day -= timedelta(days=7)
    return Period.week_of(day - timedelta(days=7), to.user.week_start)


def _monthly(to: Recipient, now: datetime, today: date) -> Period:
    day = today.replace(day=1)
    if at(day, to.weekly_report_hour, to.user.timezone) > now:
        day = (day - timedelta(days=1)).replace(day=1)
    return Period.month_of(day - timedelta(days=1))


def at(day: date, hour: int, timezone: str) -> datetime:
    """An hour on somebody's clock, in UTC; the first of two, and where the clock leaps over it, as long after midnight as ever.

    >>> at(date(2026, 3, 29), 2, "Europe/Berlin").isoformat()
    '2026-03-29T01:00:00+00:00'
    """
    return datetime.combine(day, time(hour), tzinfo=zone(timezone)).astimezone(UTC)


def is_quiet(to: Recipient, now: datetime) -> bool:
    """Whether the user does not want mails at this hour."""
    if to.quiet_from is None or to.quiet_until is None:
        return False
    local = now.astimezone(zone(to.user.timezone)).time()
    if to.quiet_from < to.quiet_until:
        return to.quiet_from <= local < to.quiet_until
    return local >= to.quiet_from or local < to.quiet_until


def seems_quiet(to: Recipient, now: datetime) -> bool:
    """False where it cannot be told: the attempt that follows fails for the same reason, and is written down."""
    try:
        return is_quiet(to, now)
    except (KeyError, ValueError):
        return False


def next_attempt(attempts: int, now: datetime, pauses: Sequence[timedelta] = PAUSES) -> datetime | None:
    """When to try again after so many attempts; None when it has been tried often enough."""
    return now + pauses[attempts - 1] if attempts <= len(pauses) else None
