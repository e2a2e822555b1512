"""What became of each report that somebody was due. The only door to the table: who claims a row is the only one who sends its mail."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from focusflow.clock import Period
from focusflow.database.outbox import append, event
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.i18n import gettext as _
from focusflow.identity import new_id
from focusflow.locales import using
from focusflow.notification_kinds import KINDS
from reports.channels.queue import Message, announce, short_report
from reports.delivery.schedule import next_attempt
from reports.recipients import Recipient, Recipients

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: What mail servers quote of their recipients. An event that leaves Postgres holds no address.
ADDRESS = re.compile(r"\S+@\S+")

#: How far back a period can end and still be somebody's newest.
NEWEST = timedelta(days=70)


@dataclass(frozen=True, slots=True)
class Row:
    """One report of one user, and what became of it."""

    id: UUID
    version: int
    user_id: UUID
    kind: str
    period: Period
    status: str
    attempts: int
    message_id: str
    reason: str | None
    content: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """A state, why, and when to try again if it is to be tried again. An email that met an outage has not been tried."""

    status: str
    reason: str | None = None
    again_at: datetime | None = None
    is_tried: bool = True

    def values(self) -> dict[str, Any]:
        reason = self.reason and self.reason[:500]
        return {
            "status": self.status,
            "reason": reason,
            "next_attempt_at": self.again_at,
            "unused": int(not self.is_tried),
        }


class DeliveryLog:
    """The table of deliveries, in the role of the sender."""

    def __init__(self, database: Database, mail_from: str) -> None:
        self.database = database
        self.host = parseaddr(mail_from)[1].partition("@")[2] or "localhost"

    def newest(self, now: datetime) -> dict[tuple[UUID, str], date]:
        """Up to which day somebody's reports of a kind have their rows."""
        with self.database.transaction(Role.REPORTING) as tx:
            rows = tx.all(QUERIES["newest"], {"since": now.date() - NEWEST})
        return {(row["user_id"], row["kind"]): row["last_day"] for row in rows}

    def plan(self, to: Recipient, kind: str, period: Period, now: datetime) -> bool:
        """Write down that a report is due; once, whoever says it how often. Its mail has the same identity at each attempt."""
        row = {
            "id": new_id(), "user_id": to.user.id, "kind": kind, "period": period.key, "first_day": period.first, "last_day": period.last,
            "now": now, "message_id": f"<{kind}.{period.key}.{to.user.id.hex}@{self.host}>",
        }  # fmt: skip
        with self.database.transaction(Role.REPORTING) as tx:
            return tx.run(QUERIES["plan"], row) == 1

    def clear_up(self, now: datetime) -> int:
        """Mark what a sender left behind when it was killed, and let go what a newer report overtook. Returns how many fates are unknown."""
        with self.database.transaction(Role.REPORTING) as tx:
            tx.run(QUERIES["overtake"], {"now": now})
            return tx.run(QUERIES["lose"], {"now": now})

    def waiting(self, now: datetime) -> list[UUID]:
        with self.database.transaction(Role.REPORTING) as tx:
            return [row["id"] for row in tx.all(QUERIES["waiting"], {"now": now})]

    def has_lost_deliveries(self, now: datetime) -> bool:
        """Whether a sender that was killed has left something behind."""
        with self.database.transaction(Role.REPORTING) as tx:
            return tx.one(QUERIES["lost"], {"now": now}) is not None

    def one(self, id_: UUID) -> Row:
        found = self._one("one", id=id_)
        assert found is not None
        return found

    def of_key(self, user_id: UUID, kind: str, period: str) -> Row | None:
        return self._one("of_key", user_id=user_id, kind=kind, period=period)

    def before(self, user_id: UUID, kind: str, period: Period, sent_by: datetime | None = None) -> Row | None:
        """The last report of a kind that this user was sent before a period, and by a moment if one is given."""
        return self._one("before", user_id=user_id, kind=kind, first=period.first, sent_by=sent_by)

    def newest_of(self, user_id: UUID, kind: str) -> Row | None:
        """The report of a kind about the latest period."""
        return self._one("newest_of", user_id=user_id, kind=kind)

    def claim(self, row: Row, content: Mapping[str, Any], now: datetime, until: datetime) -> Row | None:
        """Take a report to send it. None if another user has."""
        return self._one(
            "claim", id=row.id, version=row.version, content=Jsonb(content), now=now, until=until
        )  # fmt: skip

    def settle(self, row: Row, to: Recipient, became: DeliveryState, now: datetime) -> None:
        """Write down what became of a mail that was claimed."""
        with self.database.transaction(Role.REPORTING) as tx:
            saved = tx.one(QUERIES["settle"], {"id": row.id, "attempts": row.attempts, "now": now, **became.values()})
            if not _emit_event(tx, saved, to) or became.status != "sent":
                return
            with using(to.user.locale):
                label = row.content["label"] if row.content else row.period.label
                title = _("Your report: {period}", period=label)
            if "in_app" in to.channels:
                data = Jsonb({"delivery_id": str(row.id)})
                note = {"id": new_id(), "user_id": row.user_id, "title": title, "data": data, "now": now}
                tx.run(QUERIES["notify"], note)
            if row.content:
                useful_until = now + KINDS["report"].email_useful_for
                message = Message(row.user_id, "report", row.id, title, short_report(row.content), useful_until)
                announce(tx, message, now)

    def postpone(self, row: Row, to: Recipient, became: DeliveryState, now: datetime) -> None:
        """Write down why a report was not even tried to be sent."""
        with self.database.transaction(Role.REPORTING) as tx:
            values = {"id": row.id, "version": row.version, "now": now, **became.values()}
            _emit_event(tx, tx.one(QUERIES["postpone"], values), to)

    def leave(self, id_: UUID, reason: str, now: datetime) -> str:
        """Write down that an attempt failed before the report or its user could be read. Returns the state; `due` if the row had gone on."""
        with self.database.transaction(Role.REPORTING) as tx:
            found = tx.one(QUERIES["attempts"], {"id": id_})
            if found is None:
                return "due"
            again_at = next_attempt(found["attempts"] + 1, now)
            became = DeliveryState("due" if again_at else "failed", reason, again_at)
            tx.run(QUERIES["postpone"], {"id": id_, "version": found["version"], "now": now, **became.values()})
            return became.status

    def release(self, row: Row, now: datetime) -> Row | None:
        """Make a report due again that was given up, or whose fate nobody knows, because a user says so."""
        return self._one("release", id=row.id, version=row.version, now=now)

    def come_back(self, message_id: str, reason: str, now: datetime, recipients: Recipients) -> Recipient | None:
        """Write down that a mail which had been handed over came back. Whose it was; None if it is not ours, or known already."""
        with self.database.transaction(Role.REPORTING) as tx:
            saved = tx.one(QUERIES["come_back"], {"message_id": message_id, "reason": reason[:500], "now": now})
            if saved is None:
                return None
            to = recipients.by_id(saved["user_id"])
            _emit_event(tx, saved, to)
            return to

    def recent(self, status: str | None, limit: int) -> list[dict[str, Any]]:
        """What an operator sees, the latest first."""
        with self.database.transaction(Role.REPORTING) as tx:
            return tx.all(QUERIES["shown"], {"status": status, "limit": limit})

    def _one(self, query: str, **values: Any) -> Row | None:
        statement: LiteralString = QUERIES[query]
        with self.database.transaction(Role.REPORTING) as tx:
            found = tx.one(statement, values)
        return None if found is None else _row(found)


def _row(found: Mapping[str, Any]) -> Row:
    names = ("id", "version", "user_id", "kind", "status", "attempts", "message_id", "reason", "content")
    return Row(period=_period(found["kind"], found["first_day"], found["last_day"]), **{n: found[n] for n in names})


def _period(kind: str, first: date, last: date) -> Period:
    """The same object that it was planned with: a week goes by its first day, whatever weekday the user has it begin on now."""
    period = Period.month_of(first) if kind == "monthly" else Period.week_of(first, first.weekday())
    assert period.last == last
    return period


def _emit_event(tx: Transaction, saved: Mapping[str, Any] | None, to: Recipient) -> bool:
    """Put an event beside what is final. False if the row had gone on without us."""
    if saved is None:
        return False
    if saved["status"] in ("sent", "failed"):
        made = event(
            f"report.{saved['status']}",
            user_id=to.user.id,
            timezone=to.user.timezone,
            subject=saved["id"],
            version=saved["version"],
            data={
                "kind": saved["kind"],
                "period": saved["period"],
                "reason": saved["reason"] and ADDRESS.sub("(address)", saved["reason"]),
            },
            recorded_at=tx.now,
            actor="system",
        )
        append(tx, [made])
    return True
