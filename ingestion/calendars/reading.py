"""What an iCalendar text says: appointments as they can be stored, and what was skipped. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from focusflow.series import SERIES_FIELDS
from ingestion.importers import icalendar
from ingestion.importers.engine.files import File, Malformed, Upload
from ingestion.importers.engine.importing import source_key
from ingestion.importers.engine.normalize import normalize
from ingestion.importers.engine.records import CalendarEvent, Finding, Item, Surroundings

#: What both sides know of an appointment.
FIELDS = ("title", "start_at", "end_at", "all_day", "busy", "location", "attendees", *SERIES_FIELDS)

#: Of series with exceptions, so much of the past is written out.
PAST = timedelta(days=366)

#: What is read of one calendar.
EVENTS_AT_MOST = 20_000

#: Ids of the contract are at most so long.
ID_CHARACTERS = 500

#: Skipped because the calendar says so. What was there before is removed.
MEANT = frozenset({"it is cancelled", "it never takes place"})

CALENDAR_END = re.compile(r"^END:VCALENDAR\s*$", re.IGNORECASE | re.MULTILINE)
UID = re.compile(r"^UID[^:\n]*:(.*)$", re.IGNORECASE | re.MULTILINE)
COMPONENT_END = re.compile(r"^END:VEVENT\s*$", re.IGNORECASE | re.MULTILINE)
FOLDED = re.compile(r"\n[ \t]")


@dataclass(frozen=True, slots=True)
class Reading:
    """The appointments of a text by the ids that they have there."""

    events: Mapping[str, CalendarEvent]
    findings: list[Finding]
    #: The ids of appointments that are in the text and cannot be read: whoever knows them from an earlier text keeps them.
    unreadable: frozenset[str]
    #: Whether the text was not cut off.
    is_whole: bool

    def is_unreadable(self, source_id: str) -> bool:
        return source_id in self.unreadable or source_id.partition("|")[0] in self.unreadable


def read(content: bytes, zone: ZoneInfo, now: datetime) -> Reading:
    """Read a calendar. Raises `Malformed` where the text is none."""
    file = File("calendar.ics", content)
    if "BEGIN:VCALENDAR" not in file.text.upper():
        raise Malformed("What the address answers with is not a calendar.")
    surroundings = Surroundings(zone, now, since=now - PAST)
    events: dict[str, CalendarEvent] = {}
    findings: list[Finding] = []
    for item in _normalized(icalendar.read(Upload(file.name, content), surroundings), surroundings):
        if isinstance(item, Finding):
            findings.append(item)
        elif not isinstance(item, CalendarEvent):
            findings.append(Finding(item.place, "it is a task, and only appointments are read"))
        elif len(events) >= EVENTS_AT_MOST:
            findings.append(Finding(item.place, f"the calendar has more than {EVENTS_AT_MOST:,} appointments"))
        elif (source_id := short_id(item.source_id)) in events:
            findings.append(Finding(item.place, f"it repeats {events[source_id].place}"))
        else:
            events[source_id] = item
    is_cut_off = CALENDAR_END.search(file.text.rstrip()[-20:]) is None
    return Reading(events, findings, frozenset(_unreadable(file.text, findings)), not is_cut_off)


def _normalized(items: Iterator[Item], surroundings: Surroundings) -> Iterator[Item]:
    for item in items:
        yield from (item,) if isinstance(item, Finding) else normalize(item, surroundings)


def _unreadable(text: str, findings: list[Finding]) -> Iterator[str]:
    """The ids in the components at which findings point."""
    lines = {each.place.line for each in findings if each.outcome == "skipped" and each.reason not in MEANT}
    if not lines:
        return
    start = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if number in lines:
            end = COMPONENT_END.search(text, start)
            component = FOLDED.sub("", text[start : end.end() if end else len(text)])
            if found := UID.search(component):
                yield short_id(found[1].strip())
        start += len(line) + 1


def short_id(source_id: str) -> str:
    """An id of the source as it can be stored."""
    return source_id if len(source_id) <= ID_CHARACTERS else f"{source_key('calendar_event', source_id)}"


def fields_of(event: CalendarEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in FIELDS}
