"""A few rows of a table come from its small files without a query, and are what a query would find."""

from pathlib import Path

import pyarrow as pa
import pytest

from focusflow.lake import data_files
from focusflow.lake.data_files import DataFiles
from focusflow.lake.session import Scan, duckdb_session
from focusflow.lake.tables import Lake, TableSpec

VISITS = TableSpec(
    "gold/visits",
    pa.schema(
        [
            pa.field("bucket", pa.int16(), nullable=False),
            pa.field("month", pa.string(), nullable=False),
            pa.field("user_id", pa.string()),
            pa.field("days", pa.list_(pa.date32())),
            pa.field("at", pa.timestamp("us", "UTC")),
        ]
    ),
    ("month", "bucket"),
)
WITH_PLACE = TableSpec(
    VISITS.name, pa.schema([*VISITS.schema, pa.field("place", pa.string())]), VISITS.partition_by, is_computed=False
)


def visits(spec=VISITS, **values):
    row = {"bucket": 3, "month": "2026-03", "user_id": "ada", "days": [], "at": 5}
    return pa.Table.from_pylist([row | values], schema=spec.schema)


def rows(files, table, paths):
    found = files.rows(table, paths)
    assert found is not None
    return found


@pytest.fixture(params=["lake", "mein großer lake"])
def table(request, tmp_path):
    lake = Lake(str(tmp_path / request.param))
    lake.open(VISITS).append(visits(), positions={})
    lake.open(VISITS).append(visits(month="2026-04", days=[4, 5], at=None, user_id=None), positions={})
    table = lake.open(WITH_PLACE)
    table.append(visits(WITH_PLACE, place="home"), positions={})
    return table


def test_rows_are_those_of_a_query(table):
    found = rows(DataFiles(), table, table.files())
    by_query = duckdb_session().run("from visits", {"visits": Scan.of(table)})
    order = [("month", "ascending"), ("place", "ascending")]
    assert found.sort_by(order).to_pylist() == by_query.sort_by(order).to_pylist()
    assert found.schema == table.columns()


def test_partitions_that_hold_nothing_are_no_rows(table):
    found = rows(DataFiles(), table, table.files("bucket = 4"))
    assert (found.num_rows, found.schema) == (0, table.columns())


def test_a_file_is_read_once(table):
    files, paths = DataFiles(), list(table.files())
    before = rows(files, table, paths)
    for path in paths:
        Path(path).unlink()
    assert rows(files, table, paths).equals(before)


def test_files_that_are_kept_are_bounded(table, monkeypatch):
    monkeypatch.setattr(data_files, "KEPT_BYTES", 1)
    files, paths = DataFiles(), list(table.files())
    files.rows(table, paths)
    Path(paths[0]).unlink()
    with pytest.raises(FileNotFoundError):
        files.rows(table, paths)


def test_large_files_are_left_to_queries(table, monkeypatch):
    monkeypatch.setattr(data_files, "MOST_FILE_BYTES", 10)
    assert DataFiles().rows(table, table.files()) is None
