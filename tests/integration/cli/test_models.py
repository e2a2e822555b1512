"""The commands around the priority model, on a lake of made-up people."""

import io
import json

import pytest
from click.testing import CliRunner
from rich.console import Console

from focusflow.cli import evaluate
from focusflow.cli.main import commands
from focusflow.lake import Lake
from tests.integration.made_up_lake import fill
from tests.unit.models.histories import lived


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    fill(Lake(str(home / "lake")), lived(people=20, days=50, planted=1.0))
    return home


@pytest.fixture
def run(home, monkeypatch):
    monkeypatch.chdir(home)
    monkeypatch.setenv("FOCUSFLOW_HOME", str(home))

    def run(*arguments):
        done = CliRunner().invoke(commands, arguments)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def test_a_model_is_trained_serves_and_is_taken_back(run):
    card = json.loads(run("train", "--json"))
    assert card["refused"] == []
    shown = json.loads(run("models", "list", "--json"))
    assert shown["serves"] == card["version"]
    assert card["version"] in run("models", "list")
    assert run("models", "rollback") == "The baseline serves again.\n"
    assert "serves from now on" in run("models", "promote", card["version"])


def test_an_evaluation_shows_every_order_with_its_interval(run):
    shown = run("evaluate", "--to", "2026-02-20")
    for said in ("newest", "oldest", "urgency", "model", "who takes up", "calibration", "2026-02-20"):
        assert said in shown


def test_an_evaluation_as_json_keeps_to_the_days(run):
    figures = json.loads(run("evaluate", "--from", "2026-01-12", "--to", "2026-02-15", "--json"))
    assert figures["from"] > "2026-01-12"
    assert figures["to"] <= "2026-02-15"
    assert figures["gain"]["low"] < figures["gain"]["mean"] < figures["gain"]["high"]


def test_an_evaluation_is_drawn_where_it_is_asked_for(run, tmp_path):
    figures = json.loads(run("evaluate", "--to", "2026-02-20", "--json", "--plots", str(tmp_path / "new" / "folder")))
    drawn = {file.stem: file.read_text() for file in (tmp_path / "new" / "folder").glob("*.svg")}
    assert drawn.keys() == {"orders", "likelihood"} | ({"risk"} if figures["risk"]["tasks"] else set())
    assert f"model: {figures['orders']['model']['ndcg']['mean']:.3f}" in drawn["orders"]


def test_where_there_is_nothing_to_count_a_dash_stands(run):
    figures = json.loads(run("evaluate", "--json"))
    nothing = {"mean": None, "low": None, "high": None}
    figures["tiers"]["nobody"] = {"lists": 0, "people": 0, "gain": nothing, "calibration_error": None}
    figures["orders"]["oldest"]["auc"] = float("nan")
    told = io.StringIO()
    evaluate.show_figures(Console(file=told, width=120), figures)
    assert "–" in told.getvalue()
    assert "nan" not in told.getvalue()


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_an_empty_lake_is_told_in_a_sentence(command, tmp_path, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_HOME", str(tmp_path))
    done = CliRunner().invoke(commands, [command])
    assert "no history to learn from yet" in str(done.exception)
