"""Tasks and appointments as iCalendar (RFC 5545)."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from focusflow.clock import local_date
from focusflow.series import Series
from operational_api.exports.records import Records

PRIORITIES = {"urgent": 1, "high": 3, "medium": 5, "low": 7}
STATES = {
    "pending": "NEEDS-ACTION",
    "in_progress": "IN-PROCESS",
    "completed": "COMPLETED",
    "cancelled": "CANCELLED",
    "archived": "CANCELLED",
}

#: A line has at most so many bytes; the rest goes on in the next.
LINE_BYTES = 75

ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})

Value = str | int | date | datetime | None


def to_icalendar(records: Records) -> bytes:
    events = records.rows["calendar_events"]
    components = [
        *(event(each, records.timezone) for each in events),
        *(_todo(each) for each in records.rows["tasks"]),
    ]
    is_zone_needed = any(Series.of(each).is_recurring and not each["all_day"] for each in events)
    zones = _zone(records.timezone) if is_zone_needed else []
    return calendar(((records.exported_at, each) for each in components), *zones)


def _zone(name: str) -> list[str]:
    """The definition of a time zone, as the RFC demands beside each use of its name."""
    import icalendar as ical  # takes a while to load, and most exports are of other formats

    return ical.Timezone.from_tzid(name).to_ical().decode().splitlines() if name != "UTC" else []


def calendar(components: Iterable[tuple[datetime, list[str]]], *more: str) -> bytes:
    """A calendar of components as lines, each with the moment of its last change."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//FocusFlow//FocusFlow//EN", *more]
    for stamp, (begin, *rest) in components:
        lines += [begin, *property_("DTSTAMP", stamp), *rest]
    return "".join(f"{line}\r\n" for line in [*lines, "END:VCALENDAR"]).encode()


def event(row: Mapping[str, Any], zone: str) -> list[str]:
    """An appointment. A whole day ends before the first day after it, and a series stays at its hour in the user's zone."""
    start, end = row["start_at"], row["end_at"]
    series = Series.of(row)
    here = zone if series.is_recurring and not row["all_day"] and zone != "UTC" else None
    added, left_out = (
        [local_date(each, zone) if row["all_day"] else each for each in dates]
        for dates in (series.added, series.left_out)
    )
    if row["all_day"]:
        start, end = local_date(start, zone), local_date(end, zone)
        end = max(end, start + timedelta(days=1))
    return component(
        "VEVENT",
        ("UID", f"{row['id']}"),
        ("SUMMARY", row["title"]),
        *_times(here, ("DTSTART", start), ("DTEND", end)),
        ("LOCATION", row["location"]),
        ("TRANSP", "OPAQUE" if row["busy"] else "TRANSPARENT"),
        *(("RRULE", rule) for rule in series.rules),
        *_times(here, *(("RDATE", each) for each in added), *(("EXDATE", each) for each in left_out)),
        *(("X-FOCUSFLOW-ATTENDEE", each) for each in row["attendees"]),
    )


def _times(zone: str | None, *properties: tuple[str, Value]) -> Iterator[tuple[str, Value]]:
    """The properties, with their times on the wall clock of a zone if there is one."""
    for name, value in properties:
        if zone is None or not isinstance(value, datetime):
            yield name, value
        else:
            yield f"{name};TZID={zone}", f"{value.astimezone(ZoneInfo(zone)):%Y%m%dT%H%M%S}"


def _todo(task: Mapping[str, Any]) -> list[str]:
    minutes = task["estimated_minutes"]
    return component(
        "VTODO",
        ("UID", f"{task['id']}"),
        ("SUMMARY", task["title"]),
        ("DESCRIPTION", task["description"]),
        ("COMMENT", task["notes"]),
        ("PRIORITY", PRIORITIES[task["priority"]]),
        ("STATUS", "COMPLETED" if task["completed_at"] else STATES[task["status"]]),
        ("X-FOCUSFLOW-STATUS", "ARCHIVED" if task["status"] == "archived" else None),
        ("X-FOCUSFLOW-CATEGORY", task["category"]),
        *(("CATEGORIES", tag) for tag in task["tags"]),
        ("CREATED", task["created_at"]),
        ("DTSTART", task["start_at"]),
        ("DUE", task["due_date"] or task["due_at"]),
        ("COMPLETED", task["completed_at"]),
        ("ESTIMATED-DURATION", f"PT{minutes}M" if minutes else None),
        ("RRULE", task["recurrence"]),
        ("RELATED-TO", task["parent_task_id"] and f"{task['parent_task_id']}"),
        *(("RELATED-TO;RELTYPE=DEPENDS-ON", f"{each}") for each in task["blocked_by"]),
    )


def component(kind: str, *properties: tuple[str, Value]) -> list[str]:
    lines = [line for name, value in properties if value is not None for line in property_(name, value)]
    return [f"BEGIN:{kind}", *lines, f"END:{kind}"]


def property_(name: str, value: Value) -> Iterator[str]:
    r"""The lines of a property.

    >>> list(property_("DUE", date(2026, 3, 1))), list(property_("SUMMARY", "a, b"))
    (['DUE;VALUE=DATE:20260301'], ['SUMMARY:a\\, b'])
    """
    match value:
        case datetime():
            text = f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        case date():
            name, text = f"{name};VALUE=DATE", f"{value:%Y%m%d}"
        case str() if name not in {"RRULE", "UID", "DTSTART"}:
            text = value.translate(ESCAPED)
        case _:
            text = str(value)
    yield from folded(f"{name}:{text}")


def folded(line: str) -> Iterator[str]:
    """The line in pieces that are short enough, none of which ends within a character."""
    rest, room = line.encode(), LINE_BYTES
    prefix = ""
    while len(rest) > room:
        cut = room
        while rest[cut] & 0xC0 == 0x80:
            cut -= 1
        yield prefix + rest[:cut].decode()
        rest, room, prefix = rest[cut:], LINE_BYTES - 1, " "
    yield prefix + rest.decode()
