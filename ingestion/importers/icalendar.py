"""iCalendar: appointments (VEVENT) and tasks (VTODO). A component that cannot be read is skipped by itself, with its line."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from math import prod
from typing import Any

import icalendar as ical
import recurring_ical_events
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from focusflow.contracts.fields import Priority, TaskStatus
from focusflow.recurrence import occurrences, starts_on_rule
from focusflow.rrule import READERS, BadRecurrence, parse_rule
from focusflow.rule_days import is_empty
from focusflow.series import DATES_AT_MOST, EXTRA_RULES_AT_MOST, Series
from ingestion.importers.engine.files import File, Malformed, Upload
from ingestion.importers.engine.records import LIKELY, NO, SURE, CalendarEvent, Finding, Item, Place, Surroundings, Task
from ingestion.importers.engine.values import as_moment, clean_rule, read_duration, read_moment, read_zone

READ = frozenset({"VEVENT", "VTODO"})

#: What no calendar has of itself: the lines around it were lost.
WITHIN = frozenset({"DTSTART", "DTEND", "SUMMARY"})
STATES: Mapping[str, TaskStatus] = {"IN-PROCESS": "in_progress", "CANCELLED": "cancelled"}

#: Outlook writes `TZID=tzone://Microsoft/Utc` without the quotation marks that a colon needs.
UNQUOTED_ZONE = re.compile(r';TZID=([^":;]*:[^":;]*):(\d{8}[^:]*)$')

#: Series with exceptions are written out up to here.
AHEAD = timedelta(days=366)
OCCURRENCES = 5000

#: What takes longer than a moment to write out is not what anybody has in a calendar.
FIRST_YEAR, RULES, TIMES_A_DAY = 1900, 1 + EXTRA_RULES_AT_MOST, 24


def sniff(upload: Upload) -> int:
    found = sum(_is_calendar(file) and _begins_as_one(file) for file in upload.files)
    return NO if not found else SURE if found == len(upload.files) else LIKELY


def _is_calendar(file: File) -> bool:
    return "BEGIN:VCALENDAR" in file.start.upper() or "BEGIN:VEVENT" in file.start.upper()


def _begins_as_one(file: File) -> bool:
    """A file of another format may hold the text of a calendar, as a note."""
    return file.has_suffix(".ics", ".ical", ".ifb", ".icalendar") or file.start.lstrip().upper().startswith("BEGIN:V")


def read(upload: Upload, surroundings: Surroundings) -> Iterator[Item]:
    found = [file for file in upload.files if _is_calendar(file)]
    if not found:
        raise Malformed("The file holds no calendar: it has no line BEGIN:VCALENDAR.")
    for file in found:
        yield from _Calendar(file, upload.label(file), surroundings).items()


@dataclass(slots=True)
class Component:
    """A component as its lines, with the first line's number and its own properties."""

    name: str
    place: Place
    lines: list[str]
    properties: dict[str, list[tuple[Mapping[str, Any], str]]] = field(default_factory=dict)

    def value(self, name: str) -> str:
        found = self.properties.get(name)
        return found[0][1].strip() if found else ""

    def text(self, name: str) -> str:
        return _unescaped(self.value(name))

    def values(self, name: str) -> list[str]:
        return [value for _, value in self.properties.get(name, [])]

    def texts(self, name: str) -> list[str]:
        """The texts of a property that may hold several, and may be there several times."""
        parts = [part for _, value in self.properties.get(name, []) for part in re.split(r"(?<!\\),", value)]
        return [text for part in parts if (text := _unescaped(part))]


