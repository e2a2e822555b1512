"""A reminder is seen in the app from its moment on, and mailed once at most to who chose so, at an hour they do not want quiet."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from focusflow.database.rows import insert_row
from focusflow.database.session import Role
from focusflow.database.tables import notifications
from focusflow.identity import new_id
from focusflow.mail import mailer
from focusflow.settings import load_settings
from reports.delivery.sender import Pace
from reports.notifications.delivery import Reminders
from reports.recipients import People
from tests.conftest import add_user
from tests.mailserver import Post, served

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def run(post, database, tmp_path):
    with database.owner() as connection:
        connection.execute("truncate users cascade")
    with served(post) as port:
        settings = load_settings(
            home=tmp_path, smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", smtp_timeout_seconds=2, verify_email=False
        )  # fmt: skip

        def at(now=NOON):
            people = People(database, must_verify=False)
            return Reminders(settings, database, people, mailer(settings), lambda: now, Pace(1000)).run()

        yield at


@pytest.fixture
def remind(database, post):
    """Somebody with a reminder, told of it by these channels, and a mailbox."""

    def made(*channels, at=NOON, is_enabled=True, title="Call the bank", refused_with=None, **wishes):
        user_id = add_user(database, "UTC")
        if refused_with:
            post.for_address[f"{user_id}@example.com"] = refused_with
        with database.transaction(Role.API, user_id) as tx:
            if channels or not is_enabled:
                values = {"id": user_id, "on": is_enabled, "channels": list(channels)}
                tx.run(
                    "insert into notification_preferences values (%(id)s, 'task_reminder', %(on)s, %(channels)s)",
                    values,
                )
            if wishes:
                quiet = {"id": user_id, "now": tx.now, **wishes}
                tx.run(
                    "insert into preferences (user_id, updated_at, quiet_from, quiet_until) values (%(id)s, %(now)s, %(begin)s, %(end)s)",
                    quiet,
                )
            row = {
                "id": new_id(),
                "type": "task_reminder",
                "title": title,
                "body": "About the flat",
                "scheduled_at": at,
            }
            return insert_row(tx, notifications, row)["id"]

    return made


@pytest.fixture
def status(database):
    def of(id_):
        with database.transaction(Role.REPORTING) as tx:
            row = tx.one("select status, data from notifications where id = %(id)s", {"id": id_})
        return row["status"], row["data"].get("reason")

    return of


def test_who_chose_mail_is_mailed_once(run, remind, status, post):
    id_ = remind("email", "in_app")
    assert run(NOON - timedelta(minutes=1)).due == 0
    assert run().mailed == 1
    assert run(NOON + timedelta(hours=1)).due == 0
    (mail,) = post.taken
    assert mail["Subject"] == "Call the bank"
    assert "About the flat" in mail.get_body(["plain"]).get_content()
    assert status(id_) == ("sent", None)


def test_who_chose_nothing_sees_it_in_the_app_only(run, remind, status, post):
    id_ = remind()
    assert run().shown == 1
    assert (status(id_), post.taken) == (("sent", None), [])


def test_what_was_switched_off_is_neither_mailed_nor_shown(run, remind, status, post):
    id_ = remind("email", is_enabled=False)
    run()
    assert (status(id_)[0], post.taken) == ("cancelled", [])


def test_quiet_hours_put_a_mail_off(run, remind, status):
    id_ = remind("email", begin="11:00", end="13:00")
    assert run().due == 0
    assert status(id_)[0] == "scheduled"
    assert run(NOON + timedelta(hours=1)).mailed == 1


def test_after_a_day_a_mail_is_of_no_use(run, remind, status, post):
    id_ = remind("email", at=NOON - timedelta(hours=25))
    assert run().shown == 1
    assert (status(id_)[0], post.taken) == ("sent", [])


@pytest.mark.parametrize(
    ("answer", "became"),
    [("550 no such mailbox", "failed"), ("451 greylisted", "scheduled"), ("take and hang up", "sent")],
)
def test_one_bad_mailbox_stops_nobody(run, remind, status, answer, became):
    bad, good = remind("email", refused_with=answer), remind("email")
    run()
    assert (status(bad)[0], status(good)[0]) == (became, "sent")


def test_a_greylisted_reminder_is_tried_again_after_a_while(run, remind, status, post):
    id_ = remind("email")
    post.to_recipient = "451 come back"
    assert run().later == 1
    assert status(id_) == ("scheduled", "451 come back")
    post.to_recipient = None
    assert run(NOON + timedelta(minutes=5)).due == 0
    assert run(NOON + timedelta(minutes=16)).mailed == 1


def test_two_at_once_mail_it_once(run, remind, post):
    for _ in range(20):
        remind("email")
    both = [threading.Thread(target=run) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert len(post.taken) == len({mail["To"] for mail in post.taken}) == 20


def test_a_title_makes_no_header(run, remind, post):
    remind("email", title="Call\r\nBcc: eve@example.com")
    run()
    assert post.taken[0]["Bcc"] is None
