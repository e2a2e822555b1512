"""An installation's database is prepared, whatever happens to its server meanwhile."""

import os
import tempfile
import threading
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from focusflow.database.embedded import embedded_server
from focusflow.database.installation import make_home, revivable_database
from focusflow.database.migrate import LOCK, prepare
from focusflow.errors import Unavailable
from focusflow.settings import Settings

WAITING = "select count(*) from pg_locks where locktype = 'advisory' and not granted"


@pytest.fixture
def settings():
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        Path(folder).chmod(0o711)
        settings = Settings(home=Path(folder, "home"), _env_file=None)
        make_home(settings.home)
        yield settings


class Preparing(threading.Thread):
    """Prepares a database, and remembers how that ended."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self._work, self.error = work, None

    def run(self):
        try:
            self._work()
        except Exception as error:  # noqa: BLE001
            self.error = error


def kill_while_it_is_prepared(settings, url, preparing):
    """The migration waits for the lock that we hold; then the server dies under it."""
    with psycopg.connect(url, autocommit=True) as holder:
        holder.execute("select pg_advisory_lock(%s)", [LOCK])
        preparing.start()
        deadline = time.monotonic() + 60
        while holder.execute(WAITING).fetchone() == (0,):
            assert time.monotonic() < deadline, preparing.error
            time.sleep(0.05)
        pid_file = settings.home / "postgres" / "data" / "postmaster.pid"
        psutil.Process(int(pid_file.read_text().splitlines()[0])).kill()
        preparing.join(60)


def test_a_server_that_dies_while_it_is_prepared_is_prepared_again(settings):
    def prepared():
        with revivable_database(settings) as running, psycopg.connect(running.url) as connection:
            assert connection.execute("select count(*) from outbox_head").fetchone() == (8,)

    with embedded_server(settings.home) as server:
        preparing = Preparing(prepared)
        kill_while_it_is_prepared(settings, server.url, preparing)
        assert preparing.error is None


def test_a_server_of_others_that_dies_meanwhile_is_a_problem_that_can_pass(settings):
    with embedded_server(settings.home) as server:
        preparing = Preparing(lambda: prepare(server.url, 8))
        kill_while_it_is_prepared(settings, server.url, preparing)
        assert isinstance(preparing.error, Unavailable)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's PostgreSQL runs as another user")
def test_folders_that_are_made_above_a_home_can_be_passed_through_whatever_the_umask(tmp_path):
    os.umask(0o077)
    make_home(tmp_path / "data" / "focusflow" / "home")
    assert [each.stat().st_mode & 0o777 for each in (tmp_path / "data", tmp_path / "data" / "focusflow")] == [0o755] * 2
