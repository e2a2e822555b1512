"""Which appointments can take place, and where they clash. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import takewhile
from typing import Any

from focusflow.clock import zone
from focusflow.errors import Invalid
from focusflow.recurrence import BadRecurrence, check_rule

LONGEST_EVENT = timedelta(days=31)
LONGEST_SPAN_DAYS = 92


def check_event(event: Mapping[str, Any], timezone: str) -> None:
    """Refuse an appointment that cannot take place."""
    if event["end_at"] < event["start_at"]:
        raise Invalid.field("body.end_at", "it should not lie before start_at")
    if event["end_at"] - event["start_at"] > LONGEST_EVENT:
        raise Invalid.field("body.end_at", "an appointment is at most 31 days long")
    if event["rrule"] is not None:
        try:
            check_rule(event["rrule"], event["start_at"].astimezone(zone(timezone)).replace(tzinfo=None))
        except BadRecurrence as error:
            raise Invalid.field(
                "body.rrule",
                "it is no RFC 5545 rule of days, weeks, months or years that this appointment ever comes to",
            ) from error


def check_span(since: date, until: date) -> None:
    if until < since:
        raise Invalid.field("query.until", "it should not lie before since")
    if (until - since).days >= LONGEST_SPAN_DAYS:
        raise Invalid.field("query.until", f"ask for at most {LONGEST_SPAN_DAYS} days")


def clashes(taking: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Pairs of busy appointments that take the same time. Those of whole days take none."""
    busy = [each for each in taking if each["busy"] and not each["all_day"] and each["end_at"] > each["start_at"]]
    for place, first in enumerate(busy):
        for second in takewhile(lambda each: each["start_at"] < first["end_at"], busy[place + 1 :]):  # noqa: B023 (used at once)
            both = {"start_at": second["start_at"], "end_at": min(first["end_at"], second["end_at"])}
            yield {"first": first, "second": second, **both}
