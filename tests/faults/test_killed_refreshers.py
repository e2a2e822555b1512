"""kill -9 of the resident refresher at every point, and two at once: all tables are as if one refresh had built them."""

import os
import signal

import psutil
import pytest

from focusflow import clock
from focusflow.lake.tables import Lake
from ingestion.landing.service import open_ingestion
from tests.conftest import BUCKETS
from tests.faults.points import REFRESHER, Point
from tests.faults.processes import forking, refresh, refresh_frozen, refresh_until
from tests.integration.pipelines.conftest import World
from tests.integration.refresher.conftest import a_refresher, until
from tests.sizes import sized

pytestmark = pytest.mark.timeout(600)  # a storm takes as long as the machine lets it

PATIENCE = 120
ROUNDS = sized(2, 20)
WITH_A_BATCH = Point("pipelines.engine.silver:deduplicated", "after")  # the rows for silver are known, and not written
FIRST_COMMIT = Point("focusflow.lake.tables:Pinned._fsync_commit", "after")
COMPARED = ("silver/events", "silver/task_history", "gold/productivity_daily")


@pytest.fixture
def start(database_url, lake):
    """Starts refreshers, and leaves none behind."""
    started = []

    def start(work, *how, **named):
        processes = forking()
        is_ready = processes.Event()
        arguments = (database_url, lake.location, is_ready, *how)
        process = processes.Process(target=work, args=arguments, kwargs=named, daemon=True)
        process.start()
        started.append(process)
        assert is_ready.wait(PATIENCE)
        return process

    yield start
    for process in started:
        process.kill()
        process.join(10)


def settle(site):
    """What a refresher that nobody kills does afterwards."""
    until(a_refresher(site.lake, site.database, site.url, site.home).refresh_once)


def differences(site):
    """The tables that differ from those that one refresh builds in another lake of the same events."""
    built, other = World(site.lake), World(Lake(str(site.home / "other")))
    open_ingestion(site.database, other.lake, buckets=BUCKETS, rows=5_000, age_seconds=0).drain()
    other.refresh(clock.now())
    return [name for name in COMPARED if built.rows(name) != other.rows(name)]


def unpublished(site):
    """How many days the API has more than the daily table."""
    with site.database.owner() as connection:
        counted = "select count(*) as days from published_rows where table_name = 'productivity_daily'"
        days = connection.execute(counted).fetchall()[0]["days"]
    return days - site.lake.pinned("gold/productivity_daily").rows()


def killed_at(start, point, **how):
    process = start(refresh_until, point, **how)
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL, f"it never came to {point}"


@pytest.mark.fault("refresher killed at each point")
def test_refreshers_killed_at_every_point_build_what_one_builds(start, site, tally):
    for point in REFRESHER:
        site.land(2)
        killed_at(start, point)
    with tally.recovery():
        settle(site)
    tally.tries = len(REFRESHER)
    assert differences(site) == []
    assert unpublished(site) == 0


@pytest.mark.mutant("refresher killed at each point")
def test_a_refresher_that_moves_the_position_first_is_found_out(start, site):
    site.land(2)
    killed_at(start, FIRST_COMMIT, has_one_commit=False)
    settle(site)
    assert "silver/events" in differences(site)


def overtaken(start, site, *, has_fence=True):
    """A refresher is frozen with a batch in its hands, and goes on when another has built everything."""
    site.land(2)
    zombie = start(refresh_frozen, WITH_A_BATCH, has_fence=has_fence)
    until(lambda: psutil.Process(zombie.pid).status() == psutil.STATUS_STOPPED)
    settle(site)
    before = site.lake.version("silver/events")
    os.kill(zombie.pid, signal.SIGCONT)
    site.land(1)
    until(lambda: site.lake.version("silver/events") > before)
    zombie.kill()
    zombie.join(10)
    settle(site)


@pytest.mark.fault("refresher frozen and overtaken")
def test_a_zombie_is_refused_what_another_has_built(start, site):
    overtaken(start, site)
    assert differences(site) == []
    assert unpublished(site) == 0


@pytest.mark.mutant("refresher frozen and overtaken")
def test_a_zombie_without_the_fence_is_found_out(start, site):
    overtaken(start, site, has_fence=False)
    assert "silver/events" in differences(site)


@pytest.mark.fault("two refreshers at once")
def test_two_at_once_build_what_one_builds(start, site, tally):
    tally.tries = ROUNDS
    fighters = [start(refresh) for _ in range(2)]
    for _ in range(ROUNDS):
        site.land(3)
        until(site.is_refreshed)
    for each in fighters:
        assert each.is_alive()
        each.kill()
        each.join(10)
    settle(site)
    assert differences(site) == []
    assert unpublished(site) == 0
