"""What somebody reached is told once, the farthest of its kind, and stays theirs."""

import threading

import pytest

from focusflow.database.session import Role
from focusflow.identity import new_id
from reports.achieving import Achievements
from tests.conftest import add_user


@pytest.fixture
def ada(database):
    with database.owner() as connection:
        connection.execute("truncate users cascade")
    return add_user(database)


@pytest.fixture
def complete(database, ada):
    def made(tasks):
        with database.owner() as connection, connection.cursor() as cursor:
            cursor.executemany(
                "insert into tasks (id, user_id, created_at, updated_at, title, status, completed_at)"
                " values (%s, %s, now(), now(), 'x', 'completed', now())",
                [(new_id(), ada) for _ in range(tasks)],
            )

    return made


@pytest.fixture
def told(database, ada):
    def now():
        with database.transaction(Role.REPORTING) as tx:
            return [
                row["title"]
                for row in tx.all("select title from notifications where type = 'achievement' order by created_at, id")
            ]

    return now


def test_each_step_is_told_once_and_of_several_the_farthest(database, complete, told):
    complete(9)
    assert Achievements(database).run() == 0
    complete(51)
    assert [Achievements(database).run() for _ in range(2)] == [1, 0]
    complete(40)
    Achievements(database).run()
    assert told() == ["50 tasks completed", "100 tasks completed"]


def test_what_was_reached_stays_and_is_not_told_again(database, complete, told):
    complete(10)
    Achievements(database).run()
    with database.owner() as connection:
        connection.execute("delete from notifications")
        connection.execute("update tasks set completed_at = null, status = 'pending'")
    assert Achievements(database).run() == 0
    complete(10)
    assert Achievements(database).run() == 0
    with database.owner() as connection:
        kept = connection.execute("select achievement from earned_achievements").fetchall()
    assert [row["achievement"] for row in kept] == ["tasks_completed-10"]


def test_time_goals_and_habits_count(database, ada, told):
    with database.owner() as connection:
        connection.execute(
            "insert into time_entries (id, user_id, created_at, updated_at, kind, started_at, ended_at)"
            " values (%s, %s, now(), now(), 'focus', now() - interval '10 hours', now())",
            [new_id(), ada],
        )
        connection.execute(
            "insert into goals (id, user_id, created_at, updated_at, title, status, completed_at)"
            " values (%s, %s, now(), now(), 'x', 'completed', now())",
            [new_id(), ada],
        )
    assert Achievements(database).run() == 2
    assert sorted(told()) == ["10 hours logged", "The first goal completed"]


def test_two_at_once_tell_it_once(database, complete, told):
    complete(10)
    both = [threading.Thread(target=Achievements(database).run) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert told() == ["10 tasks completed"]
