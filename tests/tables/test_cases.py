"""Each folder `<table>/<case>/` with a `case.yaml` is a test of one gold table: rows of its inputs, and the rows that come of them."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import Lake
from pipelines.engine import build
from pipelines.engine.descriptions import Table, table

FOLDER = Path(__file__).parent
CASES = sorted(FOLDER.glob("*/*/case.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
def test_the_given_rows_make_the_expected_rows(path: Path, tmp_path: Path):
    check_case(path, table(f"gold/{path.parts[-3]}"), Lake(str(tmp_path)))


def check_case(path: Path, described: Table, lake: Lake) -> None:
    """Build a table from the rows that a case gives, and compare it with those that the case expects."""
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {*case["given"]} <= {*described.reads}, "rows are given to tables among the inputs"
    for name in described.reads:
        spec = table(name).spec
        lake.open(spec).append(_rows(case["given"].get(name, []), spec.schema), positions={})
    found = build.compute(lake, duckdb_session(), described, build.EVERYTHING, _moment(case["as_of"]))
    columns = list(case["expect"][0]) if case["expect"] else found.schema.names
    expected = pa.Table.from_pylist(case["expect"], schema=pa.schema([found.schema.field(name) for name in columns]))
    by = [(name, "ascending") for name in described.grain if name in columns]
    assert found.select(columns).sort_by(by).to_pylist() == expected.sort_by(by).to_pylist()


def _rows(rows: list[dict[str, object]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema=schema)


def _moment(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)
