"""Habits remind at the time that the user set, on days on which they are due, once; in quiet hours no email goes out."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from focusflow.database.rows import insert_row
from focusflow.database.session import Role
from focusflow.database.tables import days_off, habit_logs, habits
from focusflow.identity import new_id
from focusflow.mail import mailer
from reports.notifications.delivery import NotificationDelivery
from reports.notifications.habit_scheduler import HabitReminderScheduler
from reports.recipients import Recipients

WEDNESDAY = datetime(2026, 11, 18, 6, 30, tzinfo=UTC)  # half past seven in Berlin


@pytest.fixture
def save(database):
    def saved(user_id, table, **fields):
        with database.transaction(Role.API, user_id) as tx:
            return insert_row(tx, table, {"id": new_id(), **fields})["id"]

    return saved


@pytest.fixture
def habit(save):
    def saved(user_id, **fields):
        return save(user_id, habits, title="Stretch", start_date=date(2026, 11, 1), reminder_time=time(7, 30), **fields)

    return saved


@pytest.fixture
def remind(database):
    def run(now=WEDNESDAY):
        return HabitReminderScheduler(database, lambda: now).run()

    return run


@pytest.fixture
def ada(new_user):
    return new_user()


def test_a_habit_reminds_once_a_day_from_its_time_on(habit, remind, new_user, database):
    ada = new_user()
    habit(ada)
    assert remind(WEDNESDAY - timedelta(minutes=1)) == 0
    assert HabitReminderScheduler(database, lambda: WEDNESDAY).due()
    assert [remind(WEDNESDAY + timedelta(minutes=n)) for n in (0, 1, 90)] == [1, 0, 0]
    assert remind(WEDNESDAY + timedelta(days=1)) == 1
    with database.transaction(Role.REPORTING) as tx:
        notes = tx.all("select title, type, status from notifications order by created_at")
    assert [(each["title"], each["type"], each["status"]) for each in notes] == [
        ("Time for: Stretch", "habit_reminder", "cancelled"), ("Time for: Stretch", "habit_reminder", "scheduled"),
    ]  # fmt: skip


def test_long_after_its_time_nothing_is_sent(habit, remind, new_user):
    habit(new_user())
    assert remind(WEDNESDAY + timedelta(hours=3)) == 0


@pytest.mark.parametrize(
    "case",
    [
        ({"frequency": "daily"}, True), ({"frequency": "weekdays", "weekdays": [2]}, True),
        ({"frequency": "weekdays", "weekdays": [0, 1, 3, 4, 5, 6]}, False), ({"frequency": "weekly", "times_per_week": 2}, False),
        ({"frequency": "weekly", "times_per_week": 3}, True), ({"archived_at": WEDNESDAY - timedelta(days=1)}, False),
        ({"end_date": date(2026, 11, 17)}, False),
    ],
)  # fmt: skip
def test_only_what_is_due_today_reminds(habit, remind, ada, save, case):
    fields, is_due = case
    stretch = habit(ada, **fields)
    for day in (16, 17):
        save(ada, habit_logs, habit_id=stretch, local_date=date(2026, 11, day), skipped=False)
    assert remind() == is_due


def test_what_is_done_or_skipped_and_a_day_off_remind_of_nothing(habit, remind, new_user, save):
    ada, eve = new_user(), new_user()
    for skipped in (False, True):
        save(ada, habit_logs, habit_id=habit(ada), local_date=WEDNESDAY.date(), skipped=skipped)
    habit(eve)
    save(eve, days_off, first_date=date(2026, 11, 16), last_date=date(2026, 11, 20), reason="vacation")
    assert remind() == 0


def test_an_email_waits_for_the_end_of_quiet_hours(habit, remind, new_user, sending, post):
    database, settings = sending().recipients.database, sending().settings
    ada = new_user(quiet_from=time(22), quiet_until=time(8))
    habit(ada)
    with database.transaction(Role.API, ada) as tx:
        tx.connection.execute(
            "insert into notification_preferences (user_id, type, is_enabled, channels)"
            " values (current_user_id(), 'habit_reminder', true, '{email,in_app}')"
        )
    remind()

    def deliver(now):
        NotificationDelivery(
            settings, database, Recipients(database, must_verify=False), mailer(settings), now=lambda: now
        ).run()

    deliver(WEDNESDAY + timedelta(minutes=1))
    assert post.taken == []
    deliver(WEDNESDAY + timedelta(minutes=31))
    assert [mail["Subject"] for mail in post.taken] == ["Time for: Stretch"]
