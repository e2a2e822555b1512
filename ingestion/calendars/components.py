"""Appointments of providers that speak JSON, as iCalendar text and back. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar as ical

Moment = datetime | date

#: What is written to a provider. Of `start` and `end`, one is never written without the other.
FIELDS = frozenset({"title", "location", "is_busy", "start", "end", "rules"})

RULES = ("RRULE", "RDATE", "EXRULE")


@dataclass(frozen=True, slots=True)
class Component:
    """An appointment, a series, or an exception of one. `rules` are the lines of its recurrence."""

    title: str
    start: Moment
    end: Moment
    is_busy: bool = True
    location: str | None = None
    rules: tuple[str, ...] = ()
    attendees: tuple[tuple[str, str], ...] = ()
    created_at: datetime | None = None
    changed_at: datetime | None = None
    is_cancelled: bool = False

    def differences(self, after: "Component") -> set[str]:
        """The fields that another version of it has otherwise."""
        found = {name for name in FIELDS if getattr(self, name) != getattr(after, name)}
        return found | {"start", "end"} if found & {"start", "end"} else found

    def occurrence(self, start: Moment) -> "Component":
        """An occurrence of this series that is no exception."""
        length: timedelta = self.end - self.start  # type: ignore[operator]  # both are days, or both are moments
        return replace(self, start=start, end=start + length, rules=())


def write(
    uid: str,
    component: Component,
    exceptions: Mapping[Moment, Component] | None = None,
    excluded: Iterable[Moment] = (),
) -> str:
    """A resource: an appointment or a series, with its exceptions by when they would have begun, and without what is excluded."""
    calendar = ical.Calendar()
    calendar.add("prodid", "-//FocusFlow//FocusFlow//EN")
    calendar.add("version", "2.0")
    series = _event(uid, component)
    for moment in excluded:
        series.add("exdate", _like(moment, component.start))
    calendar.add_component(series)
    for moment, each in (exceptions or {}).items():
        original = _like(moment, component.start)
        if not component.occurrence(original).differences(replace(each, rules=())):
            continue  # it differs in nothing that we know of
        event = _event(uid, replace(each, rules=()))
        event.add("recurrence-id", original)
        calendar.add_component(event)
    lines = calendar.to_ical().decode().split("\r\n")
    if component.rules:
        place = lines.index("END:VEVENT")
        lines[place:place] = component.rules
    return "\r\n".join(lines)


def _event(uid: str, component: Component) -> ical.Event:
    event = ical.Event()
    event.add("uid", uid)
    if component.title:
        event.add("summary", component.title)
    event.add("dtstart", component.start)
    event.add("dtend", component.end)
    if component.location:
        event.add("location", component.location)
    event.add("transp", "OPAQUE" if component.is_busy else "TRANSPARENT")
    if component.is_cancelled:
        event.add("status", "CANCELLED")
    if component.created_at:
        event.add("created", component.created_at.astimezone(UTC))
    if component.changed_at:
        event.add("last-modified", component.changed_at.astimezone(UTC).replace(microsecond=0))
    for name, address in component.attendees:
        attendee = ical.vCalAddress(f"mailto:{address}")
        attendee.params["CN"] = name or address
        event.add("attendee", attendee)
    return event


def _like(moment: Moment, start: Moment) -> Moment:
    """A moment in the form of the start of its series: a day, or a time in its zone."""
    if not isinstance(start, datetime):
        return moment.date() if isinstance(moment, datetime) else moment
    return moment.astimezone(start.tzinfo) if isinstance(moment, datetime) else moment


def read(content: str) -> tuple[Component, dict[Moment, Component], set[Moment]]:
    """The appointment or series of a resource, its exceptions by when they would have begun, and when it does not take place."""
    calendar = ical.Calendar.from_ical(content)
    series: Component | None = None
    excluded: set[Moment] = set()
    exceptions: dict[Moment, Component] = {}
    for event in calendar.walk("VEVENT"):
        component = _component(event)
        if "RECURRENCE-ID" in event:
            exceptions[comparable(_value(event, "RECURRENCE-ID"))] = component
        else:
            series = component
            given: Any = event.get("EXDATE", [])
            excluded = {
                comparable(each.dt) for dates in (given if isinstance(given, list) else [given]) for each in dates.dts
            }
    if series is None:
        raise ValueError("its series is no longer there")
    return series, exceptions, excluded


def with_uid_of(other: str, content: str) -> str:
    """A content under the UID of another one."""
    uid = uid_of(other)
    calendar = ical.Calendar.from_ical(content)
    for event in calendar.walk("VEVENT"):
        event.pop("UID", None)
        event.add("uid", uid)
    return str(calendar.to_ical().decode())


def uid_of(content: str) -> str:
    return next((str(event.get("UID", "")) for event in ical.Calendar.from_ical(content).walk("VEVENT")), "")


def exclusion(moment: Moment, start: Moment) -> str:
    """The line that leaves out an occurrence of a series."""
    event = ical.Event()
    event.add("exdate", _like(moment, start))
    return next(str(line) for line in event.content_lines() if str(line).startswith("EXDATE"))


def comparable(moment: Moment) -> Moment:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else moment


def _value(event: Any, name: str) -> Moment:
    value: Moment = event[name].dt
    return value


def _component(event: Any) -> Component:
    start = _value(event, "DTSTART")
    lines = [str(line) for line in event.content_lines() if str(line).startswith(RULES)]
    return Component(
        str(event.get("SUMMARY", "")),
        start,
        _value(event, "DTEND") if "DTEND" in event else start,
        str(event.get("TRANSP", "")).upper() != "TRANSPARENT",
        str(event.get("LOCATION", "")) or None,
        tuple(sorted(lines)),
    )
