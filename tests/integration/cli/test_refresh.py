"""`focusflow refresh` as a user sees it."""

import json
import re
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from click.testing import CliRunner

from cli.commands import status
from cli.commands.refresh import command
from focusflow import clock
from focusflow.database.clock_check import ClocksDisagree
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import Lake
from pipelines.engine import daily, user_quarantine
from pipelines.engine.refresh import Refresh, Step


@pytest.fixture
def run(tmp_path, monkeypatch, database_url):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOCUSFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", database_url)
    return lambda *arguments: CliRunner().invoke(command, arguments)


def test_each_step_reports_its_counts_and_days_that_nobody_has_are_reported(run):
    said = run("--from", "2019-01-01", "--to", "2019-01-02")
    assert said.exit_code == 0
    lines = said.stdout.splitlines()
    assert [line.split()[2] for line in lines if line.startswith(("gold/time_daily ", "checks ", "catalog.duckdb "))] == [
        "rows", "tables", "views",
    ]  # fmt: skip
    assert lines[-1] == "No user has a day from 2019-01-01 to 2019-01-02: nothing to recompute."
    steps = json.loads(run("--json").stdout)
    assert {"table": "checks", "unit": "tables"}.items() <= next(s for s in steps if s["table"] == "checks").items()


@pytest.mark.parametrize(
    "stopped", [KeyboardInterrupt(), duckdb.InterruptException("INTERRUPT Error"), RuntimeError("Query interrupted")]
)
def test_one_that_is_stopped_says_how_far_it_came(run, monkeypatch, stopped):
    def interrupted(_):
        yield Step("silver/events", 0, 0.1)
        raise stopped

    monkeypatch.setattr(Refresh, "run", interrupted)
    said = run()
    assert said.exit_code == 130
    assert re.fullmatch(r"Stopped after 1 of \d+ steps\. The next refresh does the rest\.\n", said.stderr)


def test_users_in_quarantine_are_named_by_their_ids(run, tmp_path, monkeypatch):
    lake, since = Lake(str(tmp_path / "home" / "lake")), datetime(2026, 3, 2, 8, tzinfo=UTC)
    broken = {"tasks_created_out_of_range": {"0190-ada": 3}}
    with duckdb_session() as session:
        user_quarantine.record(lake, session, daily.DAILY.name, broken, since)
    monkeypatch.setattr(Refresh, "run", lambda _: iter([Step("silver/events", 0, 0.1)]))
    assert run().stderr == (
        "User 0190-ada is quarantined since 2026-03-02 08:00 UTC: 3 tasks created out of range in gold.productivity_daily."
        " What is published of them stays as it was.\n"
    )
    asked = CliRunner().invoke(status.command, ["--json"])
    assert json.loads(asked.stdout)["quarantined_users"] == ["0190-ada"]
    assert "0190-ada" in CliRunner().invoke(status.command, []).stdout


def test_a_defect_is_not_taken_for_a_stop(run, monkeypatch):
    monkeypatch.setattr(Refresh, "run", lambda _: 1 / 0)
    assert isinstance(run().exception, ZeroDivisionError)


@pytest.mark.parametrize(("off_by", "direction"), [(timedelta(days=3), "ahead of"), (timedelta(minutes=-6), "behind")])
def test_one_whose_clock_is_off_is_refused_in_a_sentence_and_writes_nothing(
    run, tmp_path, monkeypatch, off_by, direction
):
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + off_by)
    refused = run()
    assert isinstance(refused.exception, ClocksDisagree)
    assert f"s {direction} the database's" in str(refused.exception)
    assert not (tmp_path / "home" / "lake").exists()
