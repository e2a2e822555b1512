"""A query reads the relations that its table declares, each of them, and no others."""

from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa
import pytest

from focusflow.lake.session import Session
from focusflow.lake.tables import duckdb_connection
from pipelines.engine.build import PARAMETERS, TABLES
from pipelines.engine.descriptions import Table, table
from pipelines.engine.table_inputs import MACROS, producer, table_inputs
from pipelines.engine.window import Window

NAMES = [each.name for each in TABLES]
WINDOW = Window(date(2026, 3, 1), datetime(2026, 3, 2, tzinfo=UTC))


@pytest.fixture(scope="module")
def session():
    with duckdb_connection() as connection:
        yield Session(connection, MACROS)


def empty_inputs(session: Session, described: Table) -> dict[str, pa.Table]:
    empty = {name.replace("/", "."): table(name).spec.schema.empty_table() for name in described.reads}
    return dict(table_inputs(session, described, empty, WINDOW))


def run(session: Session, described: Table, inputs: dict[str, pa.Table]) -> pa.Table:
    parameters = {**PARAMETERS, **described.toml.get("variables", {}), "as_of": WINDOW.as_of}
    return session.run(described.query, inputs, parameters)


@pytest.mark.parametrize("described", TABLES, ids=NAMES)
def test_a_query_needs_nothing_but_what_its_table_declares(session, described):
    inputs = empty_inputs(session, described)
    assert [*inputs] == [*described.inputs]
    assert {*described.spec.schema.names} <= {*run(session, described, inputs).schema.names}


@pytest.mark.parametrize("described", TABLES, ids=NAMES)
def test_a_table_declares_nothing_that_neither_its_query_nor_its_other_inputs_read(session, described):
    for name in described.inputs:
        left = described.toml | {"inputs": [each for each in described.inputs if each != name]}
        without = Table(described.layer, described.name, described.folder, left, described.columns)
        with pytest.raises((duckdb.Error, KeyError)):
            run(session, without, empty_inputs(session, without))


def test_what_nothing_makes_cannot_be_declared():
    with pytest.raises((AttributeError, ModuleNotFoundError)):
        producer(table("gold/time_daily"), "somewhere")
