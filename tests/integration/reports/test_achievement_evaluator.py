"""What somebody reached is told once, the farthest of its kind, and stays theirs."""

import threading
from datetime import UTC, datetime
from functools import partial

import pytest
from psycopg.types.json import Jsonb

from focusflow.database.session import Role
from reports.delivery.schedule import PAUSES
from reports.notifications.achievement_evaluator import AchievementEvaluator
from reports.notifications.achievements import ACHIEVEMENTS
from tests.conftest import add_user

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def ada(database):
    with database.owner() as connection:
        connection.execute("truncate users cascade")
    return add_user(database)


@pytest.fixture
def complete(database, ada):
    """So many tasks are completed, by the table that the pipeline publishes."""

    def published(value, metric="tasks_completed"):
        with database.owner() as connection, connection.cursor() as cursor:
            cursor.execute("delete from published_rows where row->>'metric' = %s", [metric])
            for each in ACHIEVEMENTS:
                if each.metric == metric:
                    row = {"achievement": each.name, "metric": metric, "threshold": each.threshold}
                    row["earned_on"] = "2026-11-20" if value >= each.threshold else None
                    cursor.execute(
                        "insert into published_rows values (%s, 'achievements', '2026-01-01', %s, %s)",
                        [ada, each.name, Jsonb(row)],
                    )

    return published


@pytest.fixture
def announced(database, ada):
    def now():
        with database.transaction(Role.REPORTING) as tx:
            return [
                row["title"]
                for row in tx.all("select title from notifications where type = 'achievement' order by created_at, id")
            ]

    return now


def test_each_step_is_notified_once_and_of_several_the_farthest(database, complete, announced):
    complete(9)
    assert AchievementEvaluator(database).run() == 0
    complete(60)
    assert [AchievementEvaluator(database).run() for _ in range(2)] == [1, 0]
    complete(100)
    complete(10, "hours_logged")
    assert AchievementEvaluator(database).run() == 2
    assert sorted(announced()) == ["10 hours logged", "100 tasks completed", "50 tasks completed"]


def test_what_was_reached_stays_and_is_not_notified_again(database, complete, announced):
    complete(10)
    AchievementEvaluator(database).run()
    with database.owner() as connection:
        connection.execute("delete from notifications")
    complete(9)
    assert AchievementEvaluator(database).run() == 0
    complete(10)
    assert AchievementEvaluator(database).run() == 0
    with database.owner() as connection:
        kept = connection.execute("select achievement from earned_achievements").fetchall()
    assert [row["achievement"] for row in kept] == ["tasks_completed-10"]


def test_two_at_once_tell_it_once(database, complete, announced):
    complete(10)
    both = [threading.Thread(target=AchievementEvaluator(database).run) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert announced() == ["10 tasks completed"]


def test_one_users_bad_data_holds_back_no_other_notification_and_is_given_up(database, ada, complete, announced):
    bad, now = add_user(database), NOON
    first, last = sorted([ada, bad])
    with database.owner() as connection:
        connection.execute(f"alter table notifications add constraint trouble check (user_id <> '{first}')")
        for each in (first, last):
            row = Jsonb({"achievement": "goals_completed-1", "threshold": "?", "earned_on": "2026-11-20"})
            connection.execute(
                "insert into published_rows values (%s, 'achievements', '2026-01-01', 'goals', %s)", [each, row]
            )
    assert [AchievementEvaluator(database, lambda: NOON).run() for _ in range(2)] == [1, 0]
    for pause in PAUSES:
        now += pause
        assert AchievementEvaluator(database, partial(lambda at: at, now)).run() == 0
    with database.owner() as connection:
        (row,) = connection.execute("select user_id, work, attempts, next_attempt_at from failed_attempts").fetchall()
        connection.execute("alter table notifications drop constraint trouble")
    assert row == {"user_id": first, "work": "achievement", "attempts": len(PAUSES) + 1, "next_attempt_at": None}
    assert announced() == ["The first goal completed"]
