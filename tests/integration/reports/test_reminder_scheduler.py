"""Users are reminded of what is due or falls behind without having asked: once a date, once a day, five at most, where and when they chose."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from psycopg.types.json import Jsonb

from focusflow.database.rows import insert_row
from focusflow.database.session import Role
from focusflow.database.tables import days_off, goals, notifications, tasks
from focusflow.identity import new_id
from focusflow.mail import mailer
from focusflow.settings import load_settings
from reports.delivery.sender import Pace
from reports.notifications.delivery import NotificationDelivery
from reports.notifications.reminder_scheduler import ReminderScheduler
from reports.recipients import Recipients
from tests.conftest import add_user
from tests.mailserver import Post, served

TODAY = date(2026, 11, 17)
NINE = datetime(2026, 11, 17, 8, tzinfo=UTC)  # in Berlin, where work begins
EVIL = '<script>alert("x")</script>\r\nBcc: eve@example.com ' + "long" * 120


def days(count):
    return TODAY + timedelta(days=count)


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def run(post, database, tmp_path):
    """See what there is to remind of, then tell it."""
    with database.owner() as connection:
        connection.execute("truncate users cascade")
    with served(post) as port:
        settings = load_settings(
            home=tmp_path, smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", smtp_timeout_seconds=2,
            verify_email=False, public_api_url="https://focus.example.com",
        )  # fmt: skip

        def at(now=NINE):
            noticed = ReminderScheduler(database, lambda: now).run()
            recipients = Recipients(database, must_verify=False)
            NotificationDelivery(settings, database, recipients, mailer(settings), lambda: now, Pace(1000)).run()
            return noticed

        yield at


@pytest.fixture
def new_user(database, run):
    """Somebody who hears of a kind of reminder there."""

    def made(*channels, kind="task_reminder", is_enabled=True, timezone="Europe/Berlin"):
        me = add_user(database, timezone)
        if channels or not is_enabled:
            with database.owner() as connection:
                setting = [me, kind, is_enabled, list(channels)]
                connection.execute("insert into notification_preferences values (%s, %s, %s, %s)", setting)
        return me

    return made


@pytest.fixture
def add(database):
    def added(me, table, **values):
        with database.transaction(Role.API, me) as tx:
            return insert_row(tx, table, {"id": new_id(), **values})["id"]

    return added


@pytest.fixture
def goal(add, database):
    """A goal as the pipeline last saw it."""

    def made(me, ahead, *, target, started=-60, title="Read 24 books", seen=0):
        id_ = add(me, goals, title=title, start_date=days(started), target_date=days(target), progress=40)
        with database.owner() as connection:
            connection.execute(
                "insert into published_rows (user_id, table_name, day, key, row) values (%s, 'goal_progress', %s, %s, %s)",
                [me, days(seen), str(id_), Jsonb({"ahead": ahead, "progress": 40.0})],
            )
        return id_

    return made


@pytest.fixture
def notes(database):
    def of(me):
        with database.transaction(Role.REPORTING) as tx:
            return tx.all(
                "select title, body, status, type from notifications where user_id = %(me)s order by created_at, id",
                {"me": me},
            )

    return of


def test_what_is_due_today_or_tomorrow_is_notified_once_the_more_urgent_first(run, new_user, add, notes):
    me = new_user()
    add(me, tasks, title="Pay the rent", due_date=days(1))
    add(me, tasks, title="Call the bank", due_at=NINE + timedelta(hours=6))
    add(me, tasks, title="Paint the house", due_date=days(2))
    add(me, tasks, title="Long past", due_date=days(-1))
    add(me, tasks, title="This morning", due_at=NINE - timedelta(hours=1))
    assert run(NINE - timedelta(minutes=1)) == 0
    assert [run(NINE + timedelta(minutes=n)) for n in range(3)] == [1, 0, 0]
    (note,) = notes(me)
    assert note["title"] == "2 tasks are due today and tomorrow"
    assert note["body"].splitlines() == ["Call the bank: due today at 15:00", "Pay the rent: due tomorrow"]
    assert note["status"] == "sent"


def test_what_was_named_is_not_named_on_its_day_and_a_new_date_is(run, new_user, add, notes, database):
    me = new_user()
    task = add(me, tasks, title="Pay the rent", due_date=days(1))
    assert run() == 1
    assert run(NINE + timedelta(days=1)) == 0
    with database.owner() as connection:
        connection.execute("update tasks set due_date = %s where id = %s", [days(3), task])
    assert run(NINE + timedelta(days=2)) == 1
    assert [note["status"] for note in notes(me)] == ["cancelled", "sent"]  # nobody read the first


def test_five_are_named_the_others_counted_and_named_the_next_day(run, new_user, add, notes):
    me = new_user()
    for n in range(8):
        add(me, tasks, title=f"Task {n}", due_date=days(1))
    run()
    assert run(NINE + timedelta(hours=1)) == 0
    run(NINE + timedelta(days=1))
    first, second = notes(me)
    assert first["title"] == "8 tasks are due today or tomorrow"
    assert first["body"].count("Task") == 5
    assert first["body"].endswith(" 3 more are not named here.")
    assert second["title"] == "3 tasks are due today"
    assert not set(first["body"].splitlines()) & set(second["body"].splitlines())


def test_who_deletes_it_is_not_notified_again(run, new_user, add, database):
    me = new_user()
    add(me, tasks, title="Pay the rent", due_date=days(0))
    run()
    with database.owner() as connection:
        connection.execute("delete from notifications")
    assert run(NINE + timedelta(hours=1)) == 0


def test_a_mail_goes_to_who_chose_so_with_a_way_out(run, new_user, add, post):
    me = new_user("email", "in_app")
    add(me, tasks, title=EVIL[:500], due_date=days(0))
    run()
    (mail,) = post.taken
    assert mail["Bcc"] is None
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = (mail.get_body([kind]).get_content() for kind in ("plain", "html"))
    assert "<script" not in html
    assert mail["List-Unsubscribe"].strip("<>") in text


def test_after_quiet_hours_the_mail_goes_out(run, new_user, add, post, database):
    me = new_user("email")
    add(me, tasks, title="Pay the rent", due_date=days(0))
    with database.owner() as connection:
        connection.execute(
            "insert into preferences (user_id, updated_at, quiet_from, quiet_until) values (%s, now(), '22:00', '10:00')",
            [me],
        )
    run()
    assert post.taken == []
    run(NINE + timedelta(hours=1))
    assert len(post.taken) == 1


@pytest.mark.parametrize("why", ["switched off", "nowhere", "day off", "own reminder", "done", "after work", "closed"])
def test_nobody_is_reminded_who_does_not_want_it_or_need_it(run, new_user, add, database, why):
    me = new_user(is_enabled=why != "switched off")
    if why == "nowhere":
        with database.owner() as connection:
            connection.execute("insert into notification_preferences values (%s, 'task_reminder', true, '{}')", [me])
    task = add(me, tasks, title="Pay", due_date=days(0), status="completed" if why == "done" else "pending")
    if why == "day off":
        add(me, days_off, first_date=days(-1), last_date=days(0), reason="vacation")
    if why == "own reminder":
        about = Jsonb({"task_id": str(task)})
        at = NINE + timedelta(hours=3)
        add(me, notifications, type="task_reminder", title="Mine", data=about, scheduled_at=at)
    if why == "closed":
        with database.owner() as connection:
            connection.execute("update users set is_active = false")
    assert run(NINE + timedelta(hours=8 * (why == "after work"))) == 0


def test_goals_that_fall_behind_or_whose_date_is_near_are_notified_once_each(run, new_user, goal, notes):
    me = new_user()
    goal(me, -21.6, target=60, title="Launch the website")
    goal(me, 3.0, target=5, title="Move house")
    goal(me, -9.9, target=60, title="Nearly on pace")
    goal(me, -50.0, target=60, started=-3, title="Just begun")
    goal(me, -50.0, target=60, seen=-5, title="Not computed lately")
    goal(me, -50.0, target=-1, title="Past")
    assert [run(NINE + timedelta(days=n)) for n in range(3)] == [1, 0, 0]
    (note,) = notes(me)
    assert (note["title"], note["type"]) == ("2 goals to look at", "goal_reminder")
    assert note["body"].splitlines() == [
        "Move house: due 22 November 2026",
        "Launch the website: 22 points behind schedule, due 16 January 2027",
    ]


def test_a_goal_that_fell_behind_is_notified_again_when_its_date_is_near(run, new_user, goal, notes):
    me = new_user()
    goal(me, -30.0, target=20)
    assert [run(NINE + timedelta(days=n)) for n in (0, 12, 13, 14)] == [1, 0, 1, 0]


def test_one_users_trouble_stays_theirs(run, new_user, add, notes, monkeypatch):
    unlucky, fine = new_user(), new_user()
    for me in (unlucky, fine):
        add(me, tasks, title="Pay the rent", due_date=days(0))
    told = ReminderScheduler._notify

    def fails(self, found):
        if found[0]["user_id"] == unlucky:
            raise OSError("gone")
        return told(self, found)

    monkeypatch.setattr(ReminderScheduler, "_notify", fails)
    assert run() == 1
    monkeypatch.undo()
    assert [run(NINE + timedelta(minutes=minutes)) for minutes in (4, 5)] == [0, 1]
    assert (len(notes(unlucky)), len(notes(fine))) == (1, 1)


def test_each_hears_of_their_own_at_the_hour_of_their_own_zone(run, new_user, add, notes):
    there = new_user(timezone="Australia/Eucla")
    add(there, tasks, title="Theirs", due_date=days(1))
    me = new_user()
    add(me, tasks, title="Mine", due_date=days(1))
    midnight = datetime(2026, 11, 17, 0, 15, tzinfo=UTC)  # nine in Eucla
    assert run(midnight - timedelta(minutes=1)) == 0
    assert run(midnight) == 1
    assert [note["body"] for note in notes(there)] == ["Theirs: due tomorrow"]
    assert run() == 1
    assert [note["body"] for note in notes(me)] == ["Mine: due tomorrow"]


def test_two_at_once_tell_it_once(run, new_user, add, post):
    recipients = [new_user("email") for _ in range(10)]
    for me in recipients:
        add(me, tasks, title="Pay the rent", due_date=days(0))
    both = [threading.Thread(target=run) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(mail["To"] for mail in post.taken) == sorted(f"{me}@example.com" for me in recipients)


def test_a_user_without_a_time_zone_keeps_nobody_from_being_reminded_and_is_written_down(
    run, new_user, add, notes, database
):
    nowhere, good = new_user(timezone="Mars/Olympus"), new_user()
    for each in (nowhere, good):
        add(each, tasks, title="Pay the rent", due_date=TODAY)
    assert [run(NINE + timedelta(minutes=minutes)) for minutes in (0, 1)] == [1, 0]
    assert (len(notes(good)), notes(nowhere)) == (1, [])
    with database.owner() as connection:
        rows = connection.execute("select user_id, work, item, attempts, reason from failed_attempts").fetchall()
    assert [tuple(row.values()) for row in rows] == [(nowhere, "reminder", "due", 1, "ZoneInfoNotFoundError")]


def test_a_published_number_that_is_none_reminds_of_nothing_and_stops_nothing(run, new_user, goal, notes):
    bad, good = new_user(), new_user()
    goal(bad, "far", target=30)
    goal(good, -21.6, target=30)
    assert run() == 1
    assert (notes(bad), len(notes(good))) == ([], 1)
