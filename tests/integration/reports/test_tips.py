"""Tips fit how a user works, come at most once a week, and each one once."""

from datetime import UTC, datetime, timedelta

from focusflow.database.rows import insert_row
from focusflow.database.session import Role
from focusflow.database.tables import tasks
from focusflow.identity import new_id
from reports.notifications.tip_scheduler import TIPS, TipScheduler

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)  # ten in Berlin


def clock_at(moment):
    return lambda: moment


def tips_of(database, user_id):
    with database.transaction(Role.REPORTING) as tx:
        rows = tx.all(
            "select data->>'tip' as tip from notifications where user_id = %(id)s and type = 'productivity_tip' order by created_at",
            {"id": user_id},
        )
    return [row["tip"] for row in rows]


def test_a_tip_fits_comes_once_and_at_most_weekly(database, new_user):
    ada = new_user()
    with database.transaction(Role.API, ada) as tx:
        for n in range(9):
            insert_row(tx, tasks, {"id": new_id(), "title": f"{n}"})
    for hours in range(0, 24 * 40, 6):
        TipScheduler(database, clock_at(MONDAY + timedelta(hours=hours))).run()
    assert tips_of(database, ada) == ["due_dates", "estimates", "days_off"]
    assert set(tips_of(database, ada)) < set(TIPS)


def test_no_tip_comes_outside_of_work_or_to_who_opted_out(database, new_user):
    ada, eve = new_user(), new_user()
    with database.transaction(Role.API, eve) as tx:
        tx.connection.execute(
            "insert into notification_preferences (user_id, type, is_enabled, channels)"
            " values (current_user_id(), 'productivity_tip', false, '{in_app}')"
        )
    assert TipScheduler(database, lambda: MONDAY - timedelta(hours=6)).due() == []
    assert [row["user_id"] for row in TipScheduler(database, lambda: MONDAY).due()] == [ada]
    TipScheduler(database, lambda: MONDAY).run()
    assert tips_of(database, eve) == []
