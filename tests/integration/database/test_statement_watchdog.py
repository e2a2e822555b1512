"""Whoever waits for a server that does not answer is told so in time; whoever is slow themselves may be."""

import time

import pytest

from focusflow.database.session import Database, Role
from focusflow.errors import Unavailable

SECONDS = 0.4


@pytest.fixture
def impatient(database_url):
    with Database(database_url, connections=1, answer_timeout_seconds=SECONDS) as database:
        yield database


def test_a_question_without_an_answer_ends_and_the_next_is_answered(impatient):
    begun = time.monotonic()
    with pytest.raises(Unavailable), impatient.transaction(Role.API) as tx:
        tx.run("select pg_sleep(30)")
    assert time.monotonic() - begun < 10
    with impatient.transaction(Role.API) as tx:
        assert tx.one("select 1 as one") == {"one": 1}


def test_who_takes_time_between_two_questions_has_it(impatient):
    with impatient.transaction(Role.API) as tx:
        time.sleep(3 * SECONDS)
        assert tx.one("select 1 as one") == {"one": 1}
