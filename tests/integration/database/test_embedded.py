"""The embedded PostgreSQL, with real servers and real processes that come, leave and die."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.rows import scalar_row

from focusflow.database import binaries
from focusflow.database.embedded import Cancelled, Limits, embedded_server
from focusflow.errors import SetupProblem
from focusflow.key_ring import secret_under
from tests.conftest import copy_home

FAST = {"fsync": "off", "shared_buffers": "16MB"}
USER = """
import sys
from pathlib import Path
from focusflow.database.embedded import Cancelled, Limits, embedded_server
with embedded_server(Path(sys.argv[1]), {"fsync": "off", "shared_buffers": "16MB"}) as server:
    print(server.url, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def new_home():
    """Not pytest's own folder: that is closed to all but root, and PostgreSQL does not run as root."""
    folder = Path(tempfile.mkdtemp(prefix="focusflow-"))
    folder.chmod(0o711)
    yield folder / "home"
    if server := postmaster(folder / "home"):
        server.kill()
    shutil.rmtree(folder)


@pytest.fixture
def home(new_home, home_with_database):
    """One in which a server has run before."""
    copy_home(home_with_database, new_home)
    return new_home


@pytest.fixture
def user():
    """Starts another process that uses the server of a home until its input ends."""
    started = []

    def start(home):
        process = subprocess.Popen(
            [sys.executable, "-c", USER, home], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=60)


def postmaster(home):
    """The server of this home, found without its pid file: a test may have put another number there."""
    for process in psutil.process_iter(["cmdline"]):
        if str(home / "postgres/data") in (process.info["cmdline"] or []):
            return process
    return None


def leave(process):
    process.communicate("\n", timeout=60)
    assert process.returncode == 0


def ask(url, query):
    with psycopg.connect(url, connect_timeout=5, row_factory=scalar_row) as connection:
        return connection.execute(query).fetchone()


def test_a_fresh_home_becomes_a_database_that_only_its_owner_can_enter(new_home):
    with embedded_server(new_home, FAST) as server:
        assert ask(server.url, "select current_database() || ' ' || current_user") == "focusflow focusflow"
        assert ask(server.url, "select lower('ÄÖÜ')") == "äöü"
        for setting, value in {
            "data_checksums": "on", "listen_addresses": "", "max_connections": "60", "TimeZone": "UTC",
            "idle_in_transaction_session_timeout": "1min", "server_encoding": "UTF8",
        }.items():  # fmt: skip
            assert ask(server.url, f"show {setting}") == value
        assert ask(server.url, "select array_agg(distinct auth_method) from pg_hba_file_rules") == ["scram-sha-256"]
        for folder in ("data", "run"):
            assert stat.S_IMODE((new_home / "postgres" / folder).stat().st_mode) == 0o700
        assert stat.S_IMODE((new_home / "secrets/postgres").stat().st_mode) == 0o600
        if os.geteuid() == 0:  # the account of PostgreSQL passes through, and no other
            assert stat.S_IMODE((new_home / "postgres").stat().st_mode) == 0o710
        assert not list((new_home / "postgres").glob("new-*"))
    assert postmaster(new_home) is None


def test_without_the_right_password_nobody_enters(home):
    with embedded_server(home, FAST) as server:
        _, _, place = server.url.partition("@")
        for guess in ("focusflow:guess", "focusflow", "postgres"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(f"postgresql://{guess}@{place}", connect_timeout=5)


def test_what_was_written_is_there_after_the_server_was_stopped_and_started(home):
    with embedded_server(home, FAST) as server, psycopg.connect(server.url) as connection:
        connection.execute("create table kept as select 42 as answer")
    with embedded_server(home, FAST) as server:
        assert ask(server.url, "select answer from kept") == 42


def test_the_environment_of_another_postgres_is_not_followed(home, monkeypatch):
    for name, value in {
        "PGPORT": "6543",
        "PGHOST": "nowhere",
        "PGUSER": "nobody",
        "PGCLIENTENCODING": "LATIN1",
    }.items():
        monkeypatch.setenv(name, value)
    with embedded_server(home, FAST) as server:
        assert ask(server.url, "show port") == "5432"
        monkeypatch.delenv("PGCLIENTENCODING")
        assert ask(server.url, "show client_encoding") == "UTF8"


def test_the_first_to_leave_does_not_stop_it_and_the_last_does(home, user):
    first, second = user(home), user(home)
    url = first.stdout.readline().strip()
    assert second.stdout.readline().strip() == url
    server = postmaster(home)
    leave(first)
    assert ask(url, "select 1") == 1
    assert postmaster(home) == server
    leave(second)
    assert postmaster(home) is None


def test_a_process_that_is_killed_leaves_it_running_and_the_next_one_stops_it(home, user):
    killed = user(home)
    url = killed.stdout.readline().strip()
    server = postmaster(home)
    assert os.getsid(server.pid) != os.getsid(killed.pid), "a closed terminal would take it along"
    killed.kill()
    killed.wait()
    assert ask(url, "select 1") == 1
    with embedded_server(home, FAST) as again:
        assert again.url == url
        assert postmaster(home) == server
    assert postmaster(home) is None


def test_a_server_that_died_comes_back_with_all_that_was_committed(home):
    with embedded_server(home, {"shared_buffers": "16MB"}) as server:
        assert server.ensure_running() is False
        with psycopg.connect(server.url) as connection:
            connection.execute("create table kept as select 42 as answer")
        busy = psycopg.connect(server.url)
        busy.execute("select 1")  # its backend stays in a transaction, and has to notice
        postmaster(home).kill()
        assert server.ensure_running() is True
        assert ask(server.url, "select answer from kept") == 42
        busy.close()


def test_a_backend_that_outlives_a_killed_server_is_waited_for(home):
    with embedded_server(home, FAST) as server, psycopg.connect(server.url) as busy:
        backend = psutil.Process(busy.info.backend_pid)
        backend.suspend()
        postmaster(home).kill()
        resume = subprocess.Popen(["sh", "-c", f"sleep 1; kill -CONT {backend.pid}"])
        begun = time.monotonic()
        assert server.ensure_running() is True
        assert time.monotonic() - begun > 0.8, "two servers would have written to the same data"
        resume.wait(timeout=10)


def has_ended(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_server_that_hangs_is_killed_and_started_again_with_all_that_was_committed(home):
    with embedded_server(home, {"shared_buffers": "16MB"}, limits=Limits(unanswered=1)) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("create table kept as select 42 as answer")
        hung = postmaster(home)
        hung.suspend()
        assert server.ensure_running() is True
        assert has_ended(hung)
        assert ask(server.url, "select answer from kept") == 42


def test_the_last_to_leave_kills_a_server_that_hangs(home):
    with embedded_server(home, FAST):
        postmaster(home).suspend()
    assert postmaster(home) is None


def test_who_waits_for_a_server_that_hangs_can_be_called_off(home):
    is_cancelled = threading.Event()
    with embedded_server(home, FAST, is_cancelled=is_cancelled.is_set) as server:
        postmaster(home).suspend()
        is_cancelled.set()
        with pytest.raises(Cancelled):
            server.ensure_running()
    assert postmaster(home) is None


def test_a_server_that_is_killed_while_it_starts_is_started_again(home):
    with embedded_server(home, FAST):
        pass
    killed, pid_file = set[int](), home / "postgres/data/postmaster.pid"

    def kill_two():
        while len(killed) < 2:
            time.sleep(0.001)
            try:
                lines = pid_file.read_text().splitlines()
            except FileNotFoundError:
                continue
            if lines and lines[0].isdigit() and (pid := int(lines[0])) < 2**31 - 1 and pid not in killed:
                killed.add(pid)
                os.kill(pid, 9)

    killer = threading.Thread(target=kill_two, daemon=True)
    killer.start()
    with embedded_server(home, FAST) as server:
        killer.join(30)
        server.ensure_running()
        assert len(killed) == 2
        assert ask(server.url, "select 1") == 1


def test_a_pid_file_left_by_a_crash_does_not_block(home):
    with embedded_server(home, FAST) as server:
        for somebody_else in (f"{os.getpid()}\n", "1\n", ""):
            written = (home / "postgres/data/postmaster.pid").read_text().splitlines(keepends=True)
            crashed = postmaster(home)
            crashed.kill()
            psutil.wait_procs([crashed], timeout=10)
            for left in ("data/postmaster.pid", "run/.s.PGSQL.5432.lock"):
                (home / "postgres" / left).write_text(somebody_else and "".join([somebody_else, *written[1:]]))
            assert server.ensure_running() is True
            assert ask(server.url, "select 1") == 1


def test_of_six_that_come_at_once_one_makes_and_starts_it_and_all_use_it(new_home, user):
    users = [user(new_home) for _ in range(6)]
    urls = [process.stdout.readline().strip() for process in users]
    assert len(set(urls)) == 1
    assert ask(urls[0], "select count(*) from pg_database where datname = 'focusflow'") == 1
    for process in users:
        leave(process)
    assert postmaster(new_home) is None
    assert (new_home / "postgres/server.log").read_text().count("database system is ready") == 1


def test_an_initialisation_that_was_killed_halfway_is_begun_again(new_home):
    half = new_home / "postgres/new-half/data"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    with embedded_server(new_home, FAST) as server:
        assert ask(server.url, "select 1") == 1
    assert not list((new_home / "postgres").glob("new-*"))


def refused(home, match, **options):
    with pytest.raises(SetupProblem, match=match), embedded_server(home, options):
        pass


def test_a_path_too_long_for_a_socket_is_named(new_home):
    refused(new_home / ("long" * 25), r"longer than 100 bytes\. Set FOCUSFLOW_HOME to a shorter path")


def test_a_home_that_is_a_file_is_one_sentence(new_home):
    new_home.write_text("")
    refused(new_home, r"cannot be used .*set FOCUSFLOW_HOME")


def test_a_folder_for_the_database_that_is_a_file_is_one_sentence(new_home):
    new_home.mkdir()
    (new_home / "postgres").write_text("")
    refused(new_home, r"postgres cannot be used .*set FOCUSFLOW_HOME")


def test_a_home_on_a_file_system_that_takes_no_folders_is_one_sentence():
    refused(Path("/proc/focusflow"), r"cannot be used .*set FOCUSFLOW_HOME")


def test_data_of_another_major_version_are_left_alone(new_home):
    (new_home / "postgres/data").mkdir(parents=True)
    (new_home / "postgres/data/PG_VERSION").write_text("14\n")
    secret_under(new_home, "postgres")
    refused(new_home, r"belongs to PostgreSQL 14")
    assert [path.name for path in (new_home / "postgres/data").iterdir()] == ["PG_VERSION"]


def test_data_whose_password_is_gone_are_not_given_a_new_one(new_home):
    (new_home / "postgres/data").mkdir(parents=True)
    refused(new_home, r"password of the database is missing")
    assert not (new_home / "secrets").exists()


def test_a_start_that_fails_shows_the_end_of_the_log(home):
    refused(home, r"(?s)server\.log.*max_connections", max_connections="none")


def test_a_machine_without_the_wheel_has_to_bring_its_own_postgres(new_home, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    refused(new_home, r"Set FOCUSFLOW_DATABASE_URL")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_hears_when_the_account_of_postgres_cannot_reach_the_home(new_home):
    new_home.mkdir(mode=0o700)
    refused(new_home, r"cannot reach .*Set FOCUSFLOW_HOME")


def test_a_log_that_has_grown_long_keeps_its_end(home, monkeypatch):
    monkeypatch.setattr(binaries, "LOG_BYTES", 10_000)
    monkeypatch.setattr(binaries, "TRIMMED_LOG_BYTES", 1_000)
    log = home / "postgres/server.log"
    log.write_text("x" * 20_000 + "the end\n")
    with embedded_server(home, FAST):
        assert log.stat().st_size < 10_000
        assert "xthe end" in log.read_text()
