"""Reminders, plans and whatever else is told at a moment: in the app it is seen from then on; who chose so gets it by mail as well, once
at most.

A notification is marked as sent before its mail is handed over: should the sender be killed in between, it is in the app all the same.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from focusflow import clock, locales
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.i18n import gettext as _
from focusflow.i18n import mark
from focusflow.mail import Mailer, Outcome, composed, hand_over, is_final
from focusflow.notification_kinds import KINDS
from focusflow.settings import Settings
from focusflow.unsubscribe import SUBSCRIPTIONS, Subscription, link, one_click
from reports.channels.queue import Message, announce
from reports.delivery.mail_outage import MailOutage
from reports.delivery.schedule import is_quiet, next_attempt, seems_quiet
from reports.delivery.sender import Pace
from reports.failures import reason_of
from reports.recipients import Recipient, Recipients
from reports.render import Links, Notice, render_notification

log = logging.getLogger(__name__)

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: How long to wait after each attempt that failed: until about when the mail is of no use any more.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60, 120, 240, 480))

#: How many are taken at a time: of all, and of one user, whose mail server may hang at each.
AT_ONCE = 1000
AT_ONCE_OF_A_USER = 20

REMINDER = mark("You asked to be reminded of this.")

NOTICE = TypeAdapter(Notice)


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    """What a run came to."""

    due: int
    shown: int
    mailed: int
    later: int
    failed: int


@dataclass(frozen=True)
class NotificationDelivery:
    """Sends what is due. Several may be at it at once."""

    settings: Settings
    database: Database
    recipients: Recipients
    mailer: Mailer
    now: Callable[[], datetime] = clock.now
    pace: Pace = field(default_factory=lambda: Pace(10))
    at_once: int = AT_ONCE
    at_once_of_a_user: int = AT_ONCE_OF_A_USER

    @cached_property
    def outage(self) -> MailOutage:
        return MailOutage(self.database)

    def due(self) -> list[tuple[Mapping[str, Any], Recipient | None]]:
        """What has come due, and whom to mail it to, if anybody; in turns, so that nobody waits behind another user's queue.

        Who wants quiet now is left for later, and so is all users' mail while the server takes none.
        """
        now, types = self.now(), list(KINDS)
        with self.database.transaction(Role.REPORTING) as tx:
            users = [row["id"] for row in tx.all(QUERIES["users"], {"now": now, "types": types})]
        found = self.recipients.by_ids(users)
        is_paused = self.outage.is_paused(now)
        reachable = {id_: to for id_, to in found.items() if to.is_reachable}
        values = {
            "users": users,
            "types": types,
            "emailed_by_default": [kind.is_emailed_by_default for kind in KINDS.values()],
            "waiting_types": [name for name, kind in KINDS.items() if is_paused or kind.waits_for_quiet_hours],
            "held": [id_ for id_, to in reachable.items() if is_paused or seems_quiet(to, now)],
            "now": now,
        }
        with self.database.transaction(Role.REPORTING) as tx:
            rows = tx.all(QUERIES["due"], values | {"limit": self.at_once, "of_a_user": self.at_once_of_a_user})
        return [(row, self._mailed_to(row, found.get(row["user_id"]))) for row in rows]

    def run(self) -> DeliveryCounts:
        found = self.due()
        with ThreadPoolExecutor(self.settings.mail_connections, "reminders") as senders:
            became = Counter(senders.map(lambda each: self._isolated(*each), found))
        return DeliveryCounts(len(found), became["shown"], became["mailed"], became["later"], became["failed"])

    def _mailed_to(self, row: Mapping[str, Any], to: Recipient | None) -> Recipient | None:
        is_wanted = row["is_enabled"] and row["is_mailed"]
        is_useful = row["scheduled_at"] >= self.now() - KINDS[row["type"]].email_useful_for
        return to if to is not None and to.is_reachable and is_wanted and is_useful else None

    def _isolated(self, row: Mapping[str, Any], to: Recipient | None) -> str:
        """One user's trouble is written down and stays theirs. Where that cannot be written the database is away, and the run ends."""
        try:
            return self._deliver(row, to)
        except Exception as error:
            log.exception("a reminder failed: notification %s", row["id"])
            return self._put_off(row, "scheduled", f"it could not be made: {reason_of(error)}")

    def _deliver(self, row: Mapping[str, Any], to: Recipient | None) -> str:
        if to is None:
            self._settle(row, "scheduled", "sent" if row["is_enabled"] else "cancelled")
            return "shown" if row["is_enabled"] else "cancelled"
        mail = self._mail(row, to)
        if (KINDS[row["type"]].waits_for_quiet_hours and is_quiet(to, self.now())) or self.outage.is_paused(self.now()):
            return "later"
        self.pace.wait()
        return self._mailed(row, to, mail) if self._settle(row, "scheduled", "sent") else "taken"

    def _mail(self, row: Mapping[str, Any], to: Recipient) -> EmailMessage:
        notice = row["data"].get("notice")
        with locales.using(to.user.locale):
            notice = NOTICE.validate_python(notice) if notice else Notice(_(REMINDER), row["body"] or "")
        end = link(self.settings, Subscription(to.user.id, row["type"])) if row["type"] in SUBSCRIPTIONS else None
        links = Links(end, self.settings.dashboard_address)
        with locales.using(to.user.locale):
            made = render_notification(KINDS[row["type"]].email_template, notice, row["title"], to.user.name, links)
        return composed(
            self.settings, to.email, made.subject, made.text, html=made.html,
            message_id=f"<reminder.{row['id'].hex}@focusflow>", headers=one_click(end) if end else None,
        )  # fmt: skip

    def _mailed(self, row: Mapping[str, Any], to: Recipient, mail: EmailMessage) -> str:
        delivery = hand_over(self.mailer, mail)
        self.outage.note(delivery, self.now())
        if delivery.outcome is Outcome.UNAVAILABLE:
            self._settle(row, "sent", "scheduled", reason=delivery.reply)
            return "later"
        if delivery.outcome is Outcome.LATER:
            return self._put_off(row, "sent", delivery.reply)
        if is_final(delivery):
            self.recipients.note_bounce(to, delivery.reply)
        if delivery.outcome is Outcome.REFUSED:
            self._settle(row, "sent", "failed", reason=delivery.reply)
            return "failed"
        if delivery.outcome is Outcome.UNKNOWN:
            self._settle(row, "sent", "sent", reason=delivery.reply)
        return "mailed"

    def _put_off(self, row: Mapping[str, Any], was: str, reason: str) -> str:
        """Try one again after a while, or give it up when that has been done often enough."""
        attempts = row["attempts"] + 1
        again_at = next_attempt(attempts, self.now(), PAUSES)
        status = "scheduled" if again_at else "failed"
        self._settle(row, was, status, attempts=attempts, again_at=again_at, reason=reason)
        return "later" if again_at else "failed"

    def _settle(
        self,
        row: Mapping[str, Any],
        was: str,
        status: str,
        *,
        attempts: int | None = None,
        again_at: datetime | None = None,
        **note: str,
    ) -> bool:
        values = {
            "id": row["id"], "was": was, "status": status, "note": Jsonb(note), "now": self.now(),
            "attempts": row["attempts"] if attempts is None else attempts, "next_attempt_at": again_at,
        }  # fmt: skip
        with self.database.transaction(Role.REPORTING) as tx:
            is_settled = tx.one(QUERIES["settle"], values) is not None
            if is_settled and status == "sent":
                announce(tx, _message(row), values["now"])
        return is_settled


def _message(row: Mapping[str, Any]) -> Message:
    notice = row["data"].get("notice")
    body = f"{notice.get('lead', '')}\n{notice.get('body') or ''}".strip() if notice else row["body"] or ""
    useful_until = row["scheduled_at"] + KINDS[row["type"]].email_useful_for
    return Message(row["user_id"], row["type"], row["id"], row["title"], body, useful_until)


def reminders(settings: Settings, database: Database, mailer: Mailer) -> NotificationDelivery:
    """Those of this installation."""
    recipients = Recipients(database, settings.must_verify_email)
    return NotificationDelivery(settings, database, recipients, mailer, pace=Pace(settings.mails_per_second))
