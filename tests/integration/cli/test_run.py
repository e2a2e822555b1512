"""`focusflow up` on the real embedded PostgreSQL, with stand-ins for the parts."""

import os
import signal
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from cli.supervisor import database
from cli.supervisor import run as module
from cli.supervisor.child import Identity
from cli.supervisor.lock import locked, read_announcement
from cli.supervisor.services import Layout
from cli.supervisor.signals import StopSignals
from cli.supervisor.tree import Part
from focusflow.database.embedded import EmbeddedServer
from focusflow.database.installation import make_home
from focusflow.errors import SetupProblem, Unavailable
from focusflow.settings import Settings
from tests.conftest import copy_home

WORKS = (
    "from cli import lifeline; lifeline.hold()\nimport time; print('at work', flush=True)\nwhile True: time.sleep(0.1)"
)
NAMES = ("dashboard", "dagster", "api", "land")
ADDRESSES = {"dashboard": "http://127.0.0.1:8501"}


class RecordingScreen:
    """Stands for the screen."""

    def __init__(self):
        self.lines, self.states, self.read_announcement = [], [], threading.Event()
        self.stopping, self.failed = StopSignals(), []

    def start_progress(self):
        pass

    def stop_progress(self):
        pass

    def report_state(self, name, state, detail=""):
        self.states.append((name, state.value))

    def report(self, sentence):
        self.lines.append(sentence)

    def announce(self, addresses, logins, seconds):
        self.read_announcement.set()


@pytest.fixture
def new_settings():
    # Not in pytest's own folder: that is closed to others again by each pytest that starts, and as root, PostgreSQL runs as another account.
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        Path(folder).chmod(0o711)
        settings = Settings(home=Path(folder, "home"), _env_file=None)
        make_home(settings.home)
        yield settings


@pytest.fixture
def settings(new_settings, home_with_database):
    copy_home(home_with_database, new_settings.home)
    return new_settings


@pytest.fixture
def stand_ins(monkeypatch):
    def layout(*names, program=WORKS):
        parts = tuple(Part(name, (sys.executable, "-c", program)) for name in names)
        monkeypatch.setattr(module, "plan_layout", lambda *_, **__: Layout(parts, ADDRESSES, {}))

    layout(*NAMES)
    return layout


@contextmanager
def up(settings, logins=None):
    screen = RecordingScreen()

    def live():
        try:
            with locked(settings.home) as lock:
                module.run(settings, lock, screen, screen.stopping, logins=logins)
        except SetupProblem as problem:
            screen.failed.append(problem)

    life = threading.Thread(target=live)
    life.start()
    try:
        until(lambda: screen.read_announcement.is_set() or not life.is_alive(), 60)
        yield screen
    finally:
        screen.stopping._count()  # what a signal does
        life.join(60)
        assert not life.is_alive()


def until(is_so, seconds=20):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.05)


def children(settings) -> dict[str, Identity]:
    running = read_announcement(settings.home)
    assert running is not None
    assert running.addresses == ADDRESSES
    return running.children


def has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE  # in a container nobody may reap it


def postmaster(settings) -> psutil.Process:
    pid_file: Path = settings.home / "postgres" / "data" / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text().splitlines()[0]))


def test_it_comes_up_says_where_and_goes_down_without_a_trace(new_settings, stand_ins):
    settings = new_settings
    with up(settings) as screen:
        server = postmaster(settings)
        running = children(settings)
        assert set(running) == set(NAMES)
        assert all(child.is_alive for child in running.values())
    assert read_announcement(settings.home) is None
    assert not any(child.is_alive for child in running.values())
    assert has_ended(server)
    assert [name for name, state in screen.states if state == "stopped"] == list(NAMES)


def test_a_database_that_is_killed_comes_back(settings, stand_ins, monkeypatch):
    monkeypatch.setattr(database, "CHECK_SECONDS", 0.2)
    with up(settings) as screen:
        postmaster(settings).kill()
        until(lambda: screen.lines == ["The database had died or did not respond, and runs again."])
        with psycopg.connect(EmbeddedServer(settings.home, {}).url) as connection:
            assert connection.execute("select count(*) from outbox_head").fetchone() == (8,)


def test_a_database_that_hangs_keeps_nobody_from_stopping_everything(settings, stand_ins, monkeypatch):
    monkeypatch.setattr(database, "CHECK_SECONDS", 0.1)
    with up(settings) as screen:
        server = postmaster(settings)
        server.suspend()
        before = children(settings)["api"]
        os.kill(before.pid, signal.SIGKILL)
        until(lambda: children(settings).get("api") not in {None, before})
        assert screen.failed == []
    assert has_ended(server)


def test_a_database_that_cannot_be_prepared_is_the_end_and_one_that_died_is_not(settings, stand_ins, monkeypatch):
    problems = iter([Unavailable("It is away."), SetupProblem("The schema is newer.")])

    def opened(*_, **__):
        raise next(problems)

    monkeypatch.setattr(database, "revivable_database", opened)
    with up(settings) as screen:
        assert screen.lines == ["It is away. Trying again in 0.4 s."]
        assert [str(problem) for problem in screen.failed] == ["The schema is newer."]


def test_when_a_part_cannot_run_all_is_stopped_and_its_words_are_shown(settings, stand_ins):
    stand_ins(
        "api", "dashboard", "land", "dagster", program="raise SystemExit('focusflow: The lake cannot be written.')"
    )
    with up(settings) as screen:
        (problem,) = screen.failed
        assert "The lake cannot be written." in str(problem)
        assert not (settings.home / "postgres" / "data" / "postmaster.pid").exists()


def test_the_demo_is_not_ready_before_its_tables_are(settings, stand_ins, monkeypatch, tmp_path):
    trace = tmp_path / "trace"
    monkeypatch.setattr(
        module,
        "own_command",
        lambda *arguments: (sys.executable, "-c", f"open({str(trace)!r}, 'a').write({' '.join(arguments)!r} + ';')"),
    )
    with up(settings, logins={"demo@example.com": "secret"}) as screen:
        assert trace.read_text() == "demo;land --once;refresh;"
        started = [name for name, state in screen.states if state == "starting"]
        assert started == ["database", "api", "dashboard", "land", "dagster"]


def test_an_errand_that_fails_ends_it_all(settings, stand_ins, monkeypatch):
    monkeypatch.setattr(module, "own_command", lambda *_: (sys.executable, "-c", "raise SystemExit(3)"))
    with up(settings, logins={}) as screen:
        assert "`focusflow demo` ended with exit code 3" in str(screen.failed[0])


def test_a_killed_child_is_announced_under_its_new_number(settings, stand_ins):
    with up(settings):
        before = children(settings)["api"]
        os.kill(before.pid, signal.SIGKILL)
        until(lambda: children(settings).get("api") not in {None, before})
