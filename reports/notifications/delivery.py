"""Reminders, plans and whatever else is told at a moment: in the app it is seen from then on; who chose so gets it by mail as well, once
at most.

A notification is marked as sent before its mail is handed over: should the sender be killed in between, it is in the app all the same.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from focusflow import clock
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.mail import Mailer, Outcome, composed, is_final
from focusflow.settings import Settings
from focusflow.unsubscribe import KINDS, Subscription, link, one_click
from reports.delivery.schedule import is_quiet
from reports.delivery.sender import Pace
from reports.recipients import People, Recipient
from reports.render import Links, Notice, noticed

log = logging.getLogger(__name__)

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: What is later than this is of no use as a mail.
TOO_LATE = {"daily_plan": timedelta(hours=8)}
TOO_LATE_ELSE = timedelta(hours=24)

#: How long to wait when the mail server wants it later.
PAUSE = timedelta(minutes=15)

NOTICE = TypeAdapter(Notice)


@dataclass(frozen=True, slots=True)
class Reminded:
    """What a run came to."""

    due: int
    shown: int
    mailed: int
    later: int
    failed: int


@dataclass(frozen=True)
class Reminders:
    """Sends what is due. Several may be at it at once."""

    settings: Settings
    database: Database
    people: People
    mailer: Mailer
    now: Callable[[], datetime] = clock.now
    pace: Pace = field(default_factory=lambda: Pace(10))

    def due(self) -> list[tuple[Mapping[str, Any], Recipient | None]]:
        """What has come due, and whom to mail it to, if anybody. Who wants quiet now is left for later."""
        with self.database.transaction(Role.REPORTING) as tx:
            rows = tx.all(QUERIES["due"], {"now": self.now()})
        found = [(row, self._mailed_to(row)) for row in rows]
        return [(row, to) for row, to in found if to is None or not is_quiet(to, self.now())]

    def run(self) -> Reminded:
        found = self.due()
        became = Counter(self._safely(row, to) for row, to in found)
        return Reminded(len(found), became["shown"], became["mailed"], became["later"], became["failed"])

    def _mailed_to(self, row: Mapping[str, Any]) -> Recipient | None:
        if (
            not row["is_enabled"]
            or not row["is_mailed"]
            or row["scheduled_at"] < self.now() - TOO_LATE.get(row["type"], TOO_LATE_ELSE)
        ):
            return None
        to = self.people.by_id(row["user_id"])
        return to if to.is_reachable else None

    def _safely(self, row: Mapping[str, Any], to: Recipient | None) -> str:
        """One person's trouble stays theirs."""
        try:
            return self._told(row, to)
        except Exception:
            log.exception("a reminder was left for the next run: notification %s", row["id"])
            return "later"

    def _told(self, row: Mapping[str, Any], to: Recipient | None) -> str:
        if to is None:
            self._settle(row, "scheduled", "sent" if row["is_enabled"] else "cancelled")
            return "shown" if row["is_enabled"] else "cancelled"
        mail = self._mail(row, to)
        self.pace.wait()
        return self._mailed(row, to, mail) if self._settle(row, "scheduled", "sent") else "taken"

    def _mail(self, row: Mapping[str, Any], to: Recipient) -> EmailMessage:
        told = row["data"].get("notice")
        notice = (
            NOTICE.validate_python(told) if told else Notice("You asked to be reminded of this.", row["body"] or "")
        )
        end = link(self.settings, Subscription(to.person.id, row["type"])) if row["type"] in KINDS else None
        made = noticed(notice, row["title"], to.person.name, Links(end, self.settings.dashboard_address))
        return composed(
            self.settings, to.email, made.subject, made.text, html=made.html,
            message_id=f"<reminder.{row['id'].hex}@focusflow>", headers=one_click(end) if end else None,
        )  # fmt: skip

    def _mailed(self, row: Mapping[str, Any], to: Recipient, mail: EmailMessage) -> str:
        delivery = self.mailer.send(mail)
        if delivery.outcome is Outcome.LATER:
            self._settle(row, "sent", "scheduled", reason=delivery.said, again_at=f"{self.now() + PAUSE}")
            return "later"
        if is_final(delivery):
            self.people.note_bounce(to, delivery.said)
        if delivery.outcome is Outcome.REFUSED:
            self._settle(row, "sent", "failed", reason=delivery.said)
            return "failed"
        if delivery.outcome is Outcome.UNKNOWN:
            self._settle(row, "sent", "sent", reason=delivery.said)
        return "mailed"

    def _settle(self, row: Mapping[str, Any], was: str, status: str, **note: str) -> bool:
        with self.database.transaction(Role.REPORTING) as tx:
            values = {"id": row["id"], "was": was, "status": status, "note": Jsonb(note), "now": self.now()}
            return tx.one(QUERIES["settle"], values) is not None


def reminders(settings: Settings, database: Database, mailer: Mailer) -> Reminders:
    """Those of this installation."""
    people = People(database, settings.must_verify_email)
    return Reminders(settings, database, people, mailer, pace=Pace(settings.mails_per_second))
