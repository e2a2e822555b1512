"""Appointments written into iCalendar resources. What a resource holds beside them, such as alarms and notes, stays as it is. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar as ical

from focusflow.series import Series
from ingestion.calendars.reading import short_id

#: People of whom only the name is known.
ATTENDEE = "X-FOCUSFLOW-ATTENDEE"

Fields = Mapping[str, Any]


def created(uid: str, fields: Fields, here: ZoneInfo, changed_at: datetime) -> str:
    """A resource of a new appointment."""
    calendar = ical.Calendar()
    calendar.add("prodid", "-//FocusFlow//FocusFlow//EN")
    calendar.add("version", "2.0")
    event = ical.Event()
    event.add("uid", uid)
    calendar.add_component(event)
    _write(event, fields, here, changed_at)
    return _text(calendar)


def edited(
    content: str, changes: Mapping[str, Fields], removed: Iterable[str], here: ZoneInfo, changed_at: datetime
) -> str:
    """The resource after changes of appointments, by their ids in it, and without those that were removed."""
    calendar = ical.Calendar.from_ical(content)
    assert isinstance(calendar, ical.Calendar)
    events = [each for each in calendar.subcomponents if each.name == "VEVENT"]
    for source_id, fields in changes.items():
        event = _found(events, source_id) or _override(calendar, events, source_id, here)
        if event is None:
            raise ValueError("its series is no longer there")
        _write(event, fields, here, changed_at)
    for source_id in removed:
        _remove(calendar, events, source_id, here)
    return _text(calendar)


def without_exceptions(content: str) -> str:
    """A resource of a series alone."""
    calendar = ical.Calendar.from_ical(content)
    calendar.subcomponents = [each for each in calendar.subcomponents if "RECURRENCE-ID" not in each]
    return _text(calendar)


def is_at(source_id: str, moments: Collection[datetime | date], here: ZoneInfo) -> bool:
    """Whether an id is that of an occurrence at one of these times, or days."""
    moment = _moment(source_id)
    return moment is not None and (moment in moments or moment.astimezone(here).date() in moments)


def changed_at_of(content: str) -> datetime | None:
    """When a resource was last changed, as far as it says so."""
    try:
        calendar = ical.Calendar.from_ical(content)
    except (ValueError, IndexError, KeyError):
        return None
    stamps = [_value(event, "LAST-MODIFIED") or _value(event, "DTSTAMP") for event in calendar.walk("VEVENT")]
    found = [
        stamp.astimezone(UTC) if stamp.tzinfo else stamp.replace(tzinfo=UTC)
        for stamp in stamps
        if isinstance(stamp, datetime)
    ]
    return max(found, default=None)


def _text(calendar: ical.Calendar) -> str:
    calendar.add_missing_timezones()
    return str(calendar.to_ical().decode())


def _value(event: Any, name: str) -> Any:
    return getattr(event.get(name), "dt", None)


def _ids(event: Any) -> set[str]:
    """The ids under which the reading knows a component."""
    uid = str(event.get("UID", ""))
    occurrence = event.get("RECURRENCE-ID")
    if occurrence is None:
        return {short_id(uid)}
    moment = occurrence.dt
    raw = occurrence.to_ical().decode()
    ids = {f"{uid}|{raw}"}
    if isinstance(moment, datetime) and moment.tzinfo:
        ids.add(f"{uid}|{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    return {short_id(each) for each in ids}


def _found(events: list[Any], source_id: str) -> Any:
    return next((each for each in events if source_id in _ids(each)), None)


def _master(events: list[Any], source_id: str) -> Any:
    return next(
        (each for each in events if "RECURRENCE-ID" not in each and source_id.startswith(f"{each.get('UID', '')}|")),
        None,
    )


def _moment(source_id: str) -> datetime | None:
    """The moment of an occurrence, from its id."""
    try:
        return datetime.strptime(source_id.rpartition("|")[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _occurrence(master: Any, source_id: str, here: ZoneInfo) -> datetime | date | None:
    """The occurrence in the form of its series: a day, a time in its zone, or one in no zone."""
    moment, start = _moment(source_id), _value(master, "DTSTART")
    if moment is None or start is None:
        return None
    if not isinstance(start, datetime):
        return moment.astimezone(here).date()
    return moment.astimezone(start.tzinfo) if start.tzinfo else moment.astimezone(here).replace(tzinfo=None)


def _override(calendar: ical.Calendar, events: list[Any], source_id: str, here: ZoneInfo) -> Any:
    """A new component for one occurrence of a series."""
    master = _master(events, source_id)
    at = _occurrence(master, source_id, here) if master is not None else None
    if at is None:
        return None
    event = ical.Event()
    for name in ("UID", "SUMMARY", "LOCATION", "TRANSP", "DESCRIPTION", "ATTENDEE", "ORGANIZER", ATTENDEE):
        if name in master:
            event[name] = master[name]
    event.add("recurrence-id", at)
    event.add("dtstart", at)
    calendar.add_component(event)
    events.append(event)
    return event


def _remove(calendar: ical.Calendar, events: list[Any], source_id: str, here: ZoneInfo) -> None:
    found, master = _found(events, source_id), _master(events, source_id)
    if found is not None:
        calendar.subcomponents.remove(found)
        events.remove(found)
    if master is not None:
        at = _occurrence(master, source_id, here)
        if at is not None:
            master.add("exdate", at)


def _write(event: Any, fields: Fields, here: ZoneInfo, changed_at: datetime) -> None:
    _set(event, "SUMMARY", fields["title"])
    _set(event, "LOCATION", fields["location"])
    _set(event, "TRANSP", "OPAQUE" if fields["busy"] else "TRANSPARENT")
    if "RECURRENCE-ID" not in event:
        _write_series(event, fields, here)
    _write_times(event, fields, here)
    _write_attendees(event, fields["attendees"])
    sequence = event.get("SEQUENCE")
    _set(event, "SEQUENCE", int(sequence) + 1 if sequence is not None else 0)
    for name in ("DTSTAMP", "LAST-MODIFIED"):
        _set(event, name, changed_at.astimezone(UTC).replace(microsecond=0))


def _write_series(event: Any, fields: Fields, here: ZoneInfo) -> None:
    """Times are written as the start is: as days, or on the wall clock of the user."""
    for name in ("RRULE", "RDATE", "EXDATE"):
        event.pop(name, None)
    series = Series.of(fields)
    for rule in series.rules:
        event.add("rrule", ical.vRecur.from_ical(rule))
    for name, moments in (("rdate", series.added), ("exdate", series.left_out)):
        times = (each.astimezone(here) for each in moments)
        for each in times:
            event.add(name, each.date() if fields["all_day"] else each)


def _write_times(event: Any, fields: Fields, here: ZoneInfo) -> None:
    start, end = fields["start_at"], fields["end_at"]
    if fields["all_day"]:
        first, last = start.astimezone(here).date(), end.astimezone(here).date()
        _set(event, "DTSTART", first)
        _set(event, "DTEND", max(last, first + timedelta(days=1)))
    else:
        theirs = _value(event, "DTSTART")
        known = theirs.tzinfo if isinstance(theirs, datetime) else None
        chosen = here if Series.of(fields).is_recurring else known or UTC  # a rule is followed in the user's zone
        if str(chosen) == "UTC":
            chosen = UTC
        _set(event, "DTSTART", start.astimezone(chosen))
        _set(event, "DTEND", end.astimezone(chosen))
    event.pop("DURATION", None)


def _write_attendees(event: Any, names: list[str]) -> None:
    """Those whose names are still there keep their lines."""
    present = event.get("ATTENDEE", [])
    kept = [each for each in (present if isinstance(present, list) else [present]) if _name(each) in names]
    event.pop("ATTENDEE", None)
    event.pop(ATTENDEE, None)
    for each in kept:
        event.add("attendee", each, encode=0)
    known = {_name(each) for each in kept}
    for name in names:
        if name not in known:
            event.add(ATTENDEE, name)


def _name(attendee: Any) -> str:
    parameters = getattr(attendee, "params", {})
    return str(parameters.get("CN") or str(attendee).partition(":")[2] or attendee).strip()


def _set(event: Any, name: str, value: Any) -> None:
    event.pop(name, None)
    if value is not None:
        event.add(name, value)
