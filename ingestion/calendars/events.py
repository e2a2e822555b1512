"""Appointments of a connected calendar as rows and events, by the contract of all other writes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from focusflow.contracts.calendar import CalendarSource
from focusflow.database import outbox
from focusflow.database.queries import load_queries
from focusflow.database.rows import update_row
from focusflow.database.session import Transaction
from focusflow.database.tables import calendar_events
from focusflow.identity import new_id, new_id_at
from ingestion.calendars.reading import FIELDS, fields_of
from ingestion.importers.engine.importing import Account
from ingestion.importers.engine.records import CalendarEvent
from ingestion.replay import Change, history, insert_rows

QUERIES: Final = load_queries(Path(__file__).with_name("queries.sql"))

Row = Mapping[str, Any]


@dataclass(slots=True)
class EventWriter:
    """Writes a user's appointments, and counts them. Nobody did this by hand, so the actor is the system."""

    tx: Transaction
    account: Account
    counts: dict[str, int] = field(default_factory=lambda: {"added": 0, "changed": 0, "removed": 0})

    def add(
        self,
        events: Mapping[str, CalendarEvent],
        source: CalendarSource,
        calendar_id: str,
    ) -> dict[str, UUID]:
        """Add appointments under the ids that they have in the calendar. What already took place is part of the past."""
        now = self.tx.now
        ids = {source_id: new_id_at(_known_since(event, now)) for source_id, event in events.items()}
        changes = (
            Change(
                _known_since(event, now),
                "calendar.created",
                ids[source_id],
                fields_of(event) | {"source": source, "calendar_id": calendar_id, "external_id": source_id},
                "system",
            )
            for source_id, event in events.items()
        )
        written = history(
            changes,
            new_id_at,
            user_id=self.account.id,
            timezone=self.account.timezone,
            until=now,
            recorded_at=now,
        )
        for table, rows in written.rows.items():
            insert_rows(self.tx, table, rows)
        if written.events:
            outbox.append(self.tx, written.events)
        self.counts["added"] += len(ids)
        return ids

    def change(self, row: Row, fields: Mapping[str, Any]) -> Row:
        """Change the fields of an appointment. Without a difference, nothing is written."""
        changes = {name: value for name, value in fields.items() if row[name] != value}
        if not changes:
            return row
        after = update_row(self.tx, calendar_events, row["id"], changes)
        assert after is not None  # locked
        before = {name: row[name] for name in changes}
        self._append("calendar.updated", [(after, after["version"])], orjson.loads(orjson.dumps(before)))
        self.counts["changed"] += 1
        return after

    def remove(self, ids: Collection[UUID]) -> None:
        rows = self.tx.all(QUERIES["remove_events"], {"ids": list(ids)}) if ids else []
        self._append("calendar.deleted", [(row, row["version"] + 1) for row in rows])
        self.counts["removed"] += len(rows)

    def _append(self, type_: str, rows: Iterable[tuple[Row, int]], before: Row | None = None) -> None:
        events = [
            outbox.event(
                type_,
                user_id=self.account.id,
                timezone=self.account.timezone,
                subject=row["id"],
                version=version,
                data=row,
                before=before,
                recorded_at=self.tx.now,
                actor="system",
                id_=new_id(),
            )
            for row, version in rows
        ]
        if events:
            outbox.append(self.tx, events)


def _known_since(event: CalendarEvent, now: datetime) -> datetime:
    return min(event.created_at or event.start_at, event.start_at, now)


def fields_of_row(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in FIELDS}
