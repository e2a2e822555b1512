"""The commands around the priority model, on a lake of made-up users."""

import io
import json
from copy import deepcopy

import pytest
from click.testing import CliRunner
from rich.console import Console

from cli.commands import evaluate
from cli.main import commands
from focusflow.identity import new_id
from focusflow.lake.tables import Lake
from tests.conftest import add_user
from tests.integration.made_up_lake import fill
from tests.unit.models.histories import lived


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    fill(Lake(str(home / "lake")), lived(users=20, days=50, planted=1.0))
    return home


@pytest.fixture
def run(home, monkeypatch):
    return runner(home, monkeypatch)


def runner(home, patch):
    patch.chdir(home)
    patch.setenv("FOCUSFLOW_HOME", str(home))

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
    assert run("models", "rollback") == "The baseline is served again.\n"
    assert "is served from now on" in run("models", "promote", card["version"])


def test_an_evaluation_shows_every_order_with_its_interval(run):
    shown = run("evaluate", "--to", "2026-02-20")
    for said in ("newest", "oldest", "urgency", "model", "who takes up", "calibration", "Brier", "2026-02-20"):
        assert said in shown
    assert (
        shown.count("Not done by the due date") >= 3
    )  # its figures, also with moved dates, and what was said against what came


@pytest.fixture(scope="module")
def drawn(home):
    """The figures of an evaluation, and the folder in which it drew them."""
    folder = home / "new" / "folder"
    with pytest.MonkeyPatch.context() as patch:
        run = runner(home, patch)
        days = ("--from", "2026-01-12", "--to", "2026-02-15")
        figures = json.loads(run("evaluate", *days, "--json", "--plots", str(folder)))
    return figures, folder


def test_an_evaluation_as_json_keeps_to_the_days(drawn):
    figures, _ = drawn
    assert figures["from"] > "2026-01-12"
    assert figures["to"] <= "2026-02-15"
    assert figures["gain"]["low"] < figures["gain"]["mean"] < figures["gain"]["high"]


def test_an_evaluation_is_drawn_where_it_is_asked_for(drawn):
    figures, folder = drawn
    drawings = {file.stem: file.read_text() for file in folder.glob("*.svg")}
    assert drawings.keys() == {"orders", "likelihood"} | ({"risk"} if figures["risk"]["tasks"] else set())
    assert f"model: {figures['orders']['model']['ndcg']['mean']:.3f}" in drawings["orders"]


def test_where_there_is_nothing_to_count_a_dash_stands(drawn):
    figures = deepcopy(drawn[0])
    figures["tiers"]["little"]["risk"] = {"tasks": 0, "brier": None, "calibration_error": None}
    figures["orders"]["oldest"]["auc"] = float("nan")
    told = io.StringIO()
    evaluate.show_figures(Console(file=told, width=120), figures)
    assert "–" in told.getvalue()
    assert "nan" not in told.getvalue()


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_an_empty_lake_is_reported_in_a_sentence(command, tmp_path, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_HOME", str(tmp_path))
    done = CliRunner().invoke(commands, [command])
    assert "no history to learn from yet" in str(done.exception)


SHOWN = """
    insert into shown_scores (user_id, local_date, task_id, rank, score, model_version, shown_at)
    values (%(user)s, (now() at time zone 'UTC')::date - %(days_ago)s, %(task)s, %(rank)s, 50, 'pr-1', now() - make_interval(days => %(days_ago)s))"""


@pytest.fixture
def show(database):
    """A task was shown some days ago; it was finished, or begun, so many days later."""
    user_id = add_user(database, "UTC")

    def show(rank, *, days_ago=5, done_after=None, begun_after=None):
        values = {
            "user": user_id,
            "task": new_id(),
            "days_ago": days_ago,
            "rank": rank,
            "done": done_after,
            "begun": begun_after,
        }
        with database.owner() as connection:
            connection.execute(
                "insert into tasks (id, user_id, created_at, updated_at, title, completed_at)"
                " values (%(task)s, %(user)s, now(), now(), '', now() + make_interval(days => %(done)s - %(days_ago)s))",
                values,
            )
            if begun_after is not None:
                connection.execute(
                    "insert into time_entries (id, user_id, created_at, updated_at, task_id, started_at)"
                    " select gen_random_uuid(), %(user)s, now(), now(), %(task)s, now() + make_interval(days => %(begun)s - %(days_ago)s)",
                    values,
                )
            connection.execute(SHOWN, values)

    return show


def test_the_outcome_of_scores_that_were_shown_is_reported_by_rank_once_the_next_day_is_over(
    run, monkeypatch, database_url, show
):
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", database_url)
    assert "No feedback yet" in run("models", "feedback")
    show(1, done_after=1)
    show(1, begun_after=0)
    show(1, done_after=3)
    show(1, days_ago=0, done_after=0)
    show(8)
    show(9)
    found = json.loads(run("models", "feedback", "--json"))["ranks"]
    assert [(each["rank"], each["shown"]) for each in found] == [(1, 3), (6, 2)]
    assert [each["taken_up"] for each in found] == [pytest.approx(2 / 3), 0]
    assert "67%" in run("models", "feedback")
    assert "No feedback yet" in run("models", "feedback", "--days", "3")
