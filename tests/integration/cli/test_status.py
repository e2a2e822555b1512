"""`focusflow status` asks the API that runs, and else looks for itself."""

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner

from cli.main import commands
from cli.supervisor.lock import locked
from focusflow import __version__, clock, last_runs
from focusflow.last_runs import LastRun

FIGURES = """# HELP focusflow_users Accounts
focusflow_build_info{python="3.13.1",schema="0012",version="%s"} 1.0
focusflow_users 3.0
focusflow_events{stage="accepted"} 1200.0
focusflow_lake_commits{table="raw/events"} 7.0
focusflow_lake_age_seconds{table="raw/events"} 60.0
focusflow_lake_commits{table="gold/productivity_daily"} 0.0
focusflow_lake_age_seconds{table="gold/productivity_daily"} 60.0
focusflow_backlog_events{stage="landing"} 4.0
focusflow_backlog_age_seconds{stage="landing"} 900.0
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("FOCUSFLOW_HOME", str(folder))
    return folder


@pytest.fixture
def api():
    """Answers like an API whose figures are these."""

    class Answer(BaseHTTPRequestHandler):
        text, status, address = FIGURES % __version__, 200, ""

        def do_GET(self):
            assert self.path == "/metrics"
            self.send_response(self.status)
            self.end_headers()
            self.wfile.write(self.text.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        Answer.address = f"http://127.0.0.1:{server.server_port}"
        yield Answer
    finally:
        server.shutdown()
        server.server_close()


def status(home, api):
    with locked(home) as lock:
        lock.announce({"api": api.address}, {})
        said = CliRunner().invoke(commands, ["status", "--json"], catch_exceptions=False)
    assert said.exit_code == 0
    return json.loads(said.output)


def test_it_shows_what_the_api_knows(home, api):
    told = status(home, api)
    assert told["counts"]["people"] == 3
    assert told["counts"]["events"] == 1200
    assert told["versions"] == {"installed": __version__, "running": __version__, "schema": "0012", "python": "3.13.1"}
    assert told["last_landed"].startswith("20")
    assert told["last_gold"] is None
    assert [(each["stage"], each["events"], each["is_late"]) for each in told["backlog"]] == [("landing", 4, True)]
    assert told["next"][0].startswith("Landing is behind: 4 events wait since")


def test_it_names_a_version_that_was_installed_and_not_started(home, api):
    api.text = FIGURES % "0.1.0"
    assert f"Restart FocusFlow: version 0.1.0 runs, {__version__} is installed." in status(home, api)["next"]


@pytest.mark.parametrize(
    ("days", "is_well", "step"),
    [
        (1, True, None),
        (8, True, "Check the data: run `focusflow verify`."),
        (1, False, "The last check failed: run `focusflow verify --deep`."),
    ],
)
def test_it_says_when_the_data_was_last_checked_and_should_be_again(home, api, days, is_well, step):
    at = clock.now() - timedelta(days=days)
    last_runs.record(home, "verify", LastRun(at, is_well, "Check passed,"))
    told = status(home, api)
    assert told["last_verify"]["at"] == at.isoformat()
    assert told["last_backup"] is None
    steps = [each for each in told["next"] if "focusflow verify" in each]
    assert steps == ([step] if step else [])


def test_a_stopped_home(home):
    said = CliRunner().invoke(commands, ["status"], catch_exceptions=False).output
    assert "none yet" in said
    assert said.splitlines()[-1].split(maxsplit=1) == ["next", "Run `focusflow up`."]
