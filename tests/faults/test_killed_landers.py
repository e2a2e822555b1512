"""kill -9 at any moment, two at once, frozen and overtaken: what was accepted lands, once and in its place."""

import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count as counter

import pytest

from ingestion.service import open_ingestion
from ingestion.verification import count, judge
from tests.conftest import BUCKETS, add_user
from tests.faults.processes import forking, land
from tests.integration.ingestion.conftest import raw_rows_of, write_events

KILLS = 60
FREEZES = 10


class Writers:
    """Threads that write until they are told to stop, and keep what was acknowledged."""

    def __init__(self, database, people=4):
        self._database, self._users = database, [add_user(database) for _ in range(people)]
        self._stop, self._threads = threading.Event(), ThreadPoolExecutor(people)
        self._results = [self._threads.submit(self._write, user_id) for user_id in self._users]

    def _write(self, user_id):
        accepted: list[str] = []
        for number in counter(1):
            if self._stop.wait(0.002):
                return accepted
            accepted += write_events(self._database, user_id, number % 5 + 1)
        return accepted

    def finish(self):
        self._stop.set()
        self._threads.shutdown()
        return {event_id for result in self._results for event_id in result.result()}


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
