"""The power goes while a lander is at work: what had landed is on the disk, and landing goes on from there.

On a filesystem of its own, which is shut down as a power cut leaves it: without what nobody has forced to the disk.
"""

import os
import struct
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from fcntl import ioctl
from pathlib import Path

import pytest
from deltalake.exceptions import DeltaError

from focusflow.database.session import Database
from focusflow.errors import Problem
from focusflow.lake import fsync
from focusflow.lake import tables as lake_module
from focusflow.lake.tables import CommitConflict, Lake, TableDamaged
from ingestion.landing.service import open_ingestion
from ingestion.reconciliation import count, judge
from tests.conftest import BUCKETS, add_user
from tests.integration.ingestion.conftest import raw_rows_of, write_events
from tests.sizes import dice, sized

pytestmark = pytest.mark.timeout(400)  # a storm takes as long as the machine lets it

CUTS = sized(2, 12)
EXT4_IOC_SHUTDOWN = 0x8004587D
WITHOUT_THE_JOURNAL = struct.pack("I", 2)
#: Nothing reaches the disk by the clock, and no file because it was renamed.
ONLY_WHEN_FORCED = "loop,commit=900,noauto_da_alloc"
PATIENCE = 60  # seconds; what is waited for takes a moment, and longer where others have the machine


@dataclass(frozen=True)
class Disk:
    """A filesystem in a file."""

    image: Path
    folder: Path

    def make(self) -> None:
        with self.image.open("wb") as image:
            image.truncate(64 * 1024 * 1024)
        run("mkfs.ext4", "-q", "-F", str(self.image))

    def mount(self) -> None:
        run("mount", "-o", ONLY_WHEN_FORCED, str(self.image), str(self.folder))

    def cut_the_power(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            ioctl(folder, EXT4_IOC_SHUTDOWN, WITHOUT_THE_JOURNAL)
        finally:
            os.close(folder)

    def unmount(self) -> None:
        run("umount", str(self.folder))


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """It needs root and loop devices, so some machines go without its tests; CI does not."""
    with tempfile.TemporaryDirectory(prefix="focusflow-power-") as home, ExitStack() as stack:
        disk = Disk(Path(home) / "image", Path(home) / "disk")
        disk.folder.mkdir()
        try:
            disk.make()
            disk.mount()
        except (OSError, subprocess.SubprocessError) as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"No disk can be made here whose power could be cut: {error}")
        stack.callback(disk.unmount)
        yield disk


@dataclass
class Landing:
    """A lander at work until the power goes, and what it held for durable by then."""

    database: Database
    lake: Lake
    accepted: set[str] = field(default_factory=set)
    fsync: dict[int, int] = field(default_factory=dict)
    batches: int = 0

    def until_cut(self, disk: Disk, batches: int, seconds: float) -> None:
        users = [add_user(self.database) for _ in range(3)]
        enough, before = threading.Event(), self.batches
        working = threading.Thread(target=self._work, args=(users, before + batches, enough), daemon=True)
        working.start()
        assert enough.wait(PATIENCE)
        time.sleep(seconds)
        disk.cut_the_power()
        working.join(PATIENCE)
        assert not working.is_alive()
        disk.unmount()
        disk.mount()

    def _work(self, users, batches, enough):
        ingestion = open_ingestion(self.database, self.lake, buckets=BUCKETS, rows=40, age_seconds=0)
        try:
            while True:
                self.accepted |= {each for user_id in users for each in write_events(self.database, user_id, 5)}
                ingestion.drain()
                self.durable = ingestion.lander.positions
                self.batches += 1
                if self.batches >= batches:
                    enough.set()
        except (OSError, DeltaError, CommitConflict, Problem):  # the disk is gone
            if not enough.is_set():
                raise

    def lost(self) -> int:
        try:
            there = open_ingestion(self.database, self.lake, buckets=BUCKETS, rows=40, age_seconds=0).lander.positions
        except TableDamaged:  # not even its first commit is there
            there = Counter()
        return sum(max(position - there[bucket], 0) for bucket, position in self.durable.items())


@pytest.fixture
def landing(database, disk, monkeypatch) -> Landing:
    monkeypatch.setattr(lake_module, "CHECKPOINT_COMMITS", 3)
    return Landing(database, Lake(str(disk.folder / "lake")))


@pytest.mark.fault("power cut")
def test_what_had_landed_when_the_power_went_is_there_and_landing_goes_on(database, disk, landing, tally):
    moments = dice(1)
    for _ in range(CUTS):
        landing.until_cut(disk, moments.randrange(1, 8), moments.uniform(0, 0.1))
        assert landing.lost() == 0
        verdict = judge(count(database, landing.lake))
        assert verdict.is_sound, verdict.sentence
        places = raw_rows_of(landing.lake, "bucket, log_offset")  # every row can be read
        assert {(bucket, end - 1) for bucket, end in landing.durable.items() if end} <= set(places)
    open_ingestion(database, landing.lake, buckets=BUCKETS, rows=5_000, age_seconds=0).drain()
    landed = [event_id for _, _, event_id in raw_rows_of(landing.lake)]
    tally.tries = CUTS
    tally.compare(landing.accepted, landed)
    verdict = judge(count(database, landing.lake))
    assert verdict.is_sound, verdict.sentence
    assert all(each.landed == each.sequenced for each in verdict.buckets)


@pytest.mark.mutant("power cut")
@pytest.mark.parametrize("forgotten", ["files", "files and folders"])
def test_a_lander_that_forces_nothing_to_the_disk_is_detected(disk, landing, monkeypatch, forgotten):
    """On ext4, a file that is forced to the disk takes its name along; so folders alone can be forgotten unnoticed here."""
    forced = fsync._fsync

    def forgets(path: Path) -> None:
        if forgotten == "files" and path.is_dir():
            forced(path)

    monkeypatch.setattr(fsync, "_fsync", forgets)
    landing.until_cut(disk, 5, 0)
    monkeypatch.setattr(fsync, "_fsync", forced)
    assert landing.lost() > 0
