"""kill -9 at every point and at any moment, two at once, frozen and overtaken: what was accepted lands, once and in its place."""

import os
import signal
import time
from itertools import product

import psutil
import pytest

from focusflow.lake.tables import RAW_EVENTS
from ingestion.landing.service import open_ingestion
from tests.conftest import BUCKETS, add_user
from tests.faults.accounts import assert_nothing_lost_or_doubled, verdict_of
from tests.faults.points import LANDER, Point
from tests.faults.processes import forking, land, land_counting, land_frozen, land_positions_first, land_until
from tests.faults.tally import Tally
from tests.faults.writers import Writers
from tests.integration.ingestion.conftest import raw_rows_of, write_events
from tests.sizes import dice, sized

pytestmark = pytest.mark.timeout(400)  # a storm takes as long as the machine lets it

KILLS = sized(8, 60)
FREEZES = sized(3, 10)
WITH_A_BATCH = Point("ingestion.landing.lander:raw_rows", "after")
WITH_THE_HEADS = Point("focusflow.database.session:Transaction.run", "after")
PATIENCE = 60  # seconds; what is waited for takes a moment, and longer where others have the machine


@pytest.fixture
def start(database_url, lake):
    """Starts landers, and leaves none behind."""
    started = []

    def start(work=land, *how, **named):
        processes = forking()
        is_ready = processes.Event()
        arguments = (database_url, lake.location, is_ready, *how)
        process = processes.Process(target=work, args=arguments, kwargs=named, daemon=True)
        process.start()
        started.append(process)
        until(lambda: is_ready.is_set() or not process.is_alive())
        return process

    yield start
    for process in started:
        process.kill()
        process.join(10)


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)
    return found


def version(lake):
    return lake.version(RAW_EVENTS.name) or 0


@pytest.mark.fault("lander killed at each point")
def test_landers_killed_at_every_point_lose_and_double_nothing(database, lake, start, tally):
    users, accepted = [add_user(database) for _ in range(3)], set[str]()
    for point, nth in product(LANDER, sized((1,), (1, 2))):
        process = start(land_until, point, nth)
        deadline = time.monotonic() + PATIENCE
        while process.is_alive():
            assert time.monotonic() < deadline, f"it never came to {point}"
            accepted |= {each for user_id in users for each in write_events(database, user_id, 2)}
            process.join(0.02)
        assert process.exitcode == -signal.SIGKILL
    tally.tries = len(LANDER) * len(sized((1,), (1, 2)))
    assert_nothing_lost_or_doubled(database, lake, accepted, tally)


def killed_at_any_moment(database, lake, start, work=land, tally=None):
    """Landers that are killed one after the other, while users write. What was accepted."""
    moments, writers, tally = dice(1), Writers(database), tally or Tally()
    tally.tries = KILLS
    for _ in range(KILLS):
        before, process = version(lake), start(work)
        if moments.random() < 0.5:  # they do land between the kills
            with tally.recovery():
                until(lambda: version(lake) > before)  # noqa: B023 (asked at once)
        time.sleep(moments.uniform(0, 0.05))
        assert process.is_alive()  # it was killed, it did not fail
        process.kill()
        process.join(10)
    return writers.finish()


@pytest.mark.fault("lander killed at random moments")
def test_landers_killed_at_any_moment_lose_and_double_nothing(database, lake, start, tally):
    accepted = killed_at_any_moment(database, lake, start, tally=tally)
    assert_nothing_lost_or_doubled(database, lake, accepted, tally)


@pytest.mark.mutant("lander killed at random moments")
def test_random_kills_find_a_lander_that_moves_the_position_first(database, lake, start):
    killed_at_any_moment(database, lake, start, land_positions_first)
    assert "missing" in verdict_of(database, lake).sentence


@pytest.mark.fault("lander frozen and overtaken")
def test_landers_that_are_frozen_and_overtaken_double_nothing(database, lake, start, tally):
    moments, writers = dice(2), Writers(database)
    frozen, successor = start(), start()
    for _ in range(FREEZES):
        time.sleep(moments.uniform(0, 0.1))
        os.kill(frozen.pid, signal.SIGSTOP)
        before = version(lake)
        until(lambda: version(lake) > before + 1)  # noqa: B023
        os.kill(frozen.pid, signal.SIGCONT)
        frozen, successor = successor, frozen
    for each in (frozen, successor):
        assert each.is_alive()
        each.kill()
    tally.tries = FREEZES
    assert_nothing_lost_or_doubled(database, lake, writers.finish(), tally)


def overtaken(database, lake, start, user_id, point, *, has_fence=True):
    """A lander is frozen at a point and goes on when others have landed everything. How often it was refused, and what was written."""
    refused = forking().Value("i", 0)
    written = set(write_events(database, user_id, 50))
    zombie = start(land_frozen, point, refused, has_fence=has_fence)
    until(lambda: psutil.Process(zombie.pid).status() == psutil.STATUS_STOPPED)
    open_ingestion(database, lake, buckets=BUCKETS, rows=5_000, age_seconds=0).drain()
    before = version(lake)
    os.kill(zombie.pid, signal.SIGCONT)
    written |= set(write_events(database, user_id, 5))
    until(lambda: version(lake) > before)  # it goes on with what is new, or commits what was in its hands
    if has_fence:
        until(lambda: written <= {event_id for _, _, event_id in raw_rows_of(lake)})
        assert zombie.is_alive()
    zombie.kill()
    zombie.join(10)
    return refused.value, written


def test_a_zombie_is_refused_what_others_have_landed(database, lake, start, user_id):
    refused, written = overtaken(database, lake, start, user_id, WITH_A_BATCH)
    assert refused == 1
    assert_nothing_lost_or_doubled(database, lake, written)


def test_a_zombie_that_was_giving_out_places_holds_others_up_for_seconds_only(database, lake, start, user_id):
    _, written = overtaken(database, lake, start, user_id, WITH_THE_HEADS)
    assert_nothing_lost_or_doubled(database, lake, written)


@pytest.mark.mutant("lander frozen and overtaken")
def test_a_zombie_without_the_fence_is_detected(database, lake, start, user_id):
    refused, _ = overtaken(database, lake, start, user_id, WITH_A_BATCH, has_fence=False)
    assert refused == 0
    assert "events stand in raw twice" in verdict_of(database, lake).sentence


@pytest.mark.fault("two landers at once")
def test_landers_that_fight_over_one_bucket_double_nothing(database, lake, start, user_id, tally):
    refused, written = forking().Value("i", 0), set[str]()
    fighters = [start(land_counting, refused) for _ in range(2)]

    def fought():
        written.update(write_events(database, user_id, 20))
        return refused.value >= 5

    until(fought)
    for each in fighters:
        each.kill()
        each.join(10)
    tally.tries = refused.value  # commits that came second
    assert_nothing_lost_or_doubled(database, lake, written, tally)
