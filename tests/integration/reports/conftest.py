"""The facts of somebody's week, as the unit tests have them, and a sender of reports to a mail server with moods."""

import socket
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from focusflow.database.session import Role
from focusflow.mail import mailer
from focusflow.settings import load_settings
from reports.delivery.delivery_log import DeliveryLog
from reports.delivery.sender import Pace, Sender
from reports.recipients import Recipients
from tests.conftest import add_user
from tests.mailserver import Post, served
from tests.unit.reports.conftest import facts

__all__ = ["facts"]

MONDAY = datetime(2026, 11, 16, 7, 30, tzinfo=UTC)  # half past eight in Berlin


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def facts_of(facts):
    """All users had the same week; what they are called and when it was is theirs."""
    return lambda user, period: replace(facts, user=user, period=period, as_of=datetime(2027, 1, 1, tzinfo=UTC))


@pytest.fixture
def settings(post, tmp_path):
    with served(post) as port:
        yield load_settings(
            home=tmp_path, smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", smtp_timeout_seconds=1,
            verify_email=False, mail_from="FocusFlow <post@example.com>", public_api_url="https://focus.example.com/",
        )  # fmt: skip


@pytest.fixture
def nobody_there():
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def clear(database):
    with database.owner() as connection:
        connection.execute("truncate users, mail_outage cascade")


@pytest.fixture
def sending(settings, database, facts_of, clear):
    """A sender at a moment."""

    def at(now=MONDAY, facts=facts_of, smtp_port=settings.smtp_port, **more):
        server = settings.model_copy(update={"smtp_port": smtp_port})
        recipients, ledger = (
            Recipients(database, must_verify=settings.must_verify_email),
            DeliveryLog(database, settings.mail_from),
        )
        return Sender(settings, recipients, ledger, mailer(server), facts, now=lambda: now, pace=Pace(1000), **more)

    return at


@pytest.fixture
def new_user(database, clear):
    """Somebody who has been there for a while, with wishes."""

    def made(timezone="Europe/Berlin", **preferences) -> UUID:
        user_id = add_user(database, timezone)
        with database.owner() as connection:
            connection.execute("update users set created_at = '2026-01-01' where id = %s", [user_id])
        with database.transaction(Role.API, user_id) as tx:
            if preferences:
                tx.run(
                    "insert into preferences (user_id, updated_at) values (%(id)s, %(now)s)",
                    {"id": user_id, "now": tx.now},
                )
            for name, value in preferences.items():
                tx.connection.execute(f"update preferences set {name} = %s", [value])
        return user_id

    return made
