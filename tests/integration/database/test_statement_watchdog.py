"""A server that does not answer is given up in time; a slow client is not."""

import time

import pytest

from focusflow.database import migrate, session
from focusflow.database.session import Database, Role
from focusflow.errors import Unavailable

SECONDS = 0.4


@pytest.fixture
def watched_database(database_url):
    with Database(database_url, connections=1, answer_timeout_seconds=SECONDS) as database:
        yield database


def test_a_statement_without_an_answer_ends_and_the_next_one_works(watched_database):
    begun = time.monotonic()
    with pytest.raises(Unavailable), watched_database.transaction(Role.API) as tx:
        tx.run("select pg_sleep(30)")
    assert time.monotonic() - begun < 10
    with watched_database.transaction(Role.API) as tx:
        assert tx.one("select 1 as one") == {"one": 1}


def test_no_process_waits_for_a_frozen_server_for_ever(database_url, monkeypatch):
    monkeypatch.setattr(session, "ANSWER_SECONDS", SECONDS)
    with Database(database_url) as database, pytest.raises(Unavailable), database.transaction(Role.API) as tx:
        tx.run("select pg_sleep(30)")


def test_extending_the_outbox_is_given_up_when_the_server_does_not_answer(database, database_url):
    with database.owner() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [migrate.LOCK])
        with pytest.raises(Unavailable):
            migrate.extend_outbox(database_url, answer_timeout_seconds=SECONDS)
    migrate.extend_outbox(database_url)


def test_a_client_may_take_its_time_between_two_statements(watched_database):
    with watched_database.transaction(Role.API) as tx:
        time.sleep(3 * SECONDS)
        assert tx.one("select 1 as one") == {"one": 1}
