"""A user's appointments, working hours and days off, and the free time between them, as of now."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from heapq import merge
from pathlib import Path
from typing import Any
from uuid import UUID

from focusflow.clock import start_of, zone
from focusflow.contracts.calendar import PLAN_CALENDAR
from focusflow.database.queries import load_queries
from focusflow.database.session import Transaction
from focusflow.errors import Invalid
from focusflow.preferences import DEFAULTS
from focusflow.rule_days import Steps
from focusflow.series import Series

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))
DAY = timedelta(days=1)
EVENTS_AT_MOST = 2000

#: The budget of all rules of a request together: half a second of work, far more than any calendar needs.
STEPS_AT_MOST = 300_000

Moments = tuple[datetime, datetime]


def taking_place_on(
    tx: Transaction, user_id: UUID, timezone: str, days: tuple[date, date], *, without: str | None = None
) -> Iterator[dict[str, Any]]:
    """The occurrences of a user's appointments on these days, optionally without one calendar."""
    since, until = start_of(days[0], timezone), start_of(days[1] + DAY, timezone)
    span = {"user_id": user_id, "since": since, "until": until, "limit": EVENTS_AT_MOST + 1}
    rows = tx.all(QUERIES["touching"], span)
    if len(rows) > EVENTS_AT_MOST:
        raise Invalid(
            f"More than {EVENTS_AT_MOST} appointments may take place on these days. Ask for fewer days, or delete recurring ones that are"
            " over."
        )
    rows = [row for row in rows if without is None or row["calendar_id"] != without]
    return taking_place(rows, timezone, since, until)


def working_hours(tx: Transaction, user_id: UUID) -> tuple[time, time]:
    """The start and end of the user's working hours."""
    chosen = tx.one(QUERIES["working_hours"], {"user_id": user_id}) or DEFAULTS
    return chosen["work_from"], chosen["work_until"]


def workdays(tx: Transaction, user_id: UUID, days: tuple[date, date]) -> Iterator[date]:
    """The days that are not days off."""
    free = tx.all(QUERIES["days_off"], {"user_id": user_id, "since": days[0], "until": days[1]})
    for n in range((days[1] - days[0]).days + 1):
        day = days[0] + n * DAY
        if not any(each["first_date"] <= day <= each["last_date"] for each in free):
            yield day


def taking_place(
    events: Iterable[Mapping[str, Any]], timezone: str, since: datetime, until: datetime
) -> Iterator[dict[str, Any]]:
    """The occurrences that overlap a span, in order and computed lazily."""
    steps = Steps(STEPS_AT_MOST)
    each_one = (_times(event, timezone, (since, until), steps) for event in events)
    return merge(*each_one, key=lambda each: (each["start_at"], each["end_at"], each["event_id"]))


def _times(event: Mapping[str, Any], timezone: str, within: Moments, steps: Steps) -> Iterator[dict[str, Any]]:
    (since, until), span = within, (event["start_at"], event["end_at"])
    series = Series.of(event)
    if not event["is_recurring"]:
        is_on = span[0] < until and max(span[1], span[0] + timedelta.resolution) > since
        times: Iterable[Moments] = [span] * is_on
    else:
        times = series.occurrences(span, timezone, since=since, until=until, steps=steps)
    fields = {name: event[name] for name in ("title", "all_day", "busy", "location")}
    is_plan = event["calendar_id"] == PLAN_CALENDAR
    same = {**fields, "event_id": event["id"], "is_recurring": event["is_recurring"], "is_plan": is_plan}
    for start, end in times:
        yield {**same, "start_at": start, "end_at": end}


def free_between(
    taking: Iterable[Mapping[str, Any]], days: Iterable[date], hours: tuple[time, time], timezone: str, minutes: int
) -> Iterator[dict[str, Any]]:
    """The free slots within working hours, between busy appointments. A day of 23 hours lacks its missing hour."""
    here, needed = zone(timezone), timedelta(minutes=minutes)
    busy = deque((each["start_at"], each["end_at"]) for each in taking if each["busy"] and not each["all_day"])
    for day in days:
        free_from, closes = (datetime.combine(day, hour, tzinfo=here).astimezone(UTC) for hour in hours)
        begun: list[Moments] = []
        while busy and busy[0][0] < closes:
            begun.append(busy.popleft())
        going_on = [each for each in begun if each[1] > free_from]
        if later := [each for each in going_on if each[1] > closes]:  # later days need only the last end
            busy.appendleft(max(later, key=lambda each: each[1]))
        for start, end in [*going_on, (closes, closes)]:
            if start - free_from >= needed:
                yield {
                    "start_at": free_from,
                    "end_at": start,
                    "minutes": int((start - free_from).total_seconds() // 60),
                }
            free_from = max(free_from, end)
