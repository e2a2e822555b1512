"""Subscriptions: a calendar that others publish under an address. It is read, never written, and its version counts."""

import hashlib
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from focusflow.contracts.calendar import SUBSCRIPTION
from focusflow.outbound import OutboundClient, OutboundResponse
from ingestion.calendars.connection import Connection, Outcome, SyncFailed
from ingestion.calendars.events import QUERIES, EventWriter
from ingestion.calendars.http import failure_of
from ingestion.calendars.reading import PAST, Reading, fields_of, read
from ingestion.importers.engine.files import Malformed

MAX_BYTES = 10 << 20

#: An unchanged calendar is read again after so long: series with exceptions are written out for a year ahead.
READ_AGAIN = timedelta(days=7)


def sync(connection: Connection, client: OutboundClient) -> Outcome:
    """Bring the appointments of a subscription up to date."""
    with connection.transaction() as tx:
        now = tx.now
    state, is_fresh = connection.state, _is_fresh(connection, now)
    answer = _fetch(connection, client, state if is_fresh else {})
    if answer.status == 304:
        return _unchanged(connection)
    digest = hashlib.sha256(answer.body).hexdigest()
    if is_fresh and digest == state.get("digest"):
        return _unchanged(connection)
    try:
        reading = read(answer.body, connection.zone, now)
    except Malformed as problem:
        raise SyncFailed(str(problem)) from problem
    outcome = Outcome(findings=reading.findings)
    with connection.transaction() as tx:
        writer = EventWriter(tx, connection.account)
        _apply(writer, f"{SUBSCRIPTION}{connection.id}", reading, now - PAST)
        connection.state = _validators(answer) | {
            "choice": state["choice"],
            "digest": digest,
            "read_at": now.isoformat(),
            "timezone": connection.account.timezone,
            "events": len(reading.events),
        }
        connection.keep_state(tx)
    outcome.add(writer.counts | {"events": len(reading.events)})
    return outcome


def _unchanged(connection: Connection) -> Outcome:
    """The findings of the last reading still hold."""
    counts = {"added": 0, "changed": 0, "removed": 0, "events": connection.state.get("events", 0)}
    return Outcome(counts, is_unchanged=True)


def _is_fresh(connection: Connection, now: datetime) -> bool:
    """Whether an unchanged answer need not be read: it was read lately, and in the user's present zone."""
    state = connection.state
    if state.get("timezone") != connection.account.timezone or "read_at" not in state:
        return False
    return datetime.fromisoformat(state["read_at"]) > now - READ_AGAIN


def _fetch(connection: Connection, client: OutboundClient, state: dict[str, Any]) -> OutboundResponse:
    conditions = {"If-None-Match": state.get("etag"), "If-Modified-Since": state.get("last_modified")}
    headers = {"Accept": "text/calendar, text/plain;q=0.5, */*;q=0.1"}
    headers |= {name: value for name, value in conditions.items() if value}
    login = (connection.username, connection.password or "") if connection.username else None
    answer = client.request("GET", connection.address, headers=headers, auth=login, max_bytes=MAX_BYTES)
    if answer.status == 304 and state:
        return answer
    if not answer.is_success:
        raise failure_of(answer, urlsplit(connection.address).hostname or "The server")
    return answer


def _validators(answer: OutboundResponse) -> dict[str, str]:
    names = {"etag": "etag", "last_modified": "last-modified"}
    return {name: answer.headers[header] for name, header in names.items() if header in answer.headers}


def _apply(writer: EventWriter, calendar_id: str, reading: Reading, since: datetime) -> None:
    """Make the rows of the calendar those of the text. What a text that was cut off does not hold is kept."""
    rows = {row["external_id"]: row for row in writer.tx.all(QUERIES["events"], {"calendar_id": calendar_id})}
    writer.add({id_: event for id_, event in reading.events.items() if id_ not in rows}, "ics", calendar_id)
    for id_, event in reading.events.items():
        if id_ in rows:
            writer.change(rows[id_], fields_of(event))
    if reading.is_whole:
        gone = [
            row["id"]
            for id_, row in rows.items()
            if id_ not in reading.events and not reading.is_unreadable(id_) and not _is_over(id_, row, since)
        ]
        writer.remove(gone)


def _is_over(source_id: str, row: Any, since: datetime) -> bool:
    """Occurrences of a series from before what is written out of it took place, and stay."""
    return "|" in source_id and row["end_at"] < since
