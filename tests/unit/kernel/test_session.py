"""A query reads what it is given, and nothing of it is there for the next one."""

import duckdb
import pyarrow as pa
import pytest

from focusflow.lake import session as module
from focusflow.lake.session import Scan, Session
from focusflow.lake.tables import duckdb_connection

ROWS = pa.table({"n": [1, 2, 3]})


@pytest.fixture
def session():
    with duckdb_connection() as connection:
        yield Session(connection, "create or replace macro twice(n) as 2 * n")


def test_a_query_gets_its_inputs_by_name_and_those_parameters_that_it_names(session):
    inputs = {"numbers": ROWS, "silver.numbers": Scan("select 10 as n")}
    query = "select n from numbers where n > $above union all select twice(n) from silver.numbers order by n"
    assert session.run(query, inputs, {"above": 1, "below": 5})["n"].to_pylist() == [2, 3, 20]
    assert session.row("select count(*), max(n) from silver.numbers", inputs) == (1, 10)


def test_many_rows_come_in_batches(session):
    query = "select n from numbers where n > $above order by n"
    batches = list(session.batches(query, {"numbers": ROWS}, {"above": 1, "below": 5}, size=1))
    assert [row for batch in batches for row in batch["n"].to_pylist()] == [2, 3]
    assert session.rows(query, {"numbers": ROWS}, {"above": 2}) == [(3,)]


@pytest.mark.parametrize("name", ["numbers", "silver.numbers"])
@pytest.mark.parametrize("relation", [ROWS, Scan("select 1 as n")])
def test_an_input_is_gone_after_the_call(session, name, relation):
    session.run(f"from {name}", {name: relation})
    with pytest.raises(duckdb.CatalogException):
        session.run(f"from {name}")


def test_an_input_is_gone_after_a_query_that_failed(session):
    with pytest.raises(duckdb.ConversionException):
        session.run("select 'x'::integer from numbers", {"numbers": ROWS})
    with pytest.raises(duckdb.CatalogException):
        session.run("from numbers")


def test_a_variable_of_the_program_is_no_input(session):
    rows = ROWS  # noqa: F841
    with pytest.raises(duckdb.CatalogException):
        session.run("from rows")
    with pytest.raises(duckdb.CatalogException):
        session.run("from inputs")


def test_stored_rows_are_there_as_long_as_the_block_runs(session):
    with session.stored("select n + 1 as n from numbers", {"numbers": ROWS}) as rows:
        assert session.run("from more", {"more": rows})["n"].to_pylist() == [2, 3, 4]
    with pytest.raises(duckdb.CatalogException):
        session.run("from more", {"more": rows})


@pytest.mark.parametrize("numbers", [ROWS, Scan("select unnest([1, 2, 3]) as n")], ids=["in memory", "a scan"])
def test_rows_are_held_as_long_as_the_block_runs(session, numbers):
    with session.held("select n + 1 as n from numbers where n > $above", {"numbers": numbers}, {"above": 1}) as rows:
        assert session.run("from more", {"more": rows})["n"].to_pylist() == [3, 4]


def test_sums_of_integers_that_are_held_are_integers(session):
    with session.held("select sum(n) as total from numbers", {"numbers": ROWS}) as rows:
        assert session.row("select total, total // 4, typeof(total) from sums", {"sums": rows}) == (6, 1, "BIGINT")


def test_a_session_has_its_macros_whatever_others_of_the_connection_defined(session):
    connection = session.connection
    thrice = Session(connection, "create or replace macro twice(n) as 3 * n")
    assert thrice.row("select twice(1)") == (3,)
    for _ in range(2):
        assert Session(connection, "create or replace macro twice(n) as 2 * n").row("select twice(1)") == (2,)


def test_rows_of_small_scans_are_kept_up_to_a_number_of_bytes(session, monkeypatch):
    scans = [Scan(f"select range as n from range({count})") for count in (100, 101, 102)]
    monkeypatch.setattr(module, "KEPT_BYTES", 2_000)
    first, *_ = (session.small(each) for each in scans)
    assert session.small(scans[2]) is session.small(scans[2])
    assert session.small(scans[0]) is not first
    assert session.small(scans[0]).equals(first)
    monkeypatch.setattr(module, "SMALL_ROWS", 50)
    assert session.small(Scan("select range as n from range(51)")) == Scan("select range as n from range(51)")


def test_rows_in_memory_are_not_asked_the_same_twice(session):
    query = "select random() as drawn from numbers where n > $above limit 1"
    first = session.run(query, {"numbers": ROWS}, {"above": 1})
    equal_rows = pa.table({"n": [1, 2, 3]})
    assert session.run(query, {"numbers": equal_rows}, {"above": 1}) is first


@pytest.mark.parametrize(
    ("rows", "above"), [([1, 2, 4], 1), ([1, 2, 3], 0)], ids=["other rows", "another parameter"]
)  # fmt: skip
def test_other_rows_and_parameters_have_an_answer_of_their_own(session, rows, above):
    query = "select sum(n)::bigint as total from numbers where n > $above"
    assert session.run(query, {"numbers": ROWS}, {"above": 1})["total"].to_pylist() == [5]
    expected = [sum(n for n in rows if n > above)]
    assert session.run(query, {"numbers": pa.table({"n": rows})}, {"above": above})["total"].to_pylist() == expected


def test_what_is_asked_again_after_a_macro_has_changed_has_its_new_answer(session):
    assert session.run("select twice(n) as n from numbers limit 1", {"numbers": ROWS})["n"].to_pylist() == [2]
    session.define("create or replace macro twice(n) as 20 * n")
    assert session.run("select twice(n) as n from numbers limit 1", {"numbers": ROWS})["n"].to_pylist() == [20]


def test_answers_are_kept_up_to_a_number(session, monkeypatch):
    monkeypatch.setattr(module, "MOST_ANSWERS", 1)
    first = session.run("select n from numbers", {"numbers": ROWS})
    session.run("select n + 1 as n from numbers", {"numbers": ROWS})
    assert session.run("select n from numbers", {"numbers": ROWS}) is not first


def test_tables_of_two_layers_and_an_input_may_share_a_name(session):
    inputs = {"numbers": ROWS, "raw.numbers": pa.table({"n": [20]}), "silver.numbers": pa.table({"n": [30]})}
    query = "select (select sum(n) from numbers), (select n from raw.numbers), (select numbers.n from silver.numbers)"
    assert session.row(query, inputs) == (6, 20, 30)
    assert session.run(query, inputs).num_rows == 1


def test_rows_in_memory_are_joined_to_a_scan_in_batches(session):
    inputs = {"numbers": ROWS, "more": Scan("select unnest([2, 3, 4]) as n")}
    batches = session.batches("select n from numbers semi join more using (n) order by n", inputs, size=1)
    assert [row for batch in batches for row in batch["n"].to_pylist()] == [2, 3]
