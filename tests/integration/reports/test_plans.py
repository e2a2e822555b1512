"""Who wants it is told of their plan once a day, an hour before their work begins, where and how they chose."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest

from focusflow.database.session import Role
from focusflow.identity import new_id
from focusflow.mail import mailer
from focusflow.settings import load_settings
from reports.delivery.sender import Pace
from reports.notifications.delivery import NotificationDelivery
from reports.notifications.plan_scheduler import PlanScheduler
from reports.periods.builder import report_builder
from reports.recipients import Recipients
from tests.conftest import add_user
from tests.mailserver import Post, served

MONDAY = date(2036, 11, 17)  # ahead of the database's clock, so that none of its hours has passed
EIGHT = datetime(2036, 11, 17, 7, tzinfo=UTC)  # in Berlin, where work begins at nine


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def settings(post, tmp_path):
    with served(post) as port:
        yield load_settings(
            home=tmp_path, smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", smtp_timeout_seconds=2,
            verify_email=False, public_api_url="https://focus.example.com",
        )  # fmt: skip


@pytest.fixture
def run(settings, database):
    """Plan, then tell."""
    with database.owner() as connection:
        connection.execute("truncate users cascade")

    def at(now=EIGHT):
        planned = PlanScheduler(database, report_builder(settings, database), lambda: now).run()
        recipients = Recipients(database, must_verify=False)
        NotificationDelivery(settings, database, recipients, mailer(settings), lambda: now, Pace(1000)).run()
        return planned

    return at


@pytest.fixture
def new_user(database, run):
    """Somebody with tasks, who wants to be told of their plan there."""

    def made(*channels, titles=("Write <b>the</b> report", "Paint the house"), minutes=(90, 600), off=False, **account):
        me = add_user(database, "Europe/Berlin")
        with database.owner() as connection:
            for name, value in account.items():
                connection.execute(f"update users set {name} = %s where id = %s", [value, me])
            if channels:
                connection.execute(
                    "insert into notification_preferences values (%s, 'daily_plan', true, %s)", [me, list(channels)]
                )
            if off:
                connection.execute(
                    "insert into days_off (id, user_id, created_at, updated_at, first_date, last_date, reason)"
                    " values (%s, %s, now(), now(), %s, %s, 'vacation')",
                    [new_id(), me, MONDAY, MONDAY],
                )
            for rank, (title, estimate) in enumerate(zip(titles, minutes, strict=True), 1):
                task = {"id": new_id(), "me": me, "title": title, "minutes": estimate, "rank": rank}
                connection.execute(
                    "insert into tasks (id, user_id, created_at, updated_at, title, estimated_minutes)"
                    " values (%(id)s, %(me)s, now(), now(), %(title)s, %(minutes)s)",
                    task,
                )
                connection.execute(
                    "insert into priority_scores (task_id, user_id, score, rank, reasons, model_version, as_of)"
                    " values (%(id)s, %(me)s, 50, %(rank)s, '[]', 'test', now())",
                    task,
                )
        return me

    return made


@pytest.fixture
def notes(database):
    def of(me):
        with database.transaction(Role.REPORTING) as tx:
            return tx.all(
                "select title, body, data, status from notifications where user_id = %(me)s order by created_at, id",
                {"me": me},
            )

    return of


def test_a_plan_is_seen_in_the_app_and_mailed_to_who_chose_so_once(run, new_user, notes, post):
    me = new_user("email", "in_app")
    assert run(EIGHT - timedelta(minutes=1)) == 0
    assert [run(EIGHT + timedelta(minutes=n)) for n in range(3)] == [1, 0, 0]
    (note,) = notes(me)
    assert (note["title"], note["status"]) == ("Your plan for Monday, 17 November 2036", "sent")
    assert note["body"].splitlines()[0] == "09:00 – 10:30  Write <b>the</b> report"
    (mail,) = post.taken
    assert (mail["To"], mail["Subject"]) == (f"{me}@example.com", note["title"])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = (mail.get_body([kind]).get_content() for kind in ("plain", "html"))
    assert "do not fit" in text
    assert "- Write <b>the</b> report: 09:00 – 10:30" in text
    assert "Write &lt;b&gt;the&lt;/b&gt; report" in html
    assert mail["List-Unsubscribe"].strip("<>") in html


def test_who_deletes_it_is_not_notified_again_on_that_day(run, new_user, notes, database):
    me = new_user()
    run()
    with database.owner() as connection:
        connection.execute("delete from notifications")
    assert run(EIGHT + timedelta(hours=1)) == 0
    assert notes(me) == []
    assert run(EIGHT + timedelta(days=1)) == 1


def test_who_chose_nothing_sees_it_in_the_app_and_the_new_day_takes_the_place_of_one_unread(run, new_user, notes, post):
    me = new_user()
    run()
    run(EIGHT + timedelta(days=1))
    assert [note["status"] for note in notes(me)] == ["cancelled", "sent"]
    assert post.taken == []


def test_it_is_written_as_where_the_user_is_from(run, new_user, notes):
    me = new_user(locale="de")
    run()
    assert notes(me)[0]["title"] == "Dein Plan für Montag, 17. November 2036"


@pytest.mark.parametrize("setting", ["switched off", "nowhere", "day off", "no tasks", "too late"])
def test_nobody_is_notified_who_opted_out_or_has_nothing_to_plan(run, new_user, notes, database, setting):
    tasks = {"titles": (), "minutes": ()} if setting == "no tasks" else {}
    me = new_user("email", off=setting == "day off", **tasks)
    with database.owner() as connection:
        if setting == "switched off":
            connection.execute("update notification_preferences set is_enabled = false")
        if setting == "nowhere":
            connection.execute("update notification_preferences set channels = '{}'")
    assert run(EIGHT + timedelta(hours=10 * (setting == "too late"))) == 0
    assert notes(me) == []


def test_two_at_once_tell_it_once(run, new_user, post):
    recipients = [new_user("email") for _ in range(10)]
    both = [threading.Thread(target=run) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(mail["To"] for mail in post.taken) == sorted(f"{me}@example.com" for me in recipients)


def test_a_plan_in_a_notification_can_be_accepted_under_its_name(run, new_user, notes, database):
    me = new_user()
    run()
    plan_id = notes(me)[0]["data"]["plan_id"]
    with database.transaction(Role.REPORTING) as tx:
        row = tx.one("select kind, output from ai_messages where id = %(id)s", {"id": plan_id})
    assert (row["kind"], row["output"]["day"]) == ("plan", f"{MONDAY}")
    assert len(row["output"]["blocks"]) > 1


def test_one_users_failing_plan_keeps_nobody_from_theirs_and_is_tried_later_and_later(run, new_user, notes, database):
    bad, nowhere, good = new_user(), new_user(timezone="Mars/Olympus"), new_user()
    with database.owner() as connection:
        connection.execute("update priority_scores set reasons = 'no JSON' where user_id = %s", [bad])
    assert run() == 1
    assert (len(notes(good)), notes(bad), notes(nowhere)) == (1, [], [])
    assert [run(EIGHT + timedelta(minutes=minutes)) for minutes in (1, 5, 6, 20)] == [0] * 4
    with database.owner() as connection:
        connection.execute("update priority_scores set reasons = '[]'")
        rows = connection.execute("select user_id, item, attempts, next_attempt_at from failed_attempts").fetchall()
    failed = {(row["user_id"], row["item"]): (row["attempts"], row["next_attempt_at"]) for row in rows}
    third = (3, EIGHT + timedelta(minutes=80))
    assert failed == {(bad, f"{MONDAY}"): third, (nowhere, "due"): third}
    assert [run(EIGHT + timedelta(minutes=minutes)) for minutes in (79, 80)] == [0, 1]
    with database.owner() as connection:
        assert [row["user_id"] for row in connection.execute("select user_id from failed_attempts")] == [nowhere]
