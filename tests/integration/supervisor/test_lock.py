"""One `focusflow up` for a home, and what the next one finds of the one before."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from cli.supervisor.child import Identity
from cli.supervisor.lock import AlreadyUp, Announcement, locked, orphans_of, read_announcement, wait_for

ADDRESSES = {"dashboard": "http://127.0.0.1:8501"}


@pytest.fixture
def orphan():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    yield Identity(process.pid, psutil.Process(process.pid).create_time())
    process.kill()
    process.wait()


def test_a_second_one_learns_where_the_first_one_runs(tmp_path):
    with locked(tmp_path) as lock:
        lock.announce(ADDRESSES, {})
        with (
            pytest.raises(AlreadyUp, match=rf"process {os.getpid()}\): dashboard http://127.0.0.1:8501"),
            locked(tmp_path),
        ):
            pass


def test_it_is_announced_as_long_as_it_runs(tmp_path):
    assert read_announcement(tmp_path) is None
    with locked(tmp_path) as lock:
        lock.announce(ADDRESSES, {})
        assert read_announcement(tmp_path) == Announcement(os.getpid(), ADDRESSES, {})
    assert read_announcement(tmp_path) is None


def test_a_shorter_announcement_leaves_nothing_of_the_longer_one(tmp_path, orphan):
    with locked(tmp_path) as lock:
        lock.announce(ADDRESSES, {"api": orphan})
        lock.announce({}, {})
        assert read_announcement(tmp_path) == Announcement(os.getpid(), {}, {})


def test_one_that_was_killed_leaves_the_names_of_its_children(tmp_path, orphan):
    killed = (
        "import sys, os; from pathlib import Path; from cli.supervisor.child import Identity\n"
        "from cli.supervisor.lock import locked\n"
        f"with locked(Path({str(tmp_path)!r})) as lock:\n"
        f"    lock.announce({ADDRESSES!r}, {{'api': Identity({orphan.pid}, {orphan.created!r})}}); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == 9
    with locked(tmp_path) as lock:
        assert lock.before is not None
        assert lock.before.children == {"api": orphan}


def test_one_that_ended_in_order_leaves_none(tmp_path, orphan):
    with locked(tmp_path) as lock:
        lock.announce(ADDRESSES, {"api": orphan})
    with locked(tmp_path) as lock:
        assert lock.before is None


def test_orphans_get_time_to_leave_and_are_killed_after_that(orphan):
    begun = time.monotonic()
    wait_for(orphans_of(Announcement(1, {}, {"api": orphan})), 0.3)
    assert time.monotonic() - begun >= 0.3
    psutil.Process(orphan.pid).wait(5)


def test_a_stranger_who_has_the_number_of_an_orphan_is_left_alone(orphan):
    assert orphans_of(Announcement(1, {}, {"api": Identity(orphan.pid, orphan.created - 100)})) == []
