"""kill -9 at any moment, two at once, frozen and overtaken: what was accepted lands, once and in its place."""

import os
import random
import signal
import time

import pytest

from ingestion.service import open_ingestion
from ingestion.verification import count, judge
from tests.conftest import BUCKETS
from tests.faults.processes import forking, land
from tests.faults.writers import Writers
from tests.integration.ingestion.conftest import raw_rows_of

KILLS = 60
FREEZES = 10


@pytest.fixture
def start(database_url, lake):
    """Starts landers, and leaves none behind."""
    started = []

    def start():
        processes = forking()
        is_ready = processes.Event()
        process = processes.Process(target=land, args=(database_url, lake.location, is_ready), daemon=True)
        process.start()
        started.append(process)
        assert is_ready.wait(20)
        return process

    yield start
    for process in started:
        process.kill()
        process.join(10)


def assert_nothing_lost_or_doubled(database, lake, accepted):
    open_ingestion(database, lake, buckets=BUCKETS, rows=5_000, age_seconds=0).drain()
    verdict = judge(count(database, lake))
    assert verdict.is_sound, verdict.sentence
    landed = [event_id for _, _, event_id in raw_rows_of(lake)]
    assert len(landed) == len(set(landed))
    assert accepted <= set(landed)


def test_landers_killed_at_any_moment_lose_and_double_nothing(database, lake, start):
    moments, writers = random.Random(1), Writers(database)
    for _ in range(KILLS):
        process = start()
        time.sleep(moments.uniform(0, 0.4))
        assert process.is_alive()  # it was killed, it did not fail
        process.kill()
        process.join(10)
    accepted = writers.finish()
    assert len(accepted) > 1_000
    assert len(lake.pinned("raw/events").notes_since(0)) > KILLS  # they did land between the kills
    assert_nothing_lost_or_doubled(database, lake, accepted)


def test_a_lander_that_was_frozen_and_overtaken_doubles_nothing(database, lake, start):
    moments, writers = random.Random(2), Writers(database)
    frozen, successor = start(), start()
    for _ in range(FREEZES):
        time.sleep(moments.uniform(0.1, 0.3))
        os.kill(frozen.pid, signal.SIGSTOP)
        time.sleep(moments.uniform(0.1, 0.3))
        os.kill(frozen.pid, signal.SIGCONT)
        frozen, successor = successor, frozen
    time.sleep(0.3)
    assert frozen.is_alive()
    assert successor.is_alive()
    frozen.kill()
    successor.kill()
    accepted = writers.finish()
    assert_nothing_lost_or_doubled(database, lake, accepted)
