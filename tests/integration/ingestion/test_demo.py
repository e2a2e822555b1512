"""The demo users in a real database."""

from datetime import UTC, datetime

import orjson
import pytest
from argon2 import PasswordHasher

from focusflow.contracts.registry import BY_TYPE
from focusflow.database.session import Role
from focusflow.identity import bucket_of
from ingestion.demo import PASSWORD, write_demo
from ingestion.demo.accounts import switch
from ingestion.replay import REMOVALS, TABLES
from tests.conftest import BUCKETS

NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)

SELECT = {noun: f"select * from {table}" for noun, table in TABLES.items()}


@pytest.fixture(scope="module")
def written(database):
    return write_demo(database, NOW, days=120, count=2)


@pytest.fixture(scope="module")
def accounts(database, written):
    with database.transaction(Role.AUTH) as tx:
        return tx.all("select * from users order by email")


@pytest.fixture(scope="module")
def outbox(database, written):
    with database.transaction(Role.INGESTION) as tx:
        return tx.all("select * from outbox order by id")


def test_each_user_has_an_account_with_the_known_password(accounts):
    assert [(row["email"], row["role"]) for row in accounts] == [
        ("analyst@example.com", "analyst"),
        ("demo@example.com", "user"),
    ]
    assert all(PasswordHasher().verify(row["password_hash"], PASSWORD) for row in accounts)


def test_the_outbox_holds_every_event_in_its_users_bucket(written, outbox):
    assert len(outbox) == written.events
    for row in outbox:
        value = orjson.loads(row["value"])
        assert (value["id"], value["userid"]) == (str(row["event_id"]), str(row["user_id"]))
        assert row["bucket"] == bucket_of(row["user_id"], BUCKETS)


def test_a_whole_history_is_recorded_at_the_moment_it_is_written(outbox):
    recorded = {(row["user_id"], orjson.loads(row["value"])["recordedtime"]) for row in outbox}
    assert len(recorded) == 2


@pytest.mark.parametrize("noun", TABLES)
def test_the_rows_of_a_user_are_what_their_last_events_say(database, accounts, outbox, noun):
    for account in accounts:
        last = {}
        for row in outbox:
            value = orjson.loads(row["value"])
            if row["user_id"] == account["id"] and BY_TYPE[value["type"]].name == noun:
                last[value["subject"]] = value
        expected = {subject: value for subject, value in last.items() if value["type"] not in REMOVALS}
        with database.transaction(Role.API, account["id"]) as tx:
            rows = {str(row["id"]): row for row in tx.all(SELECT[noun])}
        assert rows.keys() == expected.keys()
        for subject, value in expected.items():
            assert rows[subject]["version"] == value["entityversion"]
            assert BY_TYPE[value["type"]].data.model_validate(rows[subject]).model_dump(mode="json") == value["data"]


def test_a_second_run_changes_nothing_and_a_larger_one_adds_who_is_missing(database, written, outbox):
    again = write_demo(database, NOW, days=120, count=2)
    assert (again.personas, again.rows, again.events) == (0, 0, 0)
    assert write_demo(database, NOW, days=40, count=3).personas == 1


def test_accounts_with_the_known_password_work_only_while_the_demo_runs(database, written):
    def active():
        with database.owner() as connection:
            connection.execute("set local role focusflow_auth")
            rows = connection.execute("select email from users where is_active order by email").fetchall()
        return [row["email"] for row in rows]

    both = active()
    with database.transaction(Role.AUTH) as tx:
        tx.run("update users set password_hash = 'their own' where email = 'analyst@example.com'")
    assert switch(database, on=False) == len(both) - 1
    assert active() == ["analyst@example.com"]
    assert switch(database, on=False) == 0
    assert switch(database, on=True) == len(both) - 1
    assert active() == both
    with database.transaction(Role.INGESTION) as tx:
        last = tx.one("select value from outbox order by id desc limit 1")
    assert orjson.loads(last["value"])["before"] == {"is_active": False}
