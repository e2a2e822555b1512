"""`focusflow land` as a process: it drains and ends, or goes on until it is told to stop."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import BUCKETS
from tests.integration.ingestion.conftest import raw_rows_of, write_events


@pytest.fixture
def land(database_url, lake, tmp_path):
    started = []
    environment = {
        **os.environ,
        "FOCUSFLOW_HOME": str(tmp_path / "home"),
        "FOCUSFLOW_DATABASE_URL": database_url,
        "FOCUSFLOW_LAKE": lake.location,
        "FOCUSFLOW_BUCKETS": str(BUCKETS),
        "FOCUSFLOW_LAND_AGE_SECONDS": "0",
    }

    def start(*options):
        command = [sys.executable, "-m", "focusflow", "land", *options]
        started.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_once_lands_what_is_there_and_ends(land, database, lake, users):
    written = {each for user_id in users for each in write_events(database, user_id, 5)}
    said, complained = (process := land("--once")).communicate(timeout=60)
    assert (process.returncode, complained) == (0, "")
    assert said == f"{len(written)} events landed.\n"
    assert written <= {row[2] for row in raw_rows_of(lake)}


def test_it_lands_until_it_is_stopped(land, database, lake, users):
    process = land()
    (written,) = write_events(database, users[0])
    for _ in range(200):
        if written in {row[2] for row in raw_rows_of(lake)}:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, complained = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "events" in complained
    assert "Traceback" not in complained
    assert written in {row[2] for row in raw_rows_of(lake)}
