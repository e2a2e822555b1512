"""Mails that come back: what a server reports about them (RFC 3464), read and held against what we sent.

Anybody can write such a report. One is believed only if it names the Message-ID of a mail of ours, which nobody else knows.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from psycopg.types.json import Jsonb

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.errors import Unavailable
from focusflow.mail import Delivery, Outcome, is_final
from reports.delivery.delivery_log import DeliveryLog
from reports.recipients import Recipient, Recipients

log = logging.getLogger(__name__)

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: The identity of a mail that is no report; see `reports/notifications/delivery.py`.
NOTE = re.compile(r"<reminder\.([0-9a-f]{32})@")


class Fate(StrEnum):
    """What became of a message of a server."""

    STOPPED = "stopped"  # nothing goes to that address any more
    FAILED = "failed"  # that one mail did not arrive
    IGNORED = "ignored"  # not about a mail of ours, known already, or only late
    UNREADABLE = "unreadable"  # skipped, because something in it cannot be read


@dataclass(frozen=True, slots=True)
class BounceReport:
    """What a server says of one mail and one address."""

    message_id: str
    recipients: frozenset[str]
    action: str
    status: str

    @property
    def is_final(self) -> bool:
        """Whether there is nobody at that address."""
        return is_final(Delivery(Outcome.REFUSED, self.status))


def bounce_reports(mail: Message) -> Iterator[BounceReport]:
    """Those that a mail holds; none if it is no such mail."""
    about = next((found[0] for id_ in _message_ids(mail) if (found := re.search("<[^<>]+>", id_))), None)
    if about is None:
        return
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            for block in part.get_payload():
                if isinstance(block, Message) and "Final-Recipient" in block:
                    yield _report(about, block)


@dataclass(frozen=True, slots=True)
class Bounces:
    """Where what comes back is written down."""

    database: Database
    recipients: Recipients
    ledger: DeliveryLog

    def take(self, content: bytes, now: datetime) -> list[tuple[str, Fate]]:
        """What became of each address that a mail tells of. Anybody can send one: what cannot be read is skipped and named, and holds up nothing."""
        try:
            return [
                (", ".join(sorted(status.recipients)), self._taken(status, now))
                for status in bounce_reports(message_from_bytes(content))
            ]
        except Unavailable:
            raise
        except Exception as error:
            log.exception("a message of a mail server could not be read")
            return [(f"{_identity_of(content)} ({type(error).__name__})", Fate.UNREADABLE)]

    def _taken(self, status: BounceReport, now: datetime) -> Fate:
        if status.action != "failed":  # it is late, or has arrived
            return Fate.IGNORED
        reason = f"the mail came back: {status.status}"
        to = self.ledger.come_back(status.message_id, reason, now, self.recipients) or self._note(status, reason, now)
        if to is None:
            return Fate.IGNORED
        if not status.is_final or to.email.lower() not in status.recipients:  # it was sent on from there
            return Fate.FAILED
        self.recipients.note_bounce(to, reason)
        return Fate.STOPPED

    def _note(self, status: BounceReport, reason: str, now: datetime) -> Recipient | None:
        found = NOTE.match(status.message_id)
        if found is None:
            return None
        with self.database.transaction(Role.REPORTING) as tx:
            values = {"id": UUID(found[1]), "note": Jsonb({"reason": reason[:500]}), "now": now}
            row = tx.one(QUERIES["come_back"], values)
        return None if row is None else self.recipients.by_id(row["user_id"])


def _identity_of(content: bytes) -> str:
    """How to find a message in its mailbox, where it cannot be parsed."""
    found = re.search(rb"^Message-ID:\s*(\S{1,200})", content, re.IGNORECASE | re.MULTILINE)
    return found[1].decode("ascii", "replace") if found else "a message without Message-ID"


def _report(about: str, block: Message) -> BounceReport:
    named = (str(block[name]) for name in ("Final-Recipient", "Original-Recipient") if name in block)
    addresses = frozenset(each.rpartition(";")[2].strip().lower() for each in named)
    diagnostic = str(block.get("Diagnostic-Code", "")).partition(";")[2]
    status = " ".join(f"{block.get('Status', '')} {diagnostic}".split())
    return BounceReport(about, addresses, str(block.get("Action", "")).strip().lower(), status)


def _message_ids(mail: Message) -> Iterator[str]:
    """Of the mail that it is about: as it was returned, whole or its headers."""
    for part in mail.walk():
        if part.get_content_type() == "message/rfc822" and part.is_multipart():
            returned = part.get_payload(0)
            yield str(returned["Message-ID"]) if isinstance(returned, Message) else ""
        elif part.get_content_type() == "text/rfc822-headers":
            found = re.search(r"^Message-ID:(.*\n?.*)", str(part.get_payload()), re.IGNORECASE | re.MULTILINE)
            yield found[1] if found else ""
