"""Claim, send, record: a report goes out at most once, whatever is killed in between, and nobody waits for another user's trouble.

A mail that may have arrived is marked so and left to a user; see `reports/delivery/delivery_log.sql` for the states.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from functools import cached_property, partial
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from focusflow import clock
from focusflow.clock import Period
from focusflow.database.session import Database
from focusflow.errors import Conflict, NotFound
from focusflow.mail import Delivery, Mailer, Outcome, composed, hand_over, is_final
from focusflow.settings import Settings
from focusflow.unsubscribe import REPORTS, one_click
from reports.delivery.composer import Composer
from reports.delivery.delivery_log import DeliveryLog, DeliveryState, Row
from reports.delivery.mail_outage import MailOutage
from reports.delivery.schedule import due, is_quiet, next_attempt
from reports.failures import Attempts, Item, reason_of
from reports.periods.builder import report_builder
from reports.periods.content import REPORT, Report, build_report
from reports.periods.facts import Facts, NotComputed, Reader, User
from reports.recipients import Recipient, Recipients

log = logging.getLogger(__name__)

STATUS = {
    Outcome.SENT: "sent",
    Outcome.LATER: "due",
    Outcome.UNAVAILABLE: "due",
    Outcome.REFUSED: "failed",
    Outcome.UNKNOWN: "unknown",
}

#: What becomes of a report that is read in the app alone.
SHOWN = Delivery(Outcome.SENT)

#: So long after midnight the last day of a period is whole: what was still on its way has landed and is computed.
SETTLING = timedelta(minutes=10)

#: So often a server may ask to come again later, as greylisting does, before it counts as trouble.
PATIENCE = 2

#: It is looked for what is due each quarter of an hour. What nobody has looked for so long after its hour is overlooked.
LATE = timedelta(hours=2)

#: A server may think about each step of a mail as long as the settings say; after so many steps its sender is not coming back.
STEPS = 15


@dataclass(slots=True)
class Pace:
    """At most so many mails a second, whoever of several sends them."""

    per_second: float
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _free_at: float = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        with self._lock:
            begins = max(self.monotonic(), self._free_at)
            self._free_at = begins + 1 / self.per_second
        self.sleep(max(0.0, begins - self.monotonic()))


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run came to. `put_off` are those of `later` whose server asked for patience, and not for the third time."""

    planned: int
    due: int
    rendered: int
    sent: int
    later: int
    put_off: int
    failed: int
    unknown: int
    skipped: int


class Fate(NamedTuple):
    """What became of one report in this run."""

    status: str
    is_rendered: bool = False
    is_put_off: bool = False


class Empty(Exception):
    """There is nothing to tell, and the user asked for silence then."""


