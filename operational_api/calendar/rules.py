"""Which appointments are valid and which of them overlap. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from focusflow.availability import STEPS_AT_MOST
from focusflow.clock import zone
from focusflow.contracts.calendar import SUBSCRIPTION
from focusflow.errors import Conflict, Invalid
from focusflow.recurrence import check_rule, check_start
from focusflow.rrule import BadRecurrence
from focusflow.rule_days import Steps
from focusflow.series import SERIES_FIELDS, Moments, Series

LONGEST_EVENT = timedelta(days=31)
LONGEST_SPAN_DAYS = 92


class Subscribed(Conflict):
    """This appointment comes from a calendar that you subscribed to. Change it there, or disconnect the calendar."""


def check_writable(event: Mapping[str, Any]) -> None:
    """Refuse a change that the next reading of its calendar would undo."""
    if (event["calendar_id"] or "").startswith(SUBSCRIPTION):
        raise Subscribed


def check_event(event: Mapping[str, Any], timezone: str) -> None:
    """Refuse an invalid appointment."""
    _check_times(event)
    _check_series(event, timezone)


def check_change(before: Mapping[str, Any], changes: Mapping[str, Any], timezone: str) -> None:
    """Refuse a patch that makes an appointment invalid. Unchanged fields may have been stored under older rules."""
    after = {**before, **changes}
    _check_times(after)
    if any(after[name] != before[name] for name in (*SERIES_FIELDS, "start_at")):
        _check_series(after, timezone)


def _check_times(event: Mapping[str, Any]) -> None:
    if event["end_at"] < event["start_at"]:
        raise Invalid.field("body.end_at", "should not be before start_at")
    if event["end_at"] - event["start_at"] > LONGEST_EVENT:
        raise Invalid.field("body.end_at", "an appointment is at most 31 days long")


def _check_series(event: Mapping[str, Any], timezone: str) -> None:
    series, begin = Series.of(event), event["start_at"].astimezone(zone(timezone)).replace(tzinfo=None)
    if event["rrule"] is None and event["extra_rrules"]:
        raise Invalid.field("body.extra_rrules", "the first rule belongs in rrule")
    for number, rule in enumerate(series.rules):
        try:
            check_rule(rule, begin, timezone)
            if number == 0:
                check_start(series.rules, begin)
        except BadRecurrence as error:
            raise Invalid.field("body.extra_rrules" if number else "body.rrule", str(error)) from error
    if series.added and series.added[0] < event["start_at"]:
        raise Invalid.field("body.rdates", "should not be before start_at")
    if series.left_out:
        _check_left_out(series, (event["start_at"], event["end_at"]), timezone)


def _check_left_out(series: Series, span: Moments, timezone: str) -> None:
    """Refuse a time that leaves nothing out: of a typo, nobody would see that the appointment still takes place."""
    if not series.is_recurring:
        raise Invalid.field("body.exdates", "only a recurring appointment has times to leave out")
    unknown = next(iter(series.unmatched(span, timezone, Steps(STEPS_AT_MOST))), None)
    if unknown is not None:
        raise Invalid.field("body.exdates", f"{unknown.isoformat()} is not the start of one of its occurrences")
    if series.never_takes_place(span, timezone):
        raise Invalid.field("body.exdates", "they leave out all of its occurrences: delete it instead")


def check_span(since: date, until: date) -> None:
    if until < since:
        raise Invalid.field("query.until", "should not be before since")
    if (until - since).days >= LONGEST_SPAN_DAYS:
        raise Invalid.field("query.until", f"ask for at most {LONGEST_SPAN_DAYS} days")


def clashes(taking: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Pairs of busy appointments that overlap. All-day appointments are not busy."""
    busy = [each for each in taking if each["busy"] and not each["all_day"] and each["end_at"] > each["start_at"]]
    for place, first in enumerate(busy):
        for later in range(place + 1, len(busy)):  # a slice would copy the rest of the list for each appointment
            second = busy[later]
            if second["start_at"] >= first["end_at"]:
                break
            both = {"start_at": second["start_at"], "end_at": min(first["end_at"], second["end_at"])}
            yield {"first": first, "second": second, **both}
