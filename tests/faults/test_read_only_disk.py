"""A disk that can only be read, as after an error of its controller: what was accepted waits in the database, and lands once it can be written."""

import subprocess
import threading
import time

import pytest

from focusflow.errors import Unavailable
from focusflow.lake.tables import Lake
from ingestion.landing.service import OutboxMaintenance, open_ingestion
from ingestion.reconciliation import count, judge
from tests.conftest import BUCKETS
from tests.faults.accounts import assert_nothing_lost_or_doubled
from tests.faults.disks import small_disk
from tests.integration.ingestion.conftest import write_events

NEVER = float("inf")


@pytest.fixture
def disk():
    with small_disk(megabytes=16) as folder:
        yield folder


def remount(disk, how):
    """As soon as no file is open for writing."""
    deadline = time.monotonic() + 30
    while subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline, f"the disk cannot be mounted {how}"
        time.sleep(0.01)


@pytest.mark.fault("read-only disk of the lake")
def test_a_disk_that_can_only_be_read_holds_landing_up_and_nothing_is_lost(
    database, database_url, disk, user_id, tally
):
    lake, written = Lake(str(disk / "lake")), set(write_events(database, user_id, 20))
    ingestion = open_ingestion(database, lake, buckets=BUCKETS, rows=5_000, age_seconds=0)
    ingestion.drain()
    tally.tries = 3
    for _ in range(tally.tries):
        remount(disk, "ro")
        written.update(write_events(database, user_id, 20))
        with pytest.raises(Unavailable, match="mounted read-only"):
            ingestion.drain()
        assert judge(count(database, lake)).is_sound  # what landed until then can be read
        remount(disk, "rw")
        with tally.recovery():
            assert ingestion.drain() > 0
    assert_nothing_lost_or_doubled(database, lake, written, tally)


def test_a_lander_at_work_goes_on_by_itself_when_the_disk_can_be_written_again(database, database_url, disk, user_id):
    lake, written = Lake(str(disk / "lake")), set(write_events(database, user_id, 20))
    ingestion = open_ingestion(database, lake, buckets=BUCKETS, rows=50, age_seconds=0)
    ingestion.drain()
    stop = threading.Event()
    working = threading.Thread(
        target=ingestion.run, args=(stop, OutboxMaintenance(database_url, due_at=NEVER)), daemon=True
    )
    working.start()
    try:
        for _ in range(20):
            written.update(write_events(database, user_id, 5))
        remount(disk, "ro")
        for _ in range(20):
            written.update(write_events(database, user_id, 5))
        remount(disk, "rw")
        deadline = time.monotonic() + 60
        while sum(ingestion.lander.positions.values()) < len(written):
            assert working.is_alive()
            assert time.monotonic() < deadline, "it did not go on"
            time.sleep(0.05)
    finally:
        stop.set()
        working.join(30)
    assert_nothing_lost_or_doubled(database, lake, written)