class _Splitter:
    """Splits lines into the components below the calendar. What is nested in one is part of its lines."""

    def __init__(self, label: str) -> None:
        self._calendar = Component("VCALENDAR", Place(1, label), [])
        self._current: Component | None = None
        self._depth = 0

    def take(self, line: str, place: Place) -> Iterator[Component | Finding]:
        word, _, name = line.strip().upper().partition(":")
        if name == "VCALENDAR" and word in {"BEGIN", "END"}:
            yield from self._abandon()
        elif word == "BEGIN":
            if name in READ:
                yield from self._abandon()
            if self._current is None:
                self._current, self._depth = Component(name, place, []), 0
            self._depth += 1
            self._current.lines.append(line)
        elif word == "END" and name in READ and self._current is None:
            yield Finding(place, f"{name} ends here and never begins")
        elif word == "END":
            yield from self._end(line)
        elif line.strip():
            yield from self._property(line, place)

    def finish(self) -> Iterator[Component | Finding]:
        """What is left at the end of the file, and the properties of the calendar itself."""
        yield from self._abandon()
        yield self._calendar

    def _abandon(self) -> Iterator[Finding]:
        if self._current is not None:
            yield Finding(self._current.place, f"{self._current.name} begins here and never ends")
            self._current = None

    def _end(self, line: str) -> Iterator[Component]:
        if self._current is None:
            return
        self._current.lines.append(line)
        self._depth -= 1
        if self._depth == 0:
            yield self._current
            self._current = None

    def _property(self, line: str, place: Place) -> Iterator[Finding]:
        target = self._current or self._calendar
        target.lines.append(line)
        if self._current is not None and self._depth > 1:
            return
        line = UNQUOTED_ZONE.sub(r';TZID="\1":\2', line)
        try:
            name, parameters, value = ical.parser.Contentline(line).raw_parts()  # type: ignore[no-untyped-call]
        except (ValueError, IndexError) as error:
            yield Finding(place, f"this line cannot be read: {error}", "changed")
            return
        if self._current is None and str(name).upper() in WITHIN:
            yield Finding(place, f"{name} stands here outside of any event")
        target.properties.setdefault(str(name).upper(), []).append((parameters, str(value)))


