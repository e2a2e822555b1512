"""Two-way synchronization with an account on a server of calendars: what changed there is brought here, then what changed here is written there.

Each resource is kept by one transaction, and the sync token after all of them: what is interrupted is repeated, and what is repeated changes
nothing.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb

from focusflow.clock import zone
from focusflow.contracts.calendar import PLAN_CALENDAR
from focusflow.series import SERIES_FIELDS
from ingestion.calendars import writing
from ingestion.calendars.components import uid_of
from ingestion.calendars.connection import Connection, Outcome, SyncFailed
from ingestion.calendars.events import QUERIES, fields_of_row
from ingestion.calendars.merging import Merger
from ingestion.calendars.objects import DIRTY, Entry, Object, Row, Store, opened
from ingestion.calendars.reading import PAST, fields_of
from ingestion.calendars.server import (
    BATCH,
    CalendarServer,
    Exists,
    OccurrencesGone,
    Precondition,
    Refused,
    RemoteCalendar,
    Resource,
)
from ingestion.importers.engine.records import Finding, Place

#: Before any change here, so that it wins over what only follows from it.
EARLIEST = datetime.min.replace(tzinfo=UTC)

#: What moves a series.
TIMES = frozenset({"start_at", "end_at", "all_day", *SERIES_FIELDS})

#: Appointments made here go to the server unless they ended longer ago.
OWN_PAST = timedelta(days=30)

#: A resource that changes again while it is written is read again so often.
ATTEMPTS = 3

#: After so many errors of the server nothing more is written.
FAILURES = 5

#: Everything is read again after so long: series with exceptions are written out for a year ahead.
READ_AGAIN = timedelta(days=7)

COUNTS = ("events", "added", "changed", "removed", "sent", "conflicts")


class TwoWaySync:
    """One synchronization of a connection."""

    def __init__(self, connection: Connection, server: CalendarServer) -> None:
        self._connection, self._server = connection, server
        self._outcome = Outcome(dict.fromkeys(COUNTS, 0), is_unchanged=True)
        self._failures: list[SyncFailed] = []
        with connection.transaction() as tx:
            self._now = tx.now
        self._merger = Merger(connection, self._outcome, self._now, server.source, server.omitted, server.keeps_series)

    def run(self) -> Outcome:
        chosen = self._calendars()
        self._forget_others({each.id for each in chosen})
        self._read_again_when_due()
        for calendar in chosen:
            self._pull(calendar)
            self._push(calendar)
        with opened(self._connection, self._outcome) as store:
            objects = [each for calendar in chosen for each in store.objects(calendar.id)]
        self._outcome.counts["events"] = sum(len(each.entries) for each in objects)
        if self._failures:
            raise self._failures[0]
        return self._outcome

    def _calendars(self) -> list[RemoteCalendar]:
        """The calendars that are read, and those that get what is made here."""
        found, row = self._server.calendars(), self._connection.row
        kept = [{"id": each.id, "name": each.name, "is_read_only": each.is_read_only} for each in found]
        with self._connection.transaction() as tx:
            values = {"id": self._connection.id, "calendars": Jsonb(kept, dumps=orjson.dumps)}
            tx.run(QUERIES["keep_calendars"], values)
            if self._server.account is not None:
                self._connection.claim_account(tx, self._server.account)
        targets, selected = (row["own_calendar"], row["plan_calendar"]), row["selected"]
        return [each for each in found if each.id in targets or selected is None or each.id in selected]

    def _forget_others(self, chosen: set[str]) -> None:
        """Calendars that are no longer read: their appointments go, those that were made here stay."""
        with self._connection.transaction() as tx:
            known = {row["calendar"] for row in tx.all(QUERIES["known_objects"], {"id": self._connection.id})}
        for calendar in known - chosen:
            with opened(self._connection, self._outcome) as store:
                for each in store.objects(calendar):
                    rows = store.rows_of(each).values()
                    store.writer.remove([row["id"] for row in rows if row["source"] == self._server.source])
                    store.drop(each.href)

    def _read_again_when_due(self) -> None:
        """In another zone, or after a while, what is stored is read as if it came again from the server."""
        state, timezone = self._connection.state, self._connection.account.timezone
        read_at = datetime.fromisoformat(state["read_at"]) if "read_at" in state else None
        if read_at is not None and read_at > self._now - READ_AGAIN and state["timezone"] == timezone:
            return
        read_in = zone(state.get("timezone") or timezone)
        with self._connection.transaction() as tx:
            hrefs = [row["href"] for row in tx.all(QUERIES["known_objects"], {"id": self._connection.id})]
        for batch in _batches(hrefs):
            with opened(self._connection, self._outcome) as store:
                for known in filter(None, map(store.object, batch)):
                    if known.etag:
                        resource = Resource(known.href, known.etag, known.content)
                        self._merger.merge(store, resource, known.calendar, read_in)
        state |= {"timezone": timezone, "read_at": self._now.isoformat()}
        self._keep_state()

    def _keep_state(self) -> None:
        with self._connection.transaction() as tx:
            self._connection.keep_state(tx)

    # from there to here

    def _pull(self, calendar: RemoteCalendar) -> None:
        states: dict[str, dict[str, str]] = self._connection.state.setdefault("calendars", {})
        with self._connection.transaction() as tx:
            rows = tx.all(QUERIES["known_objects"], {"id": self._connection.id})
        known = {row["href"]: row["etag"] for row in rows if row["calendar"] == calendar.id}
        series = {row["href"]: row["is_series"] for row in rows if row["calendar"] == calendar.id}
        changes = self._server.changes(calendar, states.get(calendar.id, {}), series)
        removed = changes.removed & known.keys()
        if changes.is_full:
            removed = known.keys() - changes.changed.keys() - changes.unlisted
        new = [href for href, etag in changes.changed.items() if known.get(href) != etag]
        self._outcome.is_unchanged = self._outcome.is_unchanged and not new
        for batch in _batches(new):
            resources = list(self._server.fetch(calendar.id, batch))
            with opened(self._connection, self._outcome) as store:
                for resource in resources:
                    self._merger.merge(store, resource, calendar.id)
        for batch in _batches(sorted(href for href in removed if known[href])):
            with opened(self._connection, self._outcome) as store:
                for href in batch:
                    self._merger.remove(store, href)
        for href in sorted(changes.unlisted & known.keys()):
            if known[href]:
                self._pull_one(calendar, href)
        states[calendar.id] = changes.state
        self._keep_state()

    def _pull_one(self, calendar: RemoteCalendar, href: str) -> None:
        """Bring a resource here that is not as it was."""
        resource = self._server.get(href)
        with opened(self._connection, self._outcome) as store:
            if resource is None:
                self._merger.remove(store, href)
            else:
                self._merger.merge(store, resource, calendar.id)

    # from here to there

    def _push(self, calendar: RemoteCalendar) -> None:
        written = set[str]()
        while unwritten := self._unwritten(calendar) - written:  # while one is written, others may be set apart
            for href in sorted(unwritten):
                self._guarded(href.rpartition("/")[2], self._write, calendar, href)
            written |= unwritten
        for row in self._own_events(calendar):
            self._guarded(row["title"], self._create, calendar, row)

    def _unwritten(self, calendar: RemoteCalendar) -> set[str]:
        """The resources of which something changed here, or that are not known to be on the server."""
        with opened(self._connection, self._outcome) as store:
            objects = store.objects(calendar.id)
            ids = [entry.event for each in objects for entry in each.entries.values()]
            versions = {row["id"]: row["version"] for row in store.tx.all(QUERIES["versions"], {"ids": ids})}
        return {
            known.href
            for known in objects
            if known.entries
            and not (known.etag and all(versions.get(each.event) == each.version for each in known.entries.values()))
        }

    def _guarded(self, name: str, write: Callable[..., None], *what: object) -> None:
        """What the server refuses keeps no other appointment from it. Its errors are told at the end."""
        try:
            write(*what)
        except Refused as problem:
            self._outcome.findings.append(Finding(Place(1, name), str(problem)))
            self._outcome.is_unchanged = False
        except SyncFailed as problem:
            self._failures.append(problem)
            if problem.answered in {None, 401, 429, 503} or len(self._failures) >= FAILURES:
                raise

    def _write(self, calendar: RemoteCalendar, href: str) -> None:
        """Write what changed here; what changed there in the meantime is merged first."""
        for _ in range(ATTEMPTS):
            with opened(self._connection, self._outcome) as store:
                known = store.object(href)
                rows = store.rows_of(known) if known is not None else {}
                if known is None or self._is_settled(store, calendar, known, rows):
                    return
            gone = {id_ for id_, each in known.entries.items() if each.event not in rows}
            changed = {id_: rows[each.event] for id_, each in known.entries.items() if id_ not in gone}
            changed = {id_: row for id_, row in changed.items() if known.entries[id_].changes(row)}
            try:
                if not changed and not gone:  # it was written, and the server did not say its ETag
                    self._pull_one(calendar, href)
                elif len(gone) == len(known.entries):
                    self._delete(known)
                else:
                    self._replace(known, changed, gone)
            except Precondition:
                self._pull_one(calendar, href)
            except OccurrencesGone as problem:
                self._set_apart(calendar, href, problem.moments)
            else:
                self._outcome.counts["sent"] += bool(changed or gone)
                return

    def _set_apart(self, calendar: RemoteCalendar, href: str, moments: Collection[datetime | date]) -> None:
        """What was changed here of a series, and is no longer an occurrence of it there, is an appointment of its own."""
        with opened(self._connection, self._outcome) as store:
            known = store.object(href)
            if known is None:
                return
            rows = store.rows_of(known)
            for id_ in [id_ for id_ in known.entries if writing.is_at(id_, moments, self._merger.here)]:
                row = rows.get(known.entries.pop(id_).event)
                if row is not None:
                    self._merger.set_apart(store, row, calendar.id)
            store.keep(known)

    def _is_settled(self, store: Store, calendar: RemoteCalendar, known: Object, rows: Mapping[UUID, Row]) -> bool:
        """Whether there is nothing to write. In a calendar that cannot be written, its own version counts."""
        is_complete = all(each.event in rows for each in known.entries.values())
        is_changed = any(each.changes(rows[each.event]) for each in known.entries.values() if each.event in rows)
        if is_complete and not is_changed and known.etag:
            for each in known.entries.values():
                each.version = rows[each.event]["version"]
            store.keep(known)
            return True
        if not calendar.is_read_only:
            return False
        for each in known.entries.values():
            row = rows.get(each.event)
            if row is not None and (lost := each.changes(row)):
                store.record_conflict(row["id"], row["title"], "there", {name: row[name] for name in lost})
                each.version = store.writer.change(row, each.fields)["version"]
        reading = self._merger.read(Resource(known.href, known.etag, known.content))
        missing = {id_ for id_, each in known.entries.items() if each.event not in rows}
        events = reading.events if reading is not None else {}
        known.entries = {id_: each for id_, each in known.entries.items() if id_ not in missing}
        known.entries |= self._merger.add(store, known, {id_: events[id_] for id_ in missing & events.keys()})
        store.keep(known)
        return True

    def _delete(self, known: Object) -> None:
        if known.etag:
            self._server.delete(_resource_of(known))
        with opened(self._connection, self._outcome) as store:
            store.drop(known.href)

    def _replace(self, known: Object, changed: Mapping[str, Row], gone: set[str]) -> None:
        changes = {id_: fields_of_row(row) for id_, row in changed.items()}
        changed_at = max((row["updated_at"] for row in changed.values()), default=self._now)
        try:
            content = writing.edited(known.content, changes, gone, self._merger.here, changed_at)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise Refused(f"it cannot be written: {error}") from error
        try:
            written = self._server.replace(_resource_of(known), content)
        except (OccurrencesGone, Precondition, Refused):
            raise
        except Exception:
            self._record_dropped(known, changed)
            raise
        with opened(self._connection, self._outcome) as store:
            if written.href != known.href:
                store.replace_href(known, written.href)
            self._keep_written(store, known, changed, gone, written)

    def _record_dropped(self, known: Object, changed: Mapping[str, Row]) -> None:
        """Where a series was moved and nobody knows whether that arrived, the server may have dropped its exceptions."""
        whole = next((id_ for id_ in changed if "|" not in id_), None)
        if (
            whole is None
            or self._server.keeps_series
            or not known.entries[whole].changes(changed[whole]).keys() & TIMES
        ):
            return
        series = known.entries[whole].fields or fields_of_row(changed[whole])
        with opened(self._connection, self._outcome) as store:
            for id_, each in known.entries.items():
                own = {
                    name: value for name, value in each.fields.items() if name not in TIMES and value != series[name]
                }
                if id_ not in changed and own:
                    store.record_conflict(each.event, each.fields["title"], "here", own)

    def _keep_written(
        self, store: Store, known: Object, changed: Mapping[str, Row], gone: set[str], written: Resource
    ) -> None:
        """Keep what was written, as it is read again: an exception turns a series into single appointments."""
        reading = self._merger.read(written)
        rows = store.rows_of(known)
        sent_rows = {known.entries[id_].event: row for id_, row in changed.items()}
        deleted = {known.entries[id_].event for id_ in gone}
        kept = Object(written.href, known.calendar, written.etag, written.content, {})
        entries = known.entries if written.href == known.href else _renamed(known, written)
        events = reading.events if reading is not None else {}
        base = self._merger.base(known, self._merger.here) if len(entries) > 1 else {}
        for id_, entry in entries.items():
            row, sent = rows.get(entry.event), sent_rows.get(entry.event)
            after = entry if sent is None else Entry(entry.event, sent["version"], fields_of_row(sent))
            is_there = reading is None or id_ in reading.events or reading.is_unreadable(id_)
            is_there = is_there or (sent is not None and "|" in id_)  # moved to a time that is not written out
            if is_there and entry.event not in deleted:
                kept.entries[id_] = after
                if sent is None and row is not None and id_ in events and id_ in base:  # it follows its series
                    followed = {name: each for name, each in fields_of(events[id_]).items() if each != base[id_][name]}
                    kept.entries[id_] = self._merger.on_both(store, entry, row, followed, EARLIEST)
            elif row is not None and after.changes(row):  # changed again while it was written
                kept.entries[id_] = Entry(entry.event, DIRTY, {})
            elif row is not None and not ("|" in id_ and row["end_at"] < self._now - PAST):
                store.writer.remove([row["id"]])
        new = {id_: event for id_, event in events.items() if id_ not in entries}
        kept.entries |= self._merger.add(store, kept, new)
        store.keep(kept)

    def _own_events(self, calendar: RemoteCalendar) -> list[Row]:
        """What was made here and belongs into this calendar, but is not there yet."""
        row = self._connection.row
        if calendar.is_read_only or calendar.id not in (row["own_calendar"], row["plan_calendar"]):
            return []
        values = {"plans": calendar.id == row["plan_calendar"], "plan_calendar": PLAN_CALENDAR}
        with self._connection.transaction() as tx:
            return list(tx.all(QUERIES["own_events"], values | {"since": self._now - OWN_PAST}))

    def _create(self, calendar: RemoteCalendar, row: Row) -> None:
        """Write a new appointment."""
        content = writing.created(str(row["id"]), fields_of_row(row), self._merger.here, row["updated_at"])
        try:
            written = self._server.create(calendar.id, row["id"], content)
        except Exists as found:
            self._pull_one(calendar, found.href)
            return
        except Precondition as error:
            raise Refused("the calendar is no longer there") from error
        entry = Entry(row["id"], row["version"], fields_of_row(row))
        with opened(self._connection, self._outcome) as store:
            store.keep(Object(written.href, calendar.id, written.etag, written.content, {str(row["id"]): entry}))
        self._outcome.counts["sent"] += 1


def _resource_of(known: Object) -> Resource:
    events = [each.event for each in known.entries.values()]
    return Resource(known.href, known.etag, known.content, events[0] if len(events) == 1 else None)


def _renamed(known: Object, written: Resource) -> dict[str, Entry]:
    """The appointments of a resource under the ids that they have since it was written again."""
    before, after = uid_of(known.content), uid_of(written.content)
    return {
        f"{after}{id_.removeprefix(before)}" if id_.partition("|")[0] == before else id_: entry
        for id_, entry in known.entries.items()
    }


def _batches(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
