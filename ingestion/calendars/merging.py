"""What a resource of a server becomes here. Both sides' edits are kept: a field that changed on one side only is taken over, and where both
changed it, the later change wins and the other value is recorded. An edit wins over a deletion.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from focusflow.clock import zone
from focusflow.contracts.calendar import PLAN_CALENDAR, CalendarSource
from ingestion.calendars import writing
from ingestion.calendars.connection import Connection, Outcome
from ingestion.calendars.events import QUERIES, fields_of_row
from ingestion.calendars.objects import DIRTY, Entry, Object, Row, Store
from ingestion.calendars.reading import PAST, Reading, fields_of, read
from ingestion.calendars.server import Resource
from ingestion.importers.engine.files import Malformed
from ingestion.importers.engine.records import CalendarEvent, Finding, Place


@dataclass(slots=True)
class Merger:
    """Brings resources of the server here."""

    connection: Connection
    outcome: Outcome
    now: datetime
    source: CalendarSource
    omitted: frozenset[str] = frozenset()
    keeps_series: bool = True

    @property
    def here(self) -> ZoneInfo:
        return zone(self.connection.account.timezone)

    def calendar_id(self, calendar: str) -> str:
        """The id that the appointments of a calendar have here."""
        if calendar == self.connection.row["plan_calendar"]:
            return PLAN_CALENDAR
        digest = hashlib.blake2b(calendar.encode(), digest_size=8).hexdigest()
        return f"{self.source}:{self.connection.id}:{digest}"

    def read(self, resource: Resource) -> Reading | None:
        """What the resource says; None if it is no calendar."""
        name = resource.href.rpartition("/")[2]
        try:
            reading = read(resource.content.encode(), self.here, self.now)
        except Malformed as problem:
            self.outcome.findings.append(Finding(Place(1, name), str(problem)))
            return None
        self.outcome.findings += [
            Finding(Place(each.place.line, name), each.reason, each.outcome) for each in reading.findings
        ]
        return reading

    def merge(self, store: Store, resource: Resource, calendar: str, read_in: ZoneInfo | None = None) -> None:
        """Bring the state of a resource here. What both sides last agreed on was read in the zone `read_in`, if not in the present one."""
        reading = self.read(resource)
        if reading is None:
            return
        known = store.object(resource.href) or self._adopted(store, resource, calendar, reading)
        if known is None and calendar == self.connection.row["plan_calendar"]:
            return  # of somebody else: what is in the calendar of plans is no meeting
        merged = Object(resource.href, calendar, resource.etag, resource.content, {})
        if known is not None:
            self._merge_entries(store, known, merged, reading, self.base(known, read_in or self.here))
        new = {id_: event for id_, event in reading.events.items() if id_ not in merged.entries}
        merged.entries |= self.add(store, merged, new)
        store.keep(merged)

    def _merge_entries(
        self, store: Store, known: Object, merged: Object, reading: Reading, base: Mapping[str, dict[str, Any]]
    ) -> None:
        rows = store.rows_of(known)
        changed_at = writing.changed_at_of(merged.content) or self.now
        for id_, entry in known.entries.items():
            row, event = rows.get(entry.event), reading.events.get(id_)
            is_written_out = False
            if event is None and row is not None and "|" not in id_ and entry.changes(row):
                event = self._whole(merged, id_)
                is_written_out = event is not None
            if event is None:
                kept = self._gone_there(store, id_, entry, row, reading)
            else:
                before = base.get(id_, entry.fields)
                there = {name: value for name, value in fields_of(event).items() if value != before.get(name)}
                kept = (
                    self._gone_here(store, entry, event, there)
                    if row is None
                    else self.on_both(store, entry, row, there, changed_at)
                )
            if is_written_out and kept is not None and row is not None and kept.version != DIRTY:
                store.writer.remove([row["id"]])  # the other side changed it in the same way
            elif kept is not None:
                merged.entries[id_] = kept

    def _whole(self, resource: Object, id_: str) -> CalendarEvent | None:
        """A series without its exceptions, where these have it written out. What was changed here of the whole is merged with that."""
        try:
            return read(writing.without_exceptions(resource.content).encode(), self.here, self.now).events.get(id_)
        except (Malformed, ValueError):
            return None

    def on_both(self, store: Store, entry: Entry, row: Row, there: dict[str, Any], changed_at: datetime) -> Entry:
        here = entry.changes(row)
        contested = {name for name in here.keys() & there.keys() if here[name] != there[name]}
        if {"start_at", "end_at"} & contested:  # a start of one side and an end of the other make no appointment
            contested |= {"start_at", "end_at"} & (here.keys() | there.keys())
        taken = dict(there)
        if contested and changed_at >= row["updated_at"].replace(microsecond=0):
            lost = {name: row[name] for name in contested}
            store.record_conflict(row["id"], row["title"], "there", lost)
            taken |= {name: entry.fields.get(name, row[name]) for name in contested - there.keys()}
        elif contested:
            lost = {name: there.get(name, entry.fields.get(name)) for name in contested}
            store.record_conflict(row["id"], row["title"], "here", lost)
            taken = {name: value for name, value in there.items() if name not in contested}
        after = {**row, **taken}
        if after["end_at"] < after["start_at"]:
            taken |= {name: there.get(name, entry.fields.get(name, row[name])) for name in ("start_at", "end_at")}
        saved = store.writer.change(row, taken)
        agreed = Entry(entry.event, DIRTY, {**entry.fields, **there})
        if not agreed.changes(saved):
            agreed.version = saved["version"]
        return agreed

    def _gone_here(self, store: Store, entry: Entry, event: CalendarEvent, there: Mapping[str, Any]) -> Entry | None:
        """Deleted here. It is deleted there too, unless it changed there: then it comes back."""
        if not there:
            return entry
        store.record_conflict(None, event.title, "there", {})
        return None

    def _gone_there(self, store: Store, id_: str, entry: Entry, row: Row | None, reading: Reading) -> Entry | None:
        """No longer in the resource. It is deleted here too, unless it changed here: then it is written again."""
        is_part = "|" in id_ and id_.partition("|")[0] not in reading.events
        if row is None or (is_part and row["end_at"] < self.now - PAST):  # it took place, and is no longer written out
            return None
        if reading.is_unreadable(id_):
            return entry
        if not entry.changes(row):
            store.writer.remove([row["id"]])
            return None
        store.record_conflict(row["id"], row["title"], "here", {})
        return Entry(entry.event, DIRTY, {})

    def remove(self, store: Store, href: str) -> None:
        """A resource was deleted there. What was edited here meanwhile is written there again."""
        known = store.object(href)
        if known is None:
            return
        rows = store.rows_of(known)
        edited = {
            id_: Entry(each.event, DIRTY, {})
            for id_, each in known.entries.items()
            if each.event in rows and each.changes(rows[each.event])
        }
        kept = {each.event for each in edited.values()}
        store.writer.remove([id_ for id_ in rows if id_ not in kept])
        for each in edited.values() if known.etag else ():
            store.record_conflict(each.event, rows[each.event]["title"], "here", {})
        for id_ in [] if self.keeps_series else [id_ for id_ in edited if "|" in id_]:
            self.set_apart(store, rows[edited.pop(id_).event], known.calendar)
        if edited:
            store.keep(Object(href, known.calendar, "", known.content, edited))
        else:
            store.drop(href)

    def set_apart(self, store: Store, row: Row, calendar: str) -> None:
        """Have an occurrence of a series written as an appointment of its own."""
        name = str(row["id"])
        content = writing.created(name, fields_of_row(row), self.here, row["updated_at"])
        store.keep(Object(f"{calendar}/{name}", calendar, "", content, {name: Entry(row["id"], DIRTY, {})}))

    def add(self, store: Store, merged: Object, events: Mapping[str, CalendarEvent]) -> dict[str, Entry]:
        """Add appointments of a resource. An id that another resource of the calendar has too is told apart by the address."""
        if not events:
            return {}
        calendar_id = self.calendar_id(merged.calendar)
        found = store.tx.all(QUERIES["taken_ids"], {"calendar_id": calendar_id, "ids": list(events)})
        taken = {row["external_id"] for row in found}
        suffix = hashlib.blake2b(merged.href.encode(), digest_size=8).hexdigest()
        names = {id_: f"{id_[:480]}#{suffix}" if id_ in taken else id_ for id_ in events}
        ids = store.writer.add({names[id_]: event for id_, event in events.items()}, self.source, calendar_id)
        return {id_: Entry(ids[names[id_]], 1, fields_of(event)) for id_, event in events.items()}

    def _adopted(self, store: Store, resource: Resource, calendar: str, reading: Reading) -> Object | None:
        """A resource that was written from here, although the answer to that was lost."""
        row = store.rows([resource.own_id]).get(resource.own_id) if resource.own_id is not None else None
        if row is None or store.is_on_server(row["id"]):
            return None
        store.drop_others(row["id"])
        name = str(row["id"])
        event = reading.events.get(name)
        here, there = fields_of_row(row), fields_of(event) if event is not None else {}
        lacking = {name: value for name, value in there.items() if name in self.omitted and value != here[name]}
        there = {name: value for name, value in there.items() if name not in self.omitted}
        entry = Entry(row["id"], DIRTY if lacking else row["version"], {**here, **lacking})
        if row["version"] > 1 and event is None:  # exceptions have it written out there, and it may have changed here
            return Object(resource.href, calendar, "", "", {name: Entry(row["id"], DIRTY, {})})
        if event is None or row["version"] == 1:  # what was written, or what became of it there
            return Object(resource.href, calendar, "", "", {name: entry})
        changed_at = writing.changed_at_of(resource.content) or self.now
        is_later = changed_at > row["updated_at"]
        winner: Literal["here", "there"] = "there" if is_later else "here"
        losing = here if is_later else there
        if lost := {field: losing[field] for field in there if here[field] != there[field]}:
            store.record_conflict(row["id"], row["title"], winner, lost)
        if not is_later:
            entry = Entry(row["id"], DIRTY, {**here, **lacking, **there})
        return Object(resource.href, calendar, "", "", {name: entry})

    def base(self, known: Object, read_in: ZoneInfo) -> dict[str, dict[str, Any]]:
        """What the resource said when both sides last agreed."""
        if not known.content:
            return {}
        try:
            reading = read(known.content.encode(), read_in, self.now)
        except Malformed:
            return {}
        return {id_: fields_of(event) for id_, event in reading.events.items()}
