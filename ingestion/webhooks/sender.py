"""Sends what waits to the endpoints of users: at least once, again and again for about three days, and nobody waits behind another's endpoint."""

import random
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from psycopg.types.json import Jsonb

from focusflow import clock, locales, webhooks
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.encryption import decrypt
from focusflow.i18n import gettext as _
from focusflow.i18n import mark
from focusflow.identity import new_id
from focusflow.lanes import Lanes, Turns
from focusflow.outbound import OutboundClient, OutboundFailed, OutboundPolicy, OutboundRefused, OutboundResponse
from focusflow.settings import Settings
from ingestion.webhooks.fan_out import FanOut

QUERIES: Final = load_queries(Path(__file__).with_name("queries.sql"))

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

GONE = 410
NOT_TAKEN = "The endpoint answered {}."
REDIRECTED = "The endpoint answered {}, a redirect. Redirects are not followed: enter the new address."
UNREADABLE = "The secret of this endpoint cannot be read with the key of this installation. Rotate it."
DISABLED_TITLE = mark("A webhook was turned off")
DISABLED = mark(
    "No message to {host} was accepted for three days. Turn the webhook on again in the settings, then send again what was missed."
)
DISABLED_GONE = mark(
    "{host} answered that it is gone (410). Turn the webhook on again in the settings if that was a mistake."
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt. `problem` is None if the message was taken."""

    status: int | None
    problem: str | None = None
    retry_after: timedelta | None = None


@dataclass(slots=True)
class WebhookSender:
    """Reads the log and sends what waits."""

    settings: Settings
    database: Database
    now: Callable[[], datetime] = clock.now
    jitter: Callable[[], float] = lambda: random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (spreads load)
    lanes: Lanes = field(default_factory=lambda: Lanes("webhooks"))
    _client: OutboundClient = field(init=False)

    def __post_init__(self) -> None:
        policy = OutboundPolicy.of(self.settings.outbound_networks)
        self._client = OutboundClient(policy, user_agent="FocusFlow-Webhooks")

    def in_background(self) -> Turns:
        return Turns("webhooks", self.turn, self.close)

    def close(self) -> None:
        """Wait for what is on its way."""
        self.lanes.close()
        self._client.close()

    def turn(self) -> list[Future[None]]:
        """Read the log, and begin to serve endpoints as long as there is room. Returns what was begun."""
        FanOut(self.database).drain()
        with self.database.transaction(Role.REPORTING) as tx:
            values = {"now": self.now(), "busy": self.lanes.busy(), "limit": 4 * self.lanes.at_once}
            rows = tx.all(QUERIES["due"], values)
        return self.lanes.begin(rows, self._send_next)

    def _send_next(self, endpoint_id: UUID) -> bool:
        """Whether something was sent, and taken."""
        now = self.now()
        with self.database.transaction(Role.REPORTING) as tx:
            row = tx.one(QUERIES["claim"], {"endpoint_id": endpoint_id, "now": now, "until": now + LEASE})
        if row is None:
            return False
        outcome = self._attempt(row)
        with self.database.transaction(Role.REPORTING) as tx:
            self._record(tx, row, outcome)
        return outcome.problem is None

    def _attempt(self, row: Mapping[str, Any]) -> Outcome:
        now = self.now()
        stored = [row["secret"], row["old_secret"] if row["old_secret"] and row["old_secret_until"] > now else None]
        keys = self.settings.keys
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
        account = tx.one(QUERIES["locale"], row)
        with locales.using(account["locale"] if account else locales.DEFAULT):
            texts = {"title": _(DISABLED_TITLE), "body": _(reason, host=host)}
        note = {"id": new_id(), "user_id": row["user_id"], "now": values["now"]} | texts
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
