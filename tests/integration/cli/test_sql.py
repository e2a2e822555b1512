"""`focusflow sql`, and the file for tools, over a lake that was refreshed."""

import csv
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from subprocess import CompletedProcess

import duckdb
import pytest

from focusflow import clock
from focusflow.errors import Conflict
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import Lake
from ingestion.demo.writer import write_demo
from ingestion.landing.service import open_ingestion
from models.serving.registry import Registry
from pipelines.engine.catalog import write
from pipelines.engine.daily import DAILY
from pipelines.engine.refresh import Refresh
from tests.conftest import BUCKETS

DOCUMENT = Path(__file__).parents[3] / "docs" / "sql.md"
NOTEBOOK = DOCUMENT.with_name("notebooks") / "three_questions.py"
QUESTIONS = re.findall(r"```sql\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def home(database, tmp_path_factory):
    """A home whose lake has two months of a user."""
    home = tmp_path_factory.mktemp("home")
    write_demo(database, clock.now(), days=60, count=1)
    open_ingestion(database, Lake(str(home / "lake")), buckets=BUCKETS, rows=50_000, age_seconds=0).drain()
    for _ in refresh_of(home, database).run():
        pass
    return home


def refresh_of(home, database):
    session, models = duckdb_session(), Registry(home / "models")
    return Refresh(Lake(str(home / "lake")), session, database, BUCKETS, clock.now(), models, home / "catalog.duckdb")


@pytest.fixture
def run(home, monkeypatch, focusflow):
    monkeypatch.setenv("FOCUSFLOW_HOME", str(home))

    def run(*arguments, stdin=""):
        ended = focusflow("sql", *arguments, stdin=stdin)
        return CompletedProcess(ended.args, ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    return run


def test_there_are_ten_questions():
    assert len(QUESTIONS) == 10


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_of_the_document_is_answered_by_the_file_for_tools(home, question):
    with duckdb.connect(str(home / "catalog.duckdb"), read_only=True) as connection:
        rows = connection.execute(question).fetchall()
    assert rows or "trend in" in question  # which a short history need not have


def test_the_notebook_answers_its_three_questions_as_a_script(home):
    if find_spec("marimo") is None and not os.environ.get("CI"):
        pytest.skip("There is no marimo. `make .venv/.dev` installs it.")
    done = subprocess.run(
        [sys.executable, NOTEBOOK],
        env=os.environ | {"FOCUSFLOW_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [list(csv.DictReader(text.splitlines())) for text in done.stdout.strip().split("\n\n")]
    assert [next(iter(answer[0])) for answer in answers] == ["quarter", "days", "priority"]
    focus, habits, estimates = answers
    assert [row["quarter"] for row in focus] == ["1", "2", "3", "4"]
    assert float(focus[0]["focus_minutes"]) < float(focus[3]["focus_minutes"])
    assert [row["days"] for row in habits] == ["7", "30", "66"]
    assert all(float(row["low"]) <= float(row["median_factor"]) <= float(row["high"]) for row in estimates)


def test_rows_come_as_a_table_as_csv_and_as_json(run):
    query = "select count(*) as days, max(local_date) as last from gold.productivity_daily"
    (told,) = [json.loads(line) for line in run(query, "--json").stdout.splitlines()]
    assert told["days"] >= 60
    assert run("--csv", stdin=query).stdout.splitlines() == ['"days","last"', f"{told['days']},{told['last']}"]
    assert str(told["days"]) in run(query).stdout


def test_nothing_of_a_long_value_is_left_out_and_numbers_stand_below_each_other(run):
    long = "x" * 200
    assert run(f"select '{long}' as text").stdout.count("x") == 200 + 1  # and one in the name
    lines = run("select unnest([1, 1000]) as number").stdout.splitlines()
    assert [line.index("1") for line in lines if "1" in line] == [7, 4]


def test_the_tables_are_listed_with_their_columns_and_raw_is_not_among_them(run):
    listed = [json.loads(line) for line in run("--tables", "--json").stdout.splitlines()]
    assert {"table": "gold.retention", "column": "share", "type": "DOUBLE"} in listed
    assert not [each for each in listed if each["table"].startswith("raw")]


@pytest.mark.parametrize("query", ["select nothing from nowhere", "selct 1", ""])
def test_what_cannot_be_asked_is_a_sentence(run, query):
    ended = run(query)
    assert ended.returncode == 1
    assert ended.stderr
    assert "Traceback" not in ended.stderr


def test_who_has_the_file_open_goes_on_reading(home):
    with duckdb.connect(str(home / "catalog.duckdb"), read_only=True) as connection:
        before = connection.execute("select count(*) from gold.productivity_daily").fetchall()
        write(Lake(str(home / "lake")), home / "catalog.duckdb")
        assert connection.execute("select count(*) from gold.productivity_daily").fetchall() == before


def test_a_refresh_publishes_nothing_from_tables_that_contradict_themselves(home, database, run):
    """The last one here: it breaks the lake."""
    daily = Lake(str(home / "lake")).open(DAILY)
    row = duckdb_session().run(f"from {daily.scan()} limit 1")
    daily.append(row, positions={})
    with pytest.raises(Conflict, match=f"{DAILY.name}: "):
        list(refresh_of(home, database).run())
    published = duckdb.connect(str(home / "catalog.duckdb"), read_only=True)
    days = "select count(*) as days from gold.productivity_daily"
    with published:
        (before,) = published.execute(days).fetchall()[0]
    assert json.loads(run(days, "--json").stdout)["days"] == before + 1


HOSTILE = "select '=HYPERLINK(1)' as a, chr(27) || '[2Jx' as b, -1 as c, '[bold]y' as d"


def test_no_text_is_a_formula_in_csv_and_numbers_stay_numbers(run):
    assert run("--csv", HOSTILE).stdout.splitlines() == ['"a","b","c","d"', '"\'=HYPERLINK(1)","\x1b[2Jx",-1,"[bold]y"']


def test_control_characters_do_not_reach_the_terminal(run):
    shown = run(HOSTILE).stdout
    assert "\x1b[2J" not in shown
    assert "\\x1b[2Jx" in shown
    assert "[bold]y" in shown
