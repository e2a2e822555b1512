"""A sender of reports as the fault tests run and kill it: real database, real mail server, numbers that are the same for all."""

from collections.abc import Mapping
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from focusflow.clock import Period
from focusflow.database.session import Database, Role
from focusflow.mail import mailer
from focusflow.settings import Settings, load_settings
from reports.delivery.delivery_log import DeliveryLog, DeliveryState, Row
from reports.delivery.sender import SETTLING, Counts, Pace, Sender
from reports.periods.facts import TOO_LITTLE_DATA, WITH_USUAL, Facts, User
from reports.recipients import Recipient, Recipients
from tests.unit.reports.conftest import COUNTS

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)


def settings_for(home: Path, port: int) -> Settings:
    return load_settings(
        home=home,
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_security="none",
        smtp_timeout_seconds=2,
        verify_email=False,
    )


class Forgetful(DeliveryLog):
    """As many senders do it: the mail first, and then a note that it was sent. What is killed in between is sent again."""

    def claim(self, row: Row, content: Mapping[str, Any], now: datetime, until: datetime) -> Row | None:
        return row

    def settle(self, row: Row, to: Recipient, became: DeliveryState, now: datetime) -> None:
        with self.database.transaction(Role.REPORTING) as tx:
            tx.run(
                "update report_deliveries set status = %(status)s, reason = %(reason)s, attempts = attempts + 1, updated_at = %(now)s,"
                " next_attempt_at = coalesce(%(next_attempt_at)s, next_attempt_at) where id = %(id)s",
                {"id": row.id, "now": now, **became.values()},
            )


def send(
    url: str,
    home: str,
    port: int,
    now: datetime,
    *,
    is_ready: Event | None = None,
    delivery_log_of: type[DeliveryLog] = DeliveryLog,
) -> Counts:
    """`focusflow report send-due` at a moment, without the preparation of its command."""
    settings = settings_for(Path(home), port)
    with Database(url, connections=5) as database:
        users, ledger = Recipients(database, must_verify=False), delivery_log_of(database, settings.mail_from)
        if is_ready:
            is_ready.set()
        return Sender(settings, users, ledger, mailer(settings), facts, now=lambda: now, pace=Pace(1000)).run()


def facts(user: User, period: Period) -> Facts:
    totals = {**dict.fromkeys(COUNTS, 3), "focus_minutes": 90.0, "productivity_score": None}
    usual = dict.fromkeys(WITH_USUAL, TOO_LITTLE_DATA)
    as_of = period.bounds(user.timezone)[1] + SETTLING
    return Facts(user, period, (), totals, {}, usual, as_of)
