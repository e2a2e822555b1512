"""Sends what waits to the endpoints of users: at least once, again and again for about three days, and nobody waits behind another's endpoint."""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit
from uuid import UUID

from psycopg.types.json import Jsonb

from focusflow import clock, webhooks
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.encryption import decrypt
from focusflow.errors import Unavailable
from focusflow.identity import new_id
from focusflow.outbound import OutboundClient, OutboundFailed, OutboundPolicy, OutboundRefused, OutboundResponse
from focusflow.settings import Settings
from ingestion.webhooks.fan_out import FanOut

log = logging.getLogger(__name__)

QUERIES: Final = load_queries(Path(__file__).with_name("queries.sql"))

POLL_SECONDS = 1.0
TOTAL_SECONDS = 15.0
#: An answer says whether a message was taken. What else is in it is not read.
MAX_BYTES = 64 * 1024

#: How long to wait after each attempt of a delivery that failed: 71 hours in all.
PAUSES: Final = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 18, 22)),
)  # fmt: skip
JITTER = 0.2

#: After a failure an endpoint is left alone for a while, twice as long after each further one: what else waits for it is not tried in vain.
FIRST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(hours=1)

#: Who claimed a delivery and has not said what became of it after this time was killed.
LEASE: Final = timedelta(seconds=60)

#: Endpoints that are served at a time: of all users, of one, and of those that fail or are slow.
AT_ONCE, AT_ONCE_OF_A_USER, AT_ONCE_SLOW = 16, 2, 6
SLOW_SECONDS = 2.0

#: An endpoint with much to be sent makes room for others after this time.
TURN_SECONDS = 5.0

