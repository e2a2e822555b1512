"""A server that does not answer is given up in time; a slow client is not."""

import time

import pytest

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


def test_a_client_may_take_its_time_between_two_statements(watched_database):
    with watched_database.transaction(Role.API) as tx:
        time.sleep(3 * SECONDS)
        assert tx.one("select 1 as one") == {"one": 1}