class _Calendar:
    def __init__(self, file: File, label: str, surroundings: Surroundings) -> None:
        self._label, self._surroundings = label, surroundings
        self._lines = _unfolded(file.text)
        self._zones: dict[str, tzinfo | None] = {}
        self._zone_components: dict[str, Component] = {}
        self._here: tzinfo = surroundings.zone
        self._name: str | None = None

    def items(self) -> Iterator[Item]:
        components: list[Component] = []
        for found in self._components():
            if isinstance(found, Finding):
                yield found
            elif found.name == "VTIMEZONE":
                if all("FREQ=YEARLY" in line.upper() for line in found.lines if line.upper().startswith("RRULE")):
                    self._zone_components[found.value("TZID")] = found
            elif found.name == "VCALENDAR":
                self._here = read_zone(found.value("X-WR-TIMEZONE")) or self._here
                self._name = found.text("X-WR-CALNAME") or None
            elif found.name in READ:
                components.append(found)
            else:
                yield Finding(found.place, f"{found.name} is neither an event nor a task")
        by_uid: dict[tuple[str, str], list[Component]] = {}
        for component in components:
            uid = (
                component.text("UID")
                or f"{component.value('SUMMARY')}|{component.value('DTSTART')}|{component.value('DUE')}"
            )
            by_uid.setdefault((component.name, uid), []).append(component)
        for (name, uid), same in by_uid.items():
            try:
                yield from self._task(uid, same) if name == "VTODO" else self._events(uid, same)
            except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
                yield Finding(same[0].place, f"it cannot be read: {error}")

    def _components(self) -> Iterator[Component | Finding]:
        splitter = _Splitter(self._label)
        for number, line in self._lines:
            yield from splitter.take(line, Place(number, self._label))
        yield from splitter.finish()

    def _zone_of(self, name: str) -> tzinfo | None:
        if name not in self._zones:
            self._zones[name] = self._find_zone(name)
        return self._zones[name]

    def _find_zone(self, name: str) -> tzinfo | None:
        known = read_zone(name) or read_zone(WINDOWS_TO_OLSON.get(name, ""))
        if known is not None or name not in self._zone_components:
            return known
        component = self._zone_components[name]
        known = read_zone(component.value("X-LIC-LOCATION"))
        if known is not None:
            return known
        try:
            made = ical.Timezone.from_ical("\r\n".join(component.lines))
            return made.to_tz() if isinstance(made, ical.Timezone) else None
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            return None

    def _moment(self, component: Component, name: str) -> datetime | date | None:
        """A moment or a day. A name of a zone that nobody knows means the calendar's own zone."""
        found = component.properties.get(name)
        if not found:
            return None
        parameters, value = found[0]
        zone_name = str(parameters.get("TZID", ""))
        here = self._zone_of(zone_name) if zone_name else None
        return read_moment(value.strip(), here or self._here)

    def _needed(self, component: Component, name: str) -> datetime | date:
        value = self._moment(component, name)
        if value is None:
            given = component.value(name)
            raise ValueError(f"{name} {given!r} is not a date" if given else f"it has no {name}")
        return value

    # events

    def _events(self, uid: str, same: list[Component]) -> Iterator[Item]:
        masters = sorted((each for each in same if "RECURRENCE-ID" not in each.properties), key=_sequence)
        changes = [each for each in same if "RECURRENCE-ID" in each.properties]
        for older in masters[:-1]:
            yield Finding(older.place, "the file has a newer version of it")
        if not masters:
            for each in changes:
                yield from self._event(f"{uid}|{each.value('RECURRENCE-ID')}", each)
            return
        (master,) = masters[-1:]
        rules = master.properties.get("RRULE", [])
        if not rules and not master.properties.get("RDATE"):
            for each in (master, *changes):
                yield from self._event(f"{uid}|{each.value('RECURRENCE-ID')}" if each is not master else uid, each)
            return
        series = None if changes or "EXRULE" in master.properties else self._series(master)
        if series is None:
            yield from self._written_out(uid, master, changes)
            return
        for item in self._event(uid, master):
            if isinstance(item, CalendarEvent):
                item.rrule, *item.extra_rrules = series.rules or (None,)
                item.rdates, item.exdates = list(series.added), list(series.left_out)
                if series.never_takes_place((item.start_at, item.end_at), f"{self._surroundings.zone}"):
                    yield Finding(item.place, "it never takes place")
                    continue
            yield item

    def _series(self, master: Component) -> Series | None:
        """The series as it can be stored; None if its occurrences have to be written out one by one."""
        start = self._needed(master, "DTSTART")
        begin = self._at(start)
        rules = tuple(clean_rule(value) or "" for value in master.values("RRULE"))
        added, left_out = (self._times(master, name, type(start)) for name in ("RDATE", "EXDATE"))
        if added is None or left_out is None or not all(rules) or len(rules) > RULES:
            return None
        if max(len(added), len(left_out)) > DATES_AT_MOST or min(added, default=begin) < begin:
            return None
        wall = begin.astimezone(self._surroundings.zone).replace(tzinfo=None)
        if rules and not (self._keeps_its_hour(master) and any(starts_on_rule(rule, wall) for rule in rules)):
            return None  # a start that is no day of the rules takes place beside those
        return Series(rules, tuple(added), tuple(left_out))

    def _times(self, component: Component, name: str, kind: type[date]) -> list[datetime] | None:
        """The times of a property, in order; None where one is none, or of another kind than the start, or a period."""
        found = []
        for parameters, value in component.properties.get(name, []):
            here = self._zone_of(str(parameters.get("TZID", ""))) or self._here
            found += [read_moment(each.strip(), here) for each in value.split(",")]
        if any(type(each) is not kind for each in found):
            return None
        return sorted({self._at(each) for each in found if each is not None})

    def _taken_out(self, master: Component, span: tuple[datetime, datetime]) -> Iterator[datetime]:
        """The times that an EXRULE takes out. RFC 5545 has it no more, and the library does not know it."""
        start = self._at(self._needed(master, "DTSTART"))
        for text in master.values("EXRULE"):
            rule = clean_rule(text)
            if rule is None:
                raise ValueError(f"the rule {text!r} of what is left out cannot be followed")
            for begins, _ in occurrences(rule, (start, start), self._zone_name(master), since=span[0], until=span[1]):
                yield begins

    def _keeps_its_hour(self, master: Component) -> bool:
        """Whether a rule that is followed in the user's zone takes place at the same times as in the event's."""
        return self._zone_name(master) == str(self._surroundings.zone)

    def _zone_name(self, master: Component) -> str:
        """The zone in which an event's rules are followed. Whole days are those of the user."""
        parameters, value = master.properties["DTSTART"][0]
        if not isinstance(self._needed(master, "DTSTART"), datetime):
            return str(self._surroundings.zone)
        return str(
            self._zone_of(str(parameters.get("TZID", ""))) or (UTC if value.strip().endswith("Z") else self._here)
        )

    def _written_out(self, uid: str, master: Component, changes: list[Component]) -> Iterator[Item]:
        first = self._needed(master, "DTSTART")
        begin = as_moment(first, self._here) or self._surroundings.now
        if problem := _unbounded(master, begin):
            yield Finding(master.place, f"{problem}, so it takes place once", "changed")
            yield from self._event(uid, master)
            return
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//FocusFlow//import//"]
        for each in (*self._zone_components.values(), master, *changes):
            lines += each.lines
        calendar = ical.Calendar.from_ical("\r\n".join([*lines, "END:VCALENDAR", ""]))
        starts = [begin, *filter(None, (as_moment(self._moment(each, "DTSTART"), self._here) for each in changes))]
        first_day = min(starts) - timedelta(days=2)  # an occurrence may have been moved to before the first one
        since = max(first_day, self._surroundings.since or first_day)
        until = self._surroundings.now + AHEAD
        taken_out = set(self._taken_out(master, (since, until)))
        found = [
            each
            for each in recurring_ical_events.of(calendar, skip_bad_series=True).between(since, until)
            if self._at(each["DTSTART"].dt) not in taken_out
        ]
        if not found and since < begin:
            yield Finding(master.place, "it never takes place")
        if len(found) > OCCURRENCES:
            yield Finding(
                master.place, f"it takes place {len(found):,} times; the first {OCCURRENCES:,} are imported", "changed"
            )
        plain = next(iter(self._event(uid, master)))
        lasts, changed = (
            self._length(master, changes),
            {self._at(self._needed(each, "RECURRENCE-ID")) for each in changes},
        )
        for occurrence in found[:OCCURRENCES]:
            begins, ends = (self._at(occurrence[name].dt) for name in ("DTSTART", "DTEND"))
            if not isinstance(plain, CalendarEvent) or str(occurrence.get("STATUS", "")).upper() == "CANCELLED":
                continue
            title = str(occurrence.get("SUMMARY") or plain.title)
            named = occurrence.get("RECURRENCE-ID")
            identity = self._at(named.dt) if named is not None else begins
            if lasts is not None and identity not in changed:
                ends = begins + lasts
            yield CalendarEvent(
                place=plain.place,
                source_id=f"{uid}|{identity:%Y%m%dT%H%M%SZ}",
                title=title,
                start_at=begins,
                end_at=max(begins, ends),
                all_day=not isinstance(occurrence["DTSTART"].dt, datetime),
                busy=str(occurrence.get("TRANSP", "")).upper() != "TRANSPARENT" and plain.busy,
                location=str(occurrence.get("LOCATION") or "") or plain.location,
                attendees=plain.attendees,
                created_at=plain.created_at,
            )

    def _length(self, master: Component, changes: list[Component]) -> timedelta | None:
        """How long each occurrence takes, whatever the clock does meanwhile (RFC 5545, 3.8.5.3); None where that is not the same for all."""
        start, end = self._needed(master, "DTSTART"), self._moment(master, "DTEND")
        is_whole_days = not (isinstance(start, datetime) and isinstance(end, datetime))
        has_periods = any("/" in value for value in master.values("RDATE"))
        if is_whole_days or has_periods or any("RANGE" in each.properties["RECURRENCE-ID"][0][0] for each in changes):
            return None
        return max(self._at(end) - self._at(start), timedelta())  # type: ignore[arg-type]  # both are moments

    def _at(self, value: datetime | date) -> datetime:
        if not isinstance(value, datetime):
            return datetime(value.year, value.month, value.day, tzinfo=self._surroundings.zone).astimezone(UTC)
        return (value if value.tzinfo else value.replace(tzinfo=self._here)).astimezone(UTC)

    def _event(self, source_id: str, component: Component) -> Iterator[Item]:
        if component.value("STATUS").upper() == "CANCELLED":
            yield Finding(component.place, "it is cancelled")
            return
        start = self._needed(component, "DTSTART")
        is_whole_day = not isinstance(start, datetime)
        end = self._moment(component, "DTEND")
        duration = read_duration(component.value("DURATION").lstrip("+"))
        if end is None and component.value("DTEND"):
            yield Finding(component.place, f"DTEND {component.value('DTEND')!r} is not a date", "changed")
        if end is None:
            end = start + (duration or timedelta(days=1)) if is_whole_day else start + (duration or timedelta())
        begins, ends = self._at(start), self._at(end)
        if ends < begins:
            yield Finding(component.place, "it ends before it begins")
            return
        is_free = component.value("TRANSP").upper() == "TRANSPARENT"
        is_free = is_free or component.value("X-MICROSOFT-CDO-BUSYSTATUS").upper() == "FREE"
        yield CalendarEvent(
            place=component.place,
            source_id=source_id,
            title=component.text("SUMMARY") or "No title",
            start_at=begins,
            end_at=ends,
            all_day=is_whole_day,
            busy=not is_free,
            location=component.text("LOCATION") or None,
            attendees=[_attendee(parameters, value) for parameters, value in component.properties.get("ATTENDEE", [])]
            + [_unescaped(name) for name in component.values("X-FOCUSFLOW-ATTENDEE")],
            created_at=as_moment(self._moment(component, "CREATED"), UTC),
        )

    # tasks

    def _task(self, uid: str, same: list[Component]) -> Iterator[Item]:
        *others, component = sorted(same, key=_sequence)
        for other in others:
            yield Finding(other.place, "the file has a newer version of it")
        status, here = component.value("STATUS").upper(), self._surroundings.zone
        title = component.text("SUMMARY")
        if not title:
            yield Finding(component.place, "it has no SUMMARY")
            return
        due, start = self._moment(component, "DUE"), self._moment(component, "DTSTART")
        for name, value in (("DUE", due), ("DTSTART", start)):
            if value is None and component.value(name):
                yield Finding(component.place, f"{name} {component.value(name)!r} is not a date", "changed")
        completed = as_moment(self._moment(component, "COMPLETED"), here)
        is_done = status == "COMPLETED" or (completed is not None and status in {"", "NEEDS-ACTION"})
        is_done = is_done or component.value("PERCENT-COMPLETE") == "100"
        rule = clean_rule(component.value("RRULE")) if component.value("RRULE") else None
        if rule is None and component.value("RRULE"):
            yield Finding(component.place, f"the rule {component.value('RRULE')!r} cannot be followed", "changed")
        duration = read_duration(component.value("ESTIMATED-DURATION") or component.value("DURATION"))
        yield Task(
            place=component.place,
            source_id=uid,
            title=title,
            description=component.text("DESCRIPTION") or None,
            notes="\n\n".join(map(_unescaped, component.values("COMMENT"))) or None,
            priority=_priority(component.value("PRIORITY")),
            status=_state(component, status, is_done=is_done),
            category=component.text("X-FOCUSFLOW-CATEGORY") or self._name,
            tags=component.texts("CATEGORIES"),
            due=due,
            start_at=as_moment(start, here, datetime.min.time()),
            estimated_minutes=round(duration.total_seconds() / 60) if duration else None,
            created_at=as_moment(self._moment(component, "CREATED") or self._moment(component, "DTSTAMP"), here),
            completed_at=(completed or as_moment(self._moment(component, "LAST-MODIFIED"), here)) if is_done else None,
            parent=next(iter(_related(component, "PARENT")), None),
            blocked_by=_related(component, "DEPENDS-ON"),
            recurrence=None if is_done else rule,
        )


