"""The next batch is read while one lands; what is read is what would have been read without that."""

import threading

import pytest

from ingestion.landing.lander import Lander
from ingestion.landing.prefetch import Prefetcher
from ingestion.outbox import source as source_module
from ingestion.outbox.source import PositionLost, Run
from tests.integration.landing.conftest import LogInMemory, SourceThat
from tests.integration.landing.test_lander import everything, landed

PATIENCE = 30


class Watched(LogInMemory):
    """Keeps from where it was read, and by which thread."""

    def __init__(self, log):
        super().__init__(log.events)
        self.reads, self.threads, self.has_read = [], set(), threading.Semaphore(0)

    def read(self, positions, limit):
        self.reads.append(dict(positions))
        self.threads.add(threading.current_thread())
        runs = super().read(positions, limit)
        self.has_read.release()
        return runs

    def wait_for_reads(self, count):
        for _ in range(count):
            assert self.has_read.acquire(timeout=PATIENCE)


def test_the_next_batch_is_there_before_it_is_asked_for(log):
    log = Watched(log)
    with Prefetcher(log) as source:
        (first,) = source.read({0: 0}, 40)
        log.wait_for_reads(2)
        (second,) = source.read({0: 40}, 40)
        assert [*first.values, *second.values] == log.events[0][:80]
    assert log.reads == [{0: 0}, {0: 40}, {0: 80}]
    assert len(log.threads) == 1  # a client of Kafka belongs to one
    assert not next(iter(log.threads)).is_alive()


def test_a_batch_that_is_not_full_is_not_read_past(log):
    log = Watched(log)
    with Prefetcher(log) as source:
        source.read({0: 70}, 40)
    assert log.reads == [{0: 70}]


def test_a_batch_is_full_by_its_bytes_as_well(log, monkeypatch):
    monkeypatch.setattr(source_module, "BATCH_BYTES", sum(map(len, log.events[0])))
    log = Watched(log)
    with Prefetcher(log) as source:
        source.read({0: 0}, 1_000)
    assert log.reads == [{0: 0}, {0: 100}]


def test_what_was_prefetched_of_a_position_that_did_not_come_is_dropped(log):
    log = Watched(log)
    with Prefetcher(log) as source:
        source.read({0: 0, 1: 0}, 20)
        for positions in ({0: 0, 1: 0}, {0: 50, 1: 20}):  # it was refused; others have landed more
            runs = source.read(positions, 20)
            assert [run.values for run in runs] == [
                log.events[run.bucket][positions[run.bucket] :][:20] for run in runs
            ]


def test_what_fails_ahead_fails_the_read_that_comes_for_it_and_no_other(log):
    def ends_at_twenty(positions, limit):
        if positions[0] == 20 and next(failures, None):
            raise PositionLost("lost")
        return log.read(positions, limit)

    failures = iter(["once"])
    with Prefetcher(SourceThat(ends_at_twenty)) as source:
        assert source.read({0: 0}, 20)
        with pytest.raises(PositionLost, match="lost"):
            source.read({0: 20}, 20)
        assert source.read({0: 20}, 20)


def test_a_read_that_is_ahead_when_landing_ends_is_waited_for(log):
    is_let_go, has_ended = threading.Event(), threading.Event()

    def slowly(positions, limit):
        if positions[0]:
            assert is_let_go.wait(PATIENCE)
            has_ended.set()
        return [Run(0, range(positions[0], positions[0] + limit), log.events[0][:limit])]

    with Prefetcher(SourceThat(slowly)) as source:
        source.read({0: 0}, 20)
        is_let_go.set()
    assert has_ended.is_set()  # whoever opened the source may close it


def test_landers_that_prefetch_side_by_side_double_nothing(lake, log):
    log.resent = 3
    with Prefetcher(log) as one, Prefetcher(log) as another:
        pair = [(Lander(lake, [0, 1], rows=7), one), (Lander(lake, [0, 1], rows=5), another)]
        while sum([lander.land_once(source) for lander, source in pair]):
            pass
    assert landed(lake) == everything(log)
