"""A damaged lake, as whoever runs a command sees it: one sentence that says what to do."""

import json
import os
import sys
from pathlib import Path

import pytest

from cli.main import main
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import RAW_EVENTS, Lake
from ingestion.landing.service import open_ingestion
from pipelines.engine import silver
from pipelines.engine.daily import DAILY
from tests.conftest import BUCKETS, add_user
from tests.integration.ingestion.conftest import write_events


@pytest.fixture
def lake(tmp_path, database, database_url, monkeypatch):
    """The lake of a home in which four events have landed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOCUSFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", database_url)
    monkeypatch.setenv("FOCUSFLOW_BUCKETS", str(BUCKETS))
    lake = Lake(str(tmp_path / "lake"))
    write_events(database, add_user(database), 4)
    open_ingestion(database, lake, buckets=BUCKETS, rows=1_000, age_seconds=0).drain()
    return lake


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["focusflow", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return ended.value.code, said.out, said.err

    return run


def data_file(lake, table):
    return next(Path(lake.url(table)).glob("*=*/**/*.parquet"))


def flip(path):
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)


def test_a_deep_verify_finds_a_flipped_bit_and_a_repair_puts_the_events_back(lake, run):
    assert run("verify", "--deep")[0] == 0
    flip(data_file(lake, RAW_EVENTS.name))
    code, _, err = run("verify", "--deep")
    assert code == 1
    assert "has other content. Run `focusflow verify --deep --repair`." in err
    code, out, _ = run("verify", "--deep", "--repair", "--json")
    told = json.loads(out)
    assert (code, told["is_sound"], told["lost"]) == (0, True, [])
    assert "were put back from the outbox" in " ".join(told["mended"])
    assert run("verify", "--deep")[0] == 0


def test_a_command_that_cannot_open_a_table_says_which_in_a_sentence(lake, run):
    for entry in Path(lake.url(RAW_EVENTS.name), "_delta_log").glob("*"):
        entry.write_bytes(b"{")
    for copy in Path(lake.url(RAW_EVENTS.name), "_digests").glob("*"):
        copy.unlink()
    for command in ("verify", "status", "refresh", "maintain"):
        code, _, err = run(command)
        assert code == 1, command
        assert err.count("\n") < 8
        assert "raw/events" in err


def test_a_query_that_meets_a_cut_off_file_says_which_in_a_sentence(lake, run):
    with duckdb_session() as session:
        silver.load_incremental(lake, session, BUCKETS)
    file = data_file(lake, "silver/events")
    os.truncate(file, 40)
    code, _, err = run("sql", "select count(data) from silver.events")
    assert code == 1
    assert "The table silver/events of the lake is damaged" in err
    assert "Run `focusflow verify --deep --repair`." in err
    assert run("refresh")[0] == 0
    assert run("sql", "select count(data) from silver.events")[0] == 0
    assert Lake(lake.location).pinned(DAILY.name) is not None