def _state(component: Component, status: str, *, is_done: bool) -> TaskStatus:
    if component.value("X-FOCUSFLOW-STATUS") == "ARCHIVED":
        return "archived"
    return "completed" if is_done else STATES.get(status, "pending")


def _related(component: Component, kind: str) -> list[str]:
    """The tasks to which one has a relation of this type (RFC 9253)."""
    found = component.properties.get("RELATED-TO", [])
    return [_unescaped(value) for given, value in found if str(given.get("RELTYPE", "PARENT")).upper() == kind]


def _priority(text: str) -> Priority:
    """1 is the highest, 9 the lowest, 0 undefined."""
    number = int(text) if text.isdigit() else 0
    return "urgent" if number == 1 else "high" if 1 < number < 5 else "low" if number > 5 else "medium"


def _unbounded(master: Component, begin: datetime) -> str | None:
    """Why the rules of a series would take too long to follow; None if they would not."""
    if begin.year < FIRST_YEAR:
        return f"it recurs since the year {begin.year}"
    if len(master.texts("RDATE")) > OCCURRENCES:
        return f"it has more than {OCCURRENCES:,} dates"
    rules = [*master.values("RRULE"), *master.values("EXRULE")]
    if len(rules) > RULES:
        return f"it has more than {RULES} rules"
    return next(filter(None, map(_unbounded_rule, rules)), None)


