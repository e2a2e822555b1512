"""A web server on loopback that publishes calendars, and connections to it."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import orjson

from focusflow import encryption
from focusflow.contracts.calendar import CREDENTIALS
from focusflow.database.rows import insert_row
from focusflow.database.session import Database, Role
from focusflow.database.tables import calendar_connections
from focusflow.identity import new_id
from focusflow.key_ring import KeyRing
from focusflow.outbound import OutboundClient, OutboundPolicy
from ingestion.calendars.sync import CalendarSync

KEY = "the key of this installation, for tests"
LOOPBACK = OutboundPolicy.of(["127.0.0.1"])


@dataclass
class Page:
    """What an address answers with. A page without a body is only ever slow."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    is_slow: bool = False
    has_etag: bool = True


class Handler(BaseHTTPRequestHandler):
    server: "Publisher"

    def do_GET(self) -> None:
        self.server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        page = self.server.pages[self.path]
        if page.is_slow:
            self.server.closing.wait(60)
            return
        etag = f'"{hashlib.sha256(page.body).hexdigest()}"'
        is_known = page.has_etag and self.headers["If-None-Match"] == etag
        self.send_response(304 if is_known else page.status)
        if page.has_etag:
            self.send_header("ETag", etag)
        for name, value in page.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0" if is_known else str(len(page.body)))
        self.end_headers()
        if not is_known:
            self.wfile.write(page.body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class Publisher(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, Page] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()

    def publish(self, *lines: str, path: str = "/a.ics", **page: Any) -> str:
        """Publish a calendar of these lines. Returns its address."""
        text = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""])
        return self.serve(path, Page(text.encode(), **page))

    def serve(self, path: str, page: Page) -> str:
        self.pages[path] = page
        return f"http://127.0.0.1:{self.server_port}{path}"


@contextmanager
def publisher() -> Iterator[Publisher]:
    with Publisher() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


def event(uid: str, start: str = "20261201T090000Z", *more: str, title: str = "Meeting") -> list[str]:
    end = f"{start[:9]}{int(start[9:11]) + 1:02}{start[11:]}"
    return ["BEGIN:VEVENT", f"UID:{uid}", f"DTSTART:{start}", f"DTEND:{end}", f"SUMMARY:{title}", *more, "END:VEVENT"]


def syncer(
    database: Database, policy: OutboundPolicy = LOOPBACK, client: Any = OutboundClient, **more: Any
) -> CalendarSync:
    return CalendarSync(database, policy, KeyRing(KEY), timedelta(minutes=15), client, **more)


def connect(database: Database, user_id: UUID, url: str, kind: str = "ics", *, key: str = KEY, **fields: Any) -> UUID:
    """A connection as the API makes it."""
    login = {name: fields.pop(name, None) for name in ("username", "password")}
    secrets = fields.pop("secrets", {"url": url, **login})
    credentials = encryption.encrypt(key, CREDENTIALS, user_id, orjson.dumps(secrets))
    with database.transaction(Role.API, user_id) as tx:
        row = {"id": (id_ := new_id()), "kind": kind, "name": "Team", "host": "127.0.0.1", "credentials": credentials}
        row |= {"address_hash": hashlib.sha256(str(id_).encode()).hexdigest(), "next_sync_at": tx.now}
        insert_row(tx, calendar_connections, row | fields)
    return id_


def ask_again(database: Database, user_id: UUID, id_: UUID, **fields: Any) -> None:
    """Make a connection due."""
    changes = {"next_sync_at": None, **fields}
    with database.owner() as connection:
        for name, value in changes.items():
            assert name.isidentifier()
            connection.execute(
                f"update calendar_connections set {name} = coalesce(%s, clock_timestamp()) where id = %s", [value, id_]
            )


def row_of(database: Database, user_id: UUID, id_: UUID) -> dict[str, Any]:
    with database.transaction(Role.API, user_id) as tx:
        row = tx.one("select * from calendar_connections where id = %(id)s", {"id": id_})
    assert row is not None
    return row


def events_of(database: Database, user_id: UUID) -> list[dict[str, Any]]:
    with database.transaction(Role.API, user_id) as tx:
        return tx.all("select * from calendar_events order by start_at, title, id")


def outbox_events_of(database: Database, user_id: UUID) -> list[dict[str, Any]]:
    """The events in the outbox, in order."""
    with database.transaction(Role.INGESTION) as tx:
        rows = tx.all("select value from outbox where user_id = %(user)s order by id", {"user": user_id})
    return [orjson.loads(row["value"]) for row in rows]
