"""What is wrong with an installation is one clear sentence and exit code 1, whichever command meets it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from cli import exit_codes
from cli.main import COMMANDS, main
from focusflow.database.session import DatabaseUnreachable
from focusflow.errors import SetupProblem, Unavailable
from focusflow.file_lock import single_process
from tests.e2e.conftest import free_ports

#: What needs an installation at all, and of that what opens its database: the dashboard asks the API, `kafka` is a broker alone, what is
#: done about models reads a lake that may be empty, `new` writes into a checkout, and `restore` looks at the backup first.
INSTALLED = [name for name in COMMANDS if name not in ("kafka", "train", "evaluate", "models", "new", "restore")]
WITH_DATABASE = [name for name in INSTALLED if name not in ("dashboard", "quarantine", "sql")]

#: What a command needs to be told before it looks at the installation.
TOLD = {
    "report": ["weekly", "--user", "demo@example.com"],
    "insights": ["--user", "demo@example.com"],
    "import": ["--user", "demo@example.com", "--undo", "01900000-0000-7000-8000-000000000000"],
    "analysts": ["list"],
    "audit": ["verify"],
    "keys": ["rotate"],
    "backup": ["backups"],
    "export": ["demo@example.com"],
    "export-data": ["--user", "demo@example.com"],
    "explain": ["tasks_completed", "--user", "demo@example.com", "--day", "2026-11-01"],
}
SERVERS = {"api": "api_port", "dagster": "dagster_port", "dashboard": "dashboard_port"}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A home and ports of its own, and no `.env` of the folder where the tests were started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOCUSFLOW_HOME", str(tmp_path / "home"))
    for name, port in zip(SERVERS.values(), free_ports(len(SERVERS)), strict=True):
        monkeypatch.setenv(f"FOCUSFLOW_{name.upper()}", str(port))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9")  # else `relay` has nothing to do


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*arguments: str) -> str:
        told = TOLD.get(arguments[0], []) if len(arguments) == 1 else []
        monkeypatch.setattr(sys, "argv", ["focusflow", *arguments, *told])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert ended.value.code == 1, said
        assert "Traceback" not in said.out + said.err
        return f"{said.out}{said.err}"

    return run


@pytest.mark.parametrize("command", INSTALLED)
def test_a_home_that_cannot_be_used(command, run, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FOCUSFLOW_HOME", str(tmp_path / "file" / "home"))
    said = run(command)
    assert "FOCUSFLOW_HOME" in said
    assert "Not a directory" in said


@pytest.mark.parametrize("command", WITH_DATABASE)
@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:9/nothing", "mysql://there", "nonsense"])
def test_a_database_that_is_not_there(command, url, run, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", url)
    assert "FOCUSFLOW_DATABASE_URL" in run(command)


@pytest.mark.parametrize("command", WITH_DATABASE)
def test_a_database_of_a_newer_version(command, run, newer_database_url, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", newer_database_url)
    assert "Update FocusFlow, or use another database." in run(command)


@pytest.fixture
def newer_database_url(database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        ours = connection.execute("update alembic_version set version_num = '9999' returning version_num").fetchone()
        assert ours is not None
    yield database_url
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("update alembic_version set version_num = '0001'")


@pytest.mark.parametrize(
    "command", [name for name in WITH_DATABASE if name != "status"]
)  # that starts no database for a look
def test_a_home_whose_path_is_too_long_for_a_socket(command, run, tmp_path, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_HOME", str(Path(tmp_path, *["a-long-name-of-a-folder"] * 5)))
    said = run(command)
    assert "longer than 100 bytes" in said
    assert "FOCUSFLOW_HOME" in said


@pytest.mark.parametrize("command", INSTALLED)
def test_a_setting_that_is_wrong(command, run, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_API_PORT", "eighty")
    assert "FOCUSFLOW_API_PORT" in run(command)


@pytest.mark.parametrize(("command", "name"), [("dagster", "Dagster"), ("kafka", "Kafka")])
def test_a_second_one_of_which_there_may_be_one_on_a_home(command, name, run, tmp_path):
    with single_process(tmp_path / "home" / command, name):
        said = run(command)
    assert f"{name} already runs on this home (process {os.getpid()})" in said
    assert len(said.strip().splitlines()) == 1


def test_the_place_of_one_that_was_killed_is_free(tmp_path):
    killed = "import os, sys; from pathlib import Path; from focusflow.file_lock import single_process\n"
    killed += "with single_process(Path(sys.argv[1]), 'Dagster'): os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", killed, tmp_path], check=False).returncode == -9
    with single_process(tmp_path, "Dagster"):
        pass


@pytest.mark.parametrize(
    ("problem", "is_supervised", "code"),
    [
        (SetupProblem("Wrong."), True, exit_codes.FAILED),
        (Unavailable(), True, exit_codes.TEMPORARY),
        (DatabaseUnreachable(), True, exit_codes.TEMPORARY),
        (ValueError("a defect"), True, exit_codes.DEFECT),
        (Unavailable(), False, exit_codes.FAILED),
    ],
)
def test_a_supervisor_learns_whether_a_problem_can_pass(problem, is_supervised, code, monkeypatch):
    def fail(**_):
        raise problem

    monkeypatch.setattr("cli.main.commands", fail)
    monkeypatch.setattr("cli.lifeline.hold", lambda: is_supervised)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code


@pytest.mark.parametrize("command", ["up", "doctor", *SERVERS])
def test_a_port_that_was_asked_for_and_is_taken(command, run, monkeypatch, database_url):
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", database_url)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        setting = f"FOCUSFLOW_{SERVERS.get(command, 'api_port').upper()}"
        monkeypatch.setenv(setting, str(port))
        said = run(command)
    assert f"{port} is taken" in said
    assert setting in said