def _unbounded_rule(text: str) -> str | None:
    parts = dict(part.partition("=")[::2] for part in text.strip().upper().removeprefix("RRULE:").split(";"))
    times = prod(len(parts.get(name, "").split(",")) for name in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    if times > TIMES_A_DAY:
        return f"the rule {text!r} recurs more than {TIMES_A_DAY} times a day"
    try:
        rule = parse_rule(";".join(f"{name}={value}" for name, value in parts.items() if name in READERS))
    except BadRecurrence as error:
        return f"the rule {text!r} cannot be followed: {error}"
    return f"no day of any year matches the rule {text!r}" if is_empty(rule) else None


def _sequence(component: Component) -> tuple[int, str]:
    text = component.value("SEQUENCE")
    return (int(text) if text.isdigit() else 0, component.value("LAST-MODIFIED") or component.value("DTSTAMP"))


def _attendee(parameters: Mapping[str, Any], value: str) -> str:
    name = parameters.get("CN")
    return str(name) if name else value.strip().partition(":")[2] or value.strip()


def _unescaped(text: str) -> str:
    return re.sub(r"\\([nN,;\\])", lambda found: "\n" if found[1] in "nN" else found[1], text).strip()


def _unfolded(text: str) -> list[tuple[int, str]]:
    """The logical lines, each with the number of its first."""
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line[:1] in {" ", "\t"} and lines:
            first, so_far = lines[-1]
            lines[-1] = (first, so_far + line[1:])
        else:
            lines.append((number, line))
    return lines
