"""A reminder is seen in the app from its moment on, and mailed once at most to who chose so, at an hour they do not want quiet."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from psycopg.types.json import Jsonb

from focusflow.database.rows import insert_row
from focusflow.database.session import Role
from focusflow.database.tables import notifications
from focusflow.identity import new_id
from focusflow.mail import mailer
from focusflow.settings import load_settings
from reports.delivery.sender import Pace
from reports.notifications.delivery import PAUSES, NotificationDelivery
from reports.recipients import Recipients
from tests.conftest import add_user
from tests.mailserver import Post, served

REFUSALS = ("451 later", "550 5.7.1 not yours", "hang up at once")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def run(post, database, tmp_path):
    with database.owner() as connection:
        connection.execute("truncate users, mail_outage cascade")
    with served(post) as port:
        settings = load_settings(
            home=tmp_path, smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", smtp_timeout_seconds=2, verify_email=False
        )  # fmt: skip

        def at(now=NOON, smtp_port=port, **limits):
            recipients, server = (
                Recipients(database, must_verify=False),
                settings.model_copy(update={"smtp_port": smtp_port}),
            )
            return NotificationDelivery(
                server, database, recipients, mailer(server), lambda: now, Pace(1000), **limits
            ).run()

        yield at


@pytest.fixture
def remind(database, post):
    """Somebody with a reminder, told of it by these channels, and a mailbox."""

    def made(*channels, at=NOON, is_enabled=True, title="Call the bank", refused_with=None, **preferences):
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
            if preferences:
                quiet = {"id": user_id, "now": tx.now, **preferences}
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
def pile_up(database, post):
    """Somebody with a thousand and one reminders that are due before all others, none of which can be mailed."""

    def made(trouble, count=1001):
        user_id = add_user(database, "Mars/Olympus" if trouble == "time zone" else "UTC")
        if trouble in REFUSALS:
            post.for_address[f"{user_id}@example.com"] = trouble
        notice = Jsonb({"notice": {"lead": 17}} if trouble == "template" else {})
        with database.owner() as connection:
            connection.execute(
                "insert into notification_preferences values (%s, 'task_reminder', true, '{email}')", [user_id]
            )
            if trouble in ("quiet hours", "time zone"):
                connection.execute(
                    "insert into preferences (user_id, updated_at, quiet_from, quiet_until) values (%s, now(), '11:00', '13:00')",
                    [user_id],
                )
            connection.execute(
                "insert into notifications (id, user_id, created_at, updated_at, type, title, data, scheduled_at)"
                " select gen_random_uuid(), %(id)s, now(), now(), 'task_reminder', 'Never', %(data)s, %(at)s from generate_series(1, %(count)s)",
                {"id": user_id, "data": notice, "at": NOON - timedelta(hours=1), "count": count},
            )
        return user_id

    return made


@pytest.fixture
def fates(database):
    """How many of a user's notifications are in which state after how many attempts."""

    def of(user_id):
        with database.transaction(Role.REPORTING) as tx:
            rows = tx.all("select status, attempts from notifications where user_id = %(id)s", {"id": user_id})
        return Counter((row["status"], row["attempts"]) for row in rows)

    return of


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


@pytest.mark.parametrize("trouble", [*REFUSALS, "template", "time zone", "quiet hours"])
def test_a_thousand_reminders_that_cannot_be_sent_hold_up_nobody_else(run, remind, status, pile_up, trouble):
    pile_up(trouble)
    good = remind("email")
    assert run().mailed == 1
    assert status(good)[0] == "sent"


def test_all_users_first_reminder_comes_before_anybodys_second(run, pile_up, fates):
    users = [pile_up(None) for _ in range(3)]
    assert run(at_once=8).mailed == 8
    assert sorted(fates(user)["sent", 0] for user in users) == [2, 3, 3]
    assert run(at_once_of_a_user=2).mailed == 6


def test_a_reminder_that_fails_is_tried_later_and_later_and_then_given_up_with_the_reason(run, remind, status, post):
    id_ = remind("email")
    post.to_recipient = "451 not now"
    tried = [minutes for minutes in range(0, 24 * 60, 15) if run(NOON + timedelta(minutes=minutes)).due]
    assert [after - before for before, after in pairwise(tried)] == [15, 30, 60, 120, 240, 480]
    assert status(id_) == ("failed", "451 not now")


def test_what_cannot_be_made_is_counted_written_down_and_given_up(run, pile_up, fates, database):
    user = pile_up("template", 3)
    assert [run(NOON + 2 * pause).failed for pause in (timedelta(0), *PAUSES)] == [0] * len(PAUSES) + [3]
    assert fates(user) == {("failed", len(PAUSES) + 1): 3}
    with database.owner() as connection:
        (row,) = connection.execute("select distinct data->>'reason' as reason from notifications").fetchall()
    assert row["reason"] == "it could not be made: ValidationError"


def test_while_the_mail_server_is_down_no_attempt_is_used_up(run, pile_up, fates, nobody_there):
    user = pile_up(None, 30)
    assert run(smtp_port=nobody_there).later == 20
    assert run(NOON + timedelta(seconds=59), smtp_port=nobody_there).due == 0
    minutes = [m for m in range(1, 36) if run(NOON + timedelta(minutes=m), smtp_port=nobody_there).due]
    assert minutes == [1, 3, 7, 15, 25, 35]
    assert fates(user) == {("scheduled", 0): 30}
    assert [run(NOON + timedelta(minutes=45)).mailed for _ in range(2)] == [20, 10]


def test_while_the_mail_server_is_down_the_app_goes_on(run, remind, status, pile_up, nobody_there):
    pile_up(None)
    run(smtp_port=nobody_there)
    shown = remind()
    assert run(smtp_port=nobody_there).shown == 1
    assert status(shown) == ("sent", None)


def test_a_server_that_takes_nothing_from_us_is_down_for_all_users_and_fails_nothing(run, remind, status, post):
    ids = [remind("email") for _ in range(3)]
    post.to_sender = "550 sender rejected"
    run()
    assert {status(id_)[0] for id_ in ids} == {"scheduled"}
    post.to_sender = None
    assert run(NOON + timedelta(minutes=1)).mailed == 3
