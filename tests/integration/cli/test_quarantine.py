"""`focusflow quarantine` as an operator uses it."""

import json
from datetime import date
from functools import partial

import pyarrow as pa
import pytest

from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import RAW_EVENTS, Lake, position_key
from ingestion.landing.lander import raw_rows
from ingestion.outbox.source import Run
from pipelines.engine import descriptions, silver
from tests.conftest import add_user


@pytest.fixture
def run(tmp_path, monkeypatch, focusflow, database_url):
    monkeypatch.setenv("FOCUSFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", database_url)
    return partial(focusflow, "quarantine")


def test_an_empty_quarantine_says_so(run):
    assert b"No events in quarantine" in run().stdout


def test_what_is_bad_is_listed_shown_and_tried_again_and_the_look_is_recorded(run, tmp_path, database):
    lake, session = Lake(str(tmp_path / "lake")), duckdb_session()
    rows = raw_rows(session, [Run(1, [0], [b"\xffnot even text"])])
    lake.open(RAW_EVENTS).append(rows, positions={position_key(1): 1})
    silver.load_incremental(lake, session, 4)
    assert json.loads(run("list", "--json").stdout) == {
        "reasons": {"not UTF-8": 1},
        "events": [{"bucket": 1, "log_offset": 0, "reason": "not UTF-8", "bytes": 14}],
    }
    shown = run("show", "1:0")
    assert (shown.stdout, shown.stderr, shown.returncode) == (b"\xffnot even text\n", b"not UTF-8\n", 0)
    with database.owner() as connection:
        viewed = connection.execute("select after from audit_log where action = 'quarantine.viewed'").fetchall()
    assert [row["after"] for row in viewed] == [{"place": "1:0"}]
    assert run("retry").stdout == b"0 events loaded, 1 left in quarantine.\n"
    for place in ("9:9", "nonsense"):
        missing = run("show", place)
        assert missing.returncode == 1
        assert b"Traceback" not in missing.stderr


def test_rows_that_break_a_rule_are_shown_to_operators_and_the_look_is_recorded(run, tmp_path, database):
    """Also what an app named itself: only analysts see neither it nor users."""
    ada, table = add_user(database, "UTC"), Lake(str(tmp_path / "lake"))
    spec = descriptions.table("gold/productivity_daily").spec
    empty = dict.fromkeys(spec.schema.names)
    rows = [empty | {"user_id": str(ada), "local_date": date(2026, 3, 2), "month": "2026-03", "bucket": 0}] * 2
    table.open(spec).append(pa.Table.from_pylist(rows, schema=spec.schema), positions={})
    shown = run("rows", "gold.productivity_daily", "duplicate_rows")
    assert [(row["user_id"], row["times"]) for row in json.loads(shown.stdout)] == [(str(ada), 2)]
    with database.owner() as connection:
        viewed = connection.execute("select user_id from audit_log where action = 'user.viewed'").fetchall()
    assert [row["user_id"] for row in viewed] == [ada]
    for wrong in (("gold/nothing", "duplicate_rows"), ("gold/productivity_daily", "nothing")):
        assert run("rows", *wrong).returncode == 2