GONE = 410
NOT_TAKEN = "The endpoint answered {}."
REDIRECTED = "The endpoint answered {}, a redirect. Redirects are not followed: enter the new address."
UNREADABLE = "The secret of this endpoint cannot be read with the key of this installation. Rotate it."
DISABLED_TITLE = "A webhook was turned off"
DISABLED = "No message to {} was accepted for three days. Turn the webhook on again in the settings, then send again what was missed."
DISABLED_GONE = "{} answered that it is gone (410). Turn the webhook on again in the settings if that was a mistake."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt. `problem` is None if the message was taken."""

    status: int | None
    problem: str | None = None
    retry_after: timedelta | None = None


@dataclass(slots=True)
class WebhookSender:
    """Reads the log and sends what waits. A context manager that works in threads of its own."""

    settings: Settings
    database: Database
    now: Callable[[], datetime] = clock.now
    jitter: Callable[[], float] = lambda: random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (spreads load)
    _busy: dict[UUID, tuple[UUID, bool]] = field(default_factory=dict)  # endpoint: its user, whether it is slow
    _slow: set[UUID] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _workers: ThreadPoolExecutor = field(init=False)
    _client: OutboundClient = field(init=False)

    def __post_init__(self) -> None:
        self._workers = ThreadPoolExecutor(AT_ONCE, "webhooks")
        policy = OutboundPolicy.of(self.settings.outbound_networks)
        self._client = OutboundClient(policy, user_agent="FocusFlow-Webhooks")

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.close()

    def close(self) -> None:
        """Wait for what is on its way."""
        self._workers.shutdown()
        self._client.close()

    def turn(self) -> list[Future[None]]:
        """Read the log, and begin to serve endpoints as long as there is room. Returns what was begun."""
        FanOut(self.database).drain()
        with self._lock:
            busy, slow = dict(self._busy), frozenset(self._slow)
        with self.database.transaction(Role.REPORTING) as tx:
            values = {"now": self.now(), "busy": list(busy), "limit": 4 * AT_ONCE}
            rows = tx.all(QUERIES["due"], values)
        users = Counter(user for user, _ in busy.values())
        slow_ones = sum(is_slow for _, is_slow in busy.values())
        begun: list[Future[None]] = []
        for row in rows:
            is_slow = row["is_failing"] or row["id"] in slow
            has_room = len(busy) + len(begun) < AT_ONCE and users[row["user_id"]] < AT_ONCE_OF_A_USER
            if not has_room or (is_slow and slow_ones >= AT_ONCE_SLOW):
                continue
            with self._lock:
                self._busy[row["id"]] = (row["user_id"], is_slow)
            begun.append(self._workers.submit(self._serve, row["id"]))
            users[row["user_id"]] += 1
            slow_ones += is_slow
        return begun

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            try:
                self.turn()
            except Unavailable as problem:
                log.warning("webhooks wait: %s", problem)
            except Exception:
                log.exception("webhooks could not be sent")

    def _serve(self, endpoint_id: UUID) -> None:
        """Send to one endpoint, until nothing waits, something fails, or others have waited long enough."""
        until = time.monotonic() + TURN_SECONDS
        try:
            while not self._stop.is_set() and self._send_next(endpoint_id) and time.monotonic() < until:
                pass
        except Unavailable as problem:
            log.warning("a webhook waits: %s", problem)
        except Exception:
            log.exception("the endpoint %s could not be served", endpoint_id)
        finally:
            with self._lock:
                del self._busy[endpoint_id]

    def _send_next(self, endpoint_id: UUID) -> bool:
        """Whether something was sent, and taken."""
        now = self.now()
        with self.database.transaction(Role.REPORTING) as tx:
            row = tx.one(QUERIES["claim"], {"endpoint_id": endpoint_id, "now": now, "until": now + LEASE})
        if row is None:
            return False
        began = time.monotonic()
        outcome = self._attempt(row)
        with self._lock:
            (self._slow.add if time.monotonic() - began > SLOW_SECONDS else self._slow.discard)(endpoint_id)
        with self.database.transaction(Role.REPORTING) as tx:
            self._record(tx, row, outcome)
        return outcome.problem is None

    def _attempt(self, row: Mapping[str, Any]) -> Outcome:
        now = self.now()
        stored = [row["secret"], row["old_secret"] if row["old_secret"] and row["old_secret_until"] > now else None]
        keys = [self.settings.signing_key]
        found = [decrypt(keys, webhooks.PURPOSE, row["user_id"], each) for each in stored if each is not None]
        secrets = [each for each in found if each is not None]
        if not secrets:
            return Outcome(None, UNREADABLE)
        content = webhooks.body(row["type"], row["happened_at"], row["data"])
        headers = webhooks.headers(row["event_id"], now, content, secrets) | {"content-type": "application/json"}
        try:
            answer = self._client.request(
                "POST",
                row["url"],
                content=content,
                headers=headers,
                follow_redirects=False,
                max_bytes=MAX_BYTES,
                total_seconds=TOTAL_SECONDS,
            )
        except (OutboundRefused, OutboundFailed) as problem:
            return Outcome(None, str(problem))
        return _outcome(answer, now)

    def _record(self, tx: Transaction, row: Mapping[str, Any], outcome: Outcome) -> None:
        now = self.now()
        values = {"id": row["id"], "endpoint_id": row["endpoint_id"], "now": now, "response_status": outcome.status}
        if outcome.problem is None:
            tx.run(QUERIES["delivered"], values)
            tx.run(QUERIES["works"], values)
            return
        values["problem"] = outcome.problem
        pause = PAUSES[row["attempts"] - 1] * self.jitter() if row["attempts"] <= len(PAUSES) else None
        again_at = now + max(pause, outcome.retry_after or pause) if pause else None
        rest = min(FIRST_REST * 2 ** min(row["failures"], 20), LONGEST_REST)
        rest = max(rest, min(outcome.retry_after or rest, LONGEST_REST))
        tx.run(QUERIES["failed"], values | {"status": "waiting" if again_at else "dead", "next_attempt_at": again_at})
        tx.run(QUERIES["fails"], values | {"paused_until": now + rest})
        has_failed_throughout = (
            row["failing_since"] is not None and row["failing_since"] <= now - sum(PAUSES, timedelta()) / 2
        )
        if outcome.status == GONE or (again_at is None and has_failed_throughout):
            self._disable(tx, row, values, DISABLED_GONE if outcome.status == GONE else DISABLED)

    def _disable(self, tx: Transaction, row: Mapping[str, Any], values: Mapping[str, Any], reason: str) -> None:
        """Turn off an endpoint and tell its user, once. What waits for it can be sent again by hand."""
        host = urlsplit(row["url"]).hostname or ""
        if tx.one(QUERIES["disable"], values) is None:
            return
        tx.run(QUERIES["bury"], values)
        text = reason.format(host)
        note = {"id": new_id(), "user_id": row["user_id"], "now": values["now"], "title": DISABLED_TITLE, "body": text}
        tx.run(QUERIES["notify"], note | {"data": Jsonb({"endpoint_id": str(row["endpoint_id"])})})


def _outcome(answer: OutboundResponse, now: datetime) -> Outcome:
    if answer.is_success:
        return Outcome(answer.status)
    sentence = REDIRECTED if 300 <= answer.status < 400 else NOT_TAKEN
    return Outcome(answer.status, sentence.format(answer.status), retry_after(answer.headers.get("retry-after"), now))


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """How long a server asks to be left alone, a day at most.

    >>> from datetime import datetime, UTC
    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> [str(retry_after(each, now)) for each in ("120", "Thu, 01 Jan 2026 01:00:00 GMT", "soon", None)]
    ['0:02:00', '1:00:00', 'None', 'None']
    """
    if header is None:
        return None
    try:
        wait = (
            timedelta(seconds=int(header))
            if header.strip().isdecimal()
            else parsedate_to_datetime(header).astimezone(UTC) - now
        )
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), timedelta(days=1))