@dataclass(frozen=True)
class Sender:
    """Sends what is due. Several may be at it at once; each report is sent by one."""

    settings: Settings
    recipients: Recipients
    ledger: DeliveryLog
    mailer: Mailer
    facts: Callable[[User, Period], Facts]
    build_report_of: Callable[[Facts], Report] = build_report
    now: Callable[[], datetime] = clock.now
    pace: Pace = field(default_factory=lambda: Pace(10))

    @cached_property
    def composer(self) -> Composer:
        return Composer(self.settings, self.ledger, self.facts, self.build_report_of)

    @cached_property
    def outage(self) -> MailOutage:
        return MailOutage(self.ledger.database)

    def run(self) -> Counts:
        """Plan what has become due, then send all that waits."""
        lost = self.ledger.clear_up(self.now())
        planned = self._plan()
        self.ledger.clear_up(self.now())  # what is new overtakes what still waits
        waiting = self.ledger.waiting(self.now())
        with ThreadPoolExecutor(self.settings.mail_connections, "mail") as senders:
            fates = list(senders.map(self._isolated, waiting))
        became = Counter(fate.status for fate in fates)
        return Counts(
            planned=planned,
            due=len(waiting) - became["quiet"] - became["taken"],
            rendered=sum(fate.is_rendered for fate in fates),
            sent=became["sent"],
            later=became["due"],
            put_off=sum(fate.is_put_off for fate in fates),
            failed=became["failed"],
            unknown=became["unknown"] + lost,
            skipped=became["skipped"],
        )

    def is_awaited(self) -> bool:
        """Whether a run would find something to do."""
        now = self.now()
        return bool(self._planned(now) or self.ledger.waiting(now) or self.ledger.has_lost_deliveries(now))

    def overlooked(self) -> int:
        """How many reports should have been planned a while ago and were not: nothing looks whom they are due to."""
        return len(self._planned(self.now() - LATE))

    def send(self, to: Recipient, kind: str, period: Period) -> Row:
        """Send one report because a user says so; it is claimed and written down like every other."""
        self.ledger.plan(to, kind, period, self.now())
        row = self.ledger.of_key(to.user.id, kind, period.key)
        assert row is not None
        if row.status == "due":
            self._deliver(row, to)
        return self.ledger.one(row.id)

    def again(self, to: Recipient, kind: str, period: str) -> Row:
        """Send a report again that was given up, or whose fate nobody knows."""
        row = self.ledger.of_key(to.user.id, kind, period)
        if row is None:
            raise NotFound(
                f"No {kind} report of {period} was ever due to {to.email}. `focusflow report deliveries` lists them."
            )
        released = self.ledger.release(row, self.now())
        if released is None:
            raise Conflict(f"This report is {row.status}: it is not sent again.")
        self._deliver(released, to)
        return self.ledger.one(row.id)

    def _plan(self) -> int:
        now = self.now()
        return sum(self.ledger.plan(to, kind, period, now) for to, kind, period in self._planned(now))

    def _planned(self, now: datetime) -> list[tuple[Recipient, str, Period]]:
        """Whose report of which period has become due since it was last asked."""
        newest = self.ledger.newest(now)
        attempts = Attempts.at(self.ledger.database, "report", self.now())
        found = [
            (to, kind, attempts.make(Item(to.user.id, kind), partial(due, kind, to, now)))
            for to in self.recipients.everyone()
            for kind in REPORTS
        ]
        return [
            (to, kind, period)
            for to, kind, period in found
            if period and period.last > newest.get((to.user.id, kind), date.min)
        ]

    def _isolated(self, id_: UUID) -> Fate:
        """One user's trouble is written down and stays theirs. Where that cannot be written the database is away, and the run ends."""
        try:
            row = self.ledger.one(id_)
            to = self.recipients.by_id(row.user_id)
            if is_quiet(to, self.now()):
                return Fate("quiet")
            if to.is_mailed and self.outage.is_paused(self.now()):
                return Fate("due")
            return self._deliver(row, to)
        except Exception as error:
            log.exception("a report failed: delivery %s", id_)
            return Fate(self.ledger.leave(id_, f"the report could not be sent: {reason_of(error)}", self.now()))

    def _deliver(self, row: Row, to: Recipient) -> Fate:
        try:
            content = row.content or self._content(row, to)
            mail = self._mail(row, to, content)
        except Empty:
            return self._postponed(row, to, DeliveryState("skipped", "there was nothing to tell"))
        except NotComputed as problem:
            return self._later(row, to, f"{problem}")
        except Exception as error:
            log.exception("a report could not be made: delivery %s", row.id)
            return self._later(row, to, f"the report could not be made: {reason_of(error)}")
        self.pace.wait()
        is_now = self.recipients.by_id(row.user_id)  # they may have changed their mind while it was made and waited
        if not is_now.wants(row.kind):
            why = "mails to this address came back" if is_now.has_bounced else "the person does not want it"
            return self._postponed(row, to, DeliveryState("skipped", why))
        lease = max(timedelta(minutes=15), timedelta(seconds=STEPS * self.settings.smtp_timeout_seconds))
        claimed = self.ledger.claim(row, content, self.now(), self.now() + lease)
        if claimed is None:
            return Fate("taken")
        return self._record(claimed, to, self._hand_over(mail) if is_now.is_mailed else SHOWN)

    def _hand_over(self, mail: EmailMessage) -> Delivery:
        delivery = hand_over(self.mailer, mail)
        self.outage.note(delivery, self.now())
        return delivery

    def _record(self, row: Row, to: Recipient, delivery: Delivery) -> Fate:
        now, status = self.now(), STATUS[delivery.outcome]
        if delivery.outcome is Outcome.UNAVAILABLE:
            self.ledger.settle(row, to, DeliveryState(status, delivery.reply, is_tried=False), now)
            return Fate(status, is_rendered=True)
        if is_final(delivery):
            self.recipients.note_bounce(to, delivery.reply)
        again_at = next_attempt(row.attempts, now) if status == "due" else None
        if status == "due" and again_at is None:
            status = "failed"
        self.ledger.settle(row, to, DeliveryState(status, delivery.reply if status != "sent" else None, again_at), now)
        is_put_off = status == "due" and delivery.code > 0 and row.attempts <= PATIENCE
        return Fate(status, is_rendered=True, is_put_off=is_put_off)

    def _later(self, row: Row, to: Recipient, reason: str) -> Fate:
        """Try again after a while; in the end say that it is given up."""
        again_at = next_attempt(row.attempts + 1, self.now())
        return self._postponed(row, to, DeliveryState("due" if again_at else "failed", reason, again_at))

    def _postponed(self, row: Row, to: Recipient, became: DeliveryState) -> Fate:
        self.ledger.postpone(row, to, became, self.now())
        return Fate(became.status)

    def _content(self, row: Row, to: Recipient) -> Mapping[str, Any]:
        """What the report says. It is kept with the first attempt, so that a later one says the same."""
        facts = self.facts(to.user, row.period)
        if facts.as_of < row.period.bounds(to.user.timezone)[1] + SETTLING:
            raise NotComputed  # its last day may not be whole yet
        if facts.is_empty and to.empty_week == "nothing":
            raise Empty
        report = self.composer.report(facts, row.kind)
        content: Mapping[str, Any] = orjson.loads(orjson.dumps(report))
        return content

    def _mail(self, row: Row, to: Recipient, content: Mapping[str, Any]) -> EmailMessage:
        email = self.composer.email(REPORT.validate_python(content), to, row.kind)
        return composed(
            self.settings, to.email, email.subject, email.text, html=email.html, message_id=row.message_id,
            headers=one_click(self.composer.unsubscribe(to, row.kind)),
        )  # fmt: skip


def sender(settings: Settings, database: Database, mailer: Mailer) -> Sender:
    """The sender of this installation, for one run."""
    made_by = report_builder(settings, database)
    return Sender(
        settings,
        Recipients(database, settings.must_verify_email),
        DeliveryLog(database, settings.mail_from),
        mailer,
        Reader(made_by.lake, settings.buckets).gather,
        made_by.report,
        pace=Pace(settings.mails_per_second),
    )
