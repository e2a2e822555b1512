"""A user sees their own rows, whatever the code above forgets."""

import psycopg
import pytest

from focusflow.database.outbox import append, event
from focusflow.database.rows import insert_row, update_row
from focusflow.database.session import Role
from focusflow.database.tables import tasks
from focusflow.identity import new_id
from tests.conftest import add_user


def add_task(database, user_id, title="Buy milk"):
    with database.transaction(Role.API, user_id) as tx:
        return insert_row(tx, tasks, {"id": new_id(), "title": title})


def titles(database, user_id):
    with database.transaction(Role.API, user_id) as tx:
        return [row["title"] for row in tx.all("select title from tasks")]


def test_a_user_sees_their_own_tasks_and_no_others(database, user_id):
    add_task(database, user_id, "mine")
    other = add_user(database)
    add_task(database, other, "theirs")
    assert titles(database, user_id) == ["mine"]


def test_without_a_user_nothing_is_seen(database, user_id):
    add_task(database, user_id)
    with database.transaction(Role.API) as tx:  # the setting is '' on a connection that had a user before
        assert tx.all("select * from tasks") == []


def test_another_users_row_cannot_be_changed(database, user_id):
    task = add_task(database, user_id)
    with database.transaction(Role.API, add_user(database)) as tx:
        assert update_row(tx, tasks, task["id"], {"title": "stolen"}) is None


def test_a_row_cannot_be_given_to_another_user(database, user_id):
    other = add_user(database)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(Role.API, user_id) as tx:
        insert_row(tx, tasks, {"id": new_id(), "title": "planted", "user_id": other})


def test_a_row_cannot_point_at_another_users(database, user_id):
    theirs = add_task(database, add_user(database))
    with pytest.raises(psycopg.errors.ForeignKeyViolation), database.transaction(Role.API, user_id) as tx:
        insert_row(tx, tasks, {"id": new_id(), "title": "child", "parent_task_id": theirs["id"]})


def test_a_connection_keeps_nothing_of_its_last_user(database, user_id):
    add_task(database, user_id)
    with pytest.raises(ZeroDivisionError), database.transaction(Role.API, user_id):
        raise ZeroDivisionError
    with database.transaction(Role.INGESTION) as tx:
        row = tx.one("select current_user as role, nullif(current_setting('focusflow.user_id', true), '') as user_id")
    assert row == {"role": "focusflow_ingestion", "user_id": None}


@pytest.mark.parametrize("role", [Role.INGESTION, Role.SCORING, Role.AUTH])
def test_other_roles_cannot_read_tasks(database, role):
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(role) as tx:
        tx.all("select * from tasks")


def test_the_api_can_write_the_outbox_but_not_read_it(database, user_id):
    task = add_task(database, user_id)
    with database.transaction(Role.API, user_id) as tx:
        made = event(
            "task.created",
            user_id=user_id,
            timezone="Europe/Berlin",
            subject=task["id"],
            version=1,
            data=task,
            recorded_at=tx.now,
        )
        append(tx, [made])
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(Role.API, user_id) as tx:
        tx.all("select * from outbox")


def test_a_change_counts_versions(database, user_id):
    task = add_task(database, user_id)
    with database.transaction(Role.API, user_id) as tx:
        changed = update_row(tx, tasks, task["id"], {"title": "Buy oat milk"})
    assert changed is not None
    assert (changed["version"], changed["title"], changed["updated_at"]) == (2, "Buy oat milk", tx.now)


def test_a_column_that_is_not_in_the_schema_is_a_defect(database, user_id):
    with pytest.raises(KeyError), database.transaction(Role.API, user_id) as tx:
        insert_row(tx, tasks, {"id": new_id(), "title": "x", 'title") values (1); --': 1})
