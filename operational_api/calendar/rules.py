"""When appointments take place, where they clash, and the time between them. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import Any

from focusflow.clock import zone
from focusflow.problems import Invalid
from focusflow.recurrence import BadRecurrence, check_rule, occurrences

LONGEST_EVENT = timedelta(days=31)
LONGEST_SPAN_DAYS = 92

Moments = tuple[datetime, datetime]


def check_event(event: Mapping[str, Any], timezone: str) -> None:
    """Refuse an appointment that cannot take place."""
    if event["end_at"] < event["start_at"]:
        raise Invalid("The field body.end_at cannot be accepted: it should not lie before start_at.")
    if event["end_at"] - event["start_at"] > LONGEST_EVENT:
        raise Invalid("The field body.end_at cannot be accepted: an appointment is at most 31 days long.")
    if event["rrule"] is not None:
        try:
            check_rule(event["rrule"], event["start_at"].astimezone(zone(timezone)).replace(tzinfo=None))
        except BadRecurrence as error:
            raise Invalid(
                "The field body.rrule cannot be accepted: it is no RFC 5545 rule of days, weeks, months or years that this appointment"
                " ever comes to."
            ) from error


def check_span(since: date, until: date) -> None:
    if until < since:
        raise Invalid("The field query.until cannot be accepted: it should not lie before since.")
    if (until - since).days >= LONGEST_SPAN_DAYS:
        raise Invalid(f"The field query.until cannot be accepted: ask for at most {LONGEST_SPAN_DAYS} days.")


def taking_place(
    events: Iterable[Mapping[str, Any]], timezone: str, since: datetime, until: datetime
) -> list[dict[str, Any]]:
    """Each time that an appointment touches a span, in order."""
    found = []
    for event in events:
        span = event["start_at"], event["end_at"]
        if event["rrule"] is None:
            times: Iterable[Moments] = (
                [span] if span[0] < until and max(span[1], span[0] + timedelta.resolution) > since else []
            )
        else:
            times = occurrences(event["rrule"], span, timezone, since=since, until=until)
        shown = {name: event[name] for name in ("title", "all_day", "busy", "location")}
        same = {**shown, "event_id": event["id"], "is_recurring": event["rrule"] is not None}
        found += [{**same, "start_at": start, "end_at": end} for start, end in times]
    return sorted(found, key=lambda each: (each["start_at"], each["end_at"], each["event_id"]))


def clashes(taking: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Pairs of busy appointments that take the same time. Those of whole days take none."""
    busy = [each for each in taking if each["busy"] and not each["all_day"] and each["end_at"] > each["start_at"]]
    for place, first in enumerate(busy):
        for second in takewhile(lambda each: each["start_at"] < first["end_at"], busy[place + 1 :]):  # noqa: B023 (used at once)
            both = {"start_at": second["start_at"], "end_at": min(first["end_at"], second["end_at"])}
            yield {"first": first, "second": second, **both}


def free_between(
    taking: Iterable[Mapping[str, Any]], days: Iterable[date], hours: tuple[time, time], timezone: str, minutes: int
) -> Iterator[dict[str, Any]]:
    """The time within working hours that no busy appointment takes. A day of 23 hours has one less where it is missing."""
    here, needed = zone(timezone), timedelta(minutes=minutes)
    taken = [(each["start_at"], each["end_at"]) for each in taking if each["busy"] and not each["all_day"]]
    for day in days:
        free_from, closes = (datetime.combine(day, hour, tzinfo=here).astimezone(UTC) for hour in hours)
        for start, end in [*(each for each in taken if each[0] < closes and each[1] > free_from), (closes, closes)]:
            if start - free_from >= needed:
                yield {
                    "start_at": free_from,
                    "end_at": start,
                    "minutes": int((start - free_from).total_seconds() // 60),
                }
            free_from = max(free_from, end)
