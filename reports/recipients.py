"""Whom a report is for, and how they want it, as the operational database knows them now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.errors import NotFound
from focusflow.i18n import gettext as _
from focusflow.i18n import mark
from focusflow.identity import new_id
from focusflow.locales import using
from focusflow.notification_kinds import KINDS
from focusflow.preferences import DEFAULTS
from reports.periods.facts import User
from reports.render import plain_text

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

COME_BACK = mark(
    "No more emails are sent to this address. To turn them on again, reset your password with this address and open the link in the email."
)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody with an address, and their wishes."""

    user: User
    email: str
    joined_at: datetime
    is_active: bool
    is_reachable: bool
    has_bounced: bool
    channels: tuple[str, ...]
    quiet_from: time | None
    quiet_until: time | None
    weekly_report: bool
    weekly_report_day: int
    weekly_report_hour: int
    monthly_report: bool
    empty_week: str

    def wants(self, kind: str) -> bool:
        """Whether reports of this kind are made for this user."""
        is_chosen = self.weekly_report if kind == "weekly" else self.monthly_report
        return is_chosen and (self.is_mailed or self.reads_in_app)

    @property
    def is_mailed(self) -> bool:
        return self.is_reachable and "email" in self.channels

    @property
    def reads_in_app(self) -> bool:
        """Whether somebody wants their reports in the app and nowhere else. Whose mails come back gets none until they are repaired."""
        return self.is_active and self.channels == ("in_app",)


SCHEDULE_PREFERENCES = ("quiet_from", "quiet_until", "weekly_report", "weekly_report_day", "weekly_report_hour", "monthly_report", "empty_week")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipients:
    """All users with an account. Where addresses have to be proven, nobody is mailed before."""

    database: Database
    must_verify: bool

    def by_email(self, email: str) -> Recipient:
        missing = f"Nobody here has the address {email}. See that it is the one of the account."
        return self._one(missing, email=email)

    def by_id(self, user_id: UUID) -> Recipient:
        return self._one("This person has no account any more.", user_ids=[user_id])

    def by_ids(self, user_ids: Sequence[UUID]) -> dict[UUID, Recipient]:
        """Those of them that have an account still."""
        return {to.user.id: to for to in self._found(user_ids=user_ids)}

    def everyone(self) -> list[Recipient]:
        return self._found()

    def note_bounce(self, to: Recipient, reason: str) -> None:
        """Write down that mails to this address come back. None go there until it is changed or proven; the app says so."""
        with self.database.transaction(Role.REPORTING) as tx:
            said = {"id": new_id(), "user_id": to.user.id, "email": to.email, "reason": reason[:500], "now": tx.now}
            if tx.one(QUERIES["bounced"], said) is not None:
                with using(to.user.locale):
                    title, body = _("Emails to {address} come back", address=to.email), _(COME_BACK)
                tx.run(QUERIES["tell_bounced"], said | {"title": title, "body": body})

    def bounces(self) -> list[dict[str, Any]]:
        """Whose mails come back, the latest first."""
        with self.database.transaction(Role.REPORTING) as tx:
            return tx.all(QUERIES["bounces"])

    def forget_bounce(self, email: str) -> bool:
        with self.database.transaction(Role.REPORTING) as tx:
            return tx.run(QUERIES["forget"], {"email": email}) == 1

    def _one(self, missing: str, **who: str | Sequence[UUID]) -> Recipient:
        found = self._found(**who)
        if not found:
            raise NotFound(missing)
        return found[0]

    def _found(self, **who: str | Sequence[UUID]) -> list[Recipient]:
        values = {"email": None, "user_ids": None, "must_verify": self.must_verify, **who}
        with self.database.transaction(Role.REPORTING) as tx:
            return [_recipient(row) for row in tx.all(QUERIES["people"], values)]


def _recipient(row: Mapping[str, Any]) -> Recipient:
    user = User(row["id"], plain_text(row["display_name"]), row["timezone"], row["week_start"], row["locale"])
    preferences = {name: row[name] if row["has_chosen"] else DEFAULTS[name] for name in SCHEDULE_PREFERENCES}
    channels = KINDS["report"].default_channels if row["channels"] is None else tuple(row["channels"])
    return Recipient(
        user,
        row["email"],
        row["created_at"],
        row["is_active"],
        row["is_reachable"],
        row["has_bounced"],
        channels,
        **preferences,
    )
