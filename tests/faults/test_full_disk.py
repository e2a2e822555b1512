"""No room left on the disk: what was accepted waits in the database, and lands once there is room."""

import pytest

from focusflow.errors import Unavailable
from focusflow.lake.tables import Lake, Pinned
from ingestion.landing.service import open_ingestion
from ingestion.reconciliation import count, judge
from tests.conftest import BUCKETS
from tests.faults.accounts import assert_nothing_lost_or_doubled, verdict_of
from tests.faults.disks import small_disk
from tests.integration.ingestion.conftest import write_events

pytestmark = pytest.mark.timeout(400)  # a storm takes as long as the machine lets it


@pytest.fixture(name="small_disk")
def sixteen_megabytes():
    with small_disk(megabytes=16) as folder:
        yield folder


@pytest.fixture
def ballast(small_disk):
    """What leaves half of it free."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(8 * 1024 * 1024))
    return ballast


@pytest.mark.fault("full disk of the lake")
def test_a_full_disk_holds_landing_up_and_nothing_is_lost(database, small_disk, ballast, user_id, tally):
    lake, written = Lake(str(small_disk / "lake")), set[str]()
    ingestion = open_ingestion(database, lake, buckets=BUCKETS, rows=5_000, age_seconds=0)

    def fill():
        while True:
            written.update(write_events(database, user_id, 500))
            ingestion.drain()

    for _ in range(2):
        with pytest.raises(Unavailable, match="The disk that the lake lies on is full"):
            fill()
    assert judge(count(database, lake)).is_sound  # what landed until then can be read
    ballast.unlink()
    with tally.recovery():
        assert ingestion.drain() > 0  # the same process goes on by itself
    tally.tries = 2
    assert_nothing_lost_or_doubled(database, lake, written, tally)


@pytest.mark.mutant("full disk of the lake")
def test_a_lander_that_passes_over_what_it_had_no_room_for_is_detected(
    database, small_disk, ballast, user_id, monkeypatch
):
    lake, append = Lake(str(small_disk / "lake")), Pinned.append

    def appending(raw, rows, **how):
        try:
            append(raw, rows, **how)
        except Unavailable:
            ballast.unlink()
            append(raw, rows.slice(0, 0), **how)

    monkeypatch.setattr(Pinned, "append", appending)
    ingestion = open_ingestion(database, lake, buckets=BUCKETS, rows=5_000, age_seconds=0)
    while ballast.exists():
        write_events(database, user_id, 500)
        ingestion.drain()
    assert "missing" in verdict_of(database, lake).sentence
