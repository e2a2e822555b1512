"""The query that travels with the opening of a transaction is planned once per connection, and again when its plan is gone."""

import pytest
from psycopg.errors import DivisionByZero

from focusflow.database.session import Database, Role, opening_query

HALF = opening_query("half_of", "select 1 / %(of)s as half where %(of)s < 10")


@pytest.fixture
def narrow(database_url):
    with Database(database_url, connections=1) as database:
        yield database


def half(database, of):
    with database.transaction(Role.API, first=(HALF, {"of": of})) as tx:
        return tx.found["half"], tx.now


def test_the_row_comes_with_the_opening_and_its_time(narrow):
    assert [half(narrow, 1)[0] for _ in range(2)] == [1, 1]
    assert half(narrow, 1)[1] < half(narrow, 1)[1]


def test_what_is_not_found_is_null(narrow):
    assert half(narrow, 11)[0] is None


def test_a_plan_that_is_gone_is_made_again(narrow):
    half(narrow, 1)
    with narrow.owner() as connection:
        connection.execute("deallocate all")
    assert [half(narrow, 1)[0] for _ in range(2)] == [1, 1]


def test_an_error_in_the_first_query_leaves_the_connection_usable(narrow):
    with pytest.raises(DivisionByZero):
        half(narrow, 0)
    assert half(narrow, 1)[0] == 1
