"""Resources of a server as both sides last agreed on them, and what lost when both had changed."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb

from focusflow.database.session import Transaction
from focusflow.identity import new_id
from ingestion.calendars.connection import Connection, Outcome
from ingestion.calendars.events import QUERIES, EventWriter, fields_of_row

#: The version of an appointment that has to be written although it did not change since.
DIRTY = 0

Row = Mapping[str, Any]


@dataclass(slots=True)
class Entry:
    """An appointment of a resource: which one it is here, and the version and the fields on which both sides last agreed."""

    event: UUID
    version: int
    fields: dict[str, Any]

    def changes(self, row: Row) -> dict[str, Any]:
        """What changed here since."""
        if row["version"] == self.version:
            return {}
        return {name: value for name, value in fields_of_row(row).items() if value != self.fields.get(name)}


@dataclass(slots=True)
class Object:
    """A resource. Without an ETag it is not known to be on the server."""

    href: str
    calendar: str
    etag: str
    content: str
    entries: dict[str, Entry]

    @classmethod
    def from_row(cls, row: Row) -> "Object":
        entries = {
            each["id"]: Entry(UUID(each["event"]), each["version"], _from_json(each["fields"]))
            for each in row["entries"]
        }
        return cls(row["href"], row["calendar"], row["etag"], row["content"], entries)


def _from_json(fields: Mapping[str, Any]) -> dict[str, Any]:
    if not fields:
        return {}
    moments = {name: datetime.fromisoformat(fields[name]) for name in ("start_at", "end_at") if name in fields}
    dates = {name: [datetime.fromisoformat(each) for each in fields.get(name, ())] for name in ("rdates", "exdates")}
    return {"extra_rrules": [], **fields, **moments, **dates}  # entries of older versions have no such lists


@dataclass(slots=True)
class Store:
    """The resources of a connection within a transaction, with the appointments that they became."""

    tx: Transaction
    writer: EventWriter
    connection: Connection
    conflicts: int = 0

    def object(self, href: str) -> Object | None:
        row = self.tx.one(QUERIES["object"], self._key(href=href))
        return None if row is None else Object.from_row(row)

    def objects(self, calendar: str) -> list[Object]:
        return [Object.from_row(row) for row in self.tx.all(QUERIES["objects_of"], self._key(calendar=calendar))]

    def rows(self, ids: Collection[UUID]) -> dict[UUID, Row]:
        """The appointments that are still there, locked."""
        return {row["id"]: row for row in self.tx.all(QUERIES["rows"], {"ids": list(ids)})} if ids else {}

    def rows_of(self, known: Object) -> dict[UUID, Row]:
        return self.rows([each.event for each in known.entries.values()])

    def is_on_server(self, event_id: UUID) -> bool:
        """Whether an appointment is known to be in a resource of the server."""
        return self.tx.one(QUERIES["object_with"], self._key(event_id=str(event_id))) is not None

    def drop_others(self, event_id: UUID) -> None:
        """Forget resources that are gone from the server, and were about to be written again for an appointment."""
        self.tx.run(QUERIES["drop_gone"], self._key(event_id=str(event_id)))

    def replace_href(self, known: Object, href: str) -> None:
        """A resource is under another address now. What was read there before, while it was written, were the same appointments."""
        self.drop(known.href)
        other = self.object(href)
        if other is not None:
            same = {each.event for each in known.entries.values()}
            self.writer.remove([each.event for each in other.entries.values() if each.event not in same])

    def keep(self, kept: Object) -> None:
        entries = [
            {"id": id_, "event": each.event, "version": each.version, "fields": each.fields}
            for id_, each in kept.entries.items()
        ]
        values = {"user_id": self.connection.account.id, "href": kept.href, "calendar": kept.calendar}
        values |= {"etag": kept.etag, "content": kept.content.replace("\0", "")}
        self.tx.run(QUERIES["keep_object"], self._key(**values, entries=Jsonb(entries, dumps=orjson.dumps)))

    def drop(self, href: str) -> None:
        self.tx.run(QUERIES["drop_object"], self._key(href=href))

    def record_conflict(
        self, event_id: UUID | None, title: str, winner: Literal["here", "there"], lost: Mapping[str, Any]
    ) -> None:
        """Keep what lost."""
        values = {"conflict_id": new_id(), "user_id": self.connection.account.id, "now": self.tx.now}
        values |= {"event_id": event_id, "title": title, "winner": winner}
        self.tx.run(QUERIES["add_conflict"], self._key(**values, lost=Jsonb(dict(lost), dumps=orjson.dumps)))
        self.conflicts += 1

    def _key(self, **more: Any) -> dict[str, Any]:
        return {"id": self.connection.id, **more}


@contextmanager
def opened(connection: Connection, outcome: Outcome) -> Iterator[Store]:
    """A transaction on the resources of a connection. Its counts hold once it is committed."""
    with connection.transaction() as tx:
        store = Store(tx, EventWriter(tx, connection.account), connection)
        yield store
    outcome.add(store.writer.counts | {"conflicts": store.conflicts})
