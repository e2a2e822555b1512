"""A log in which events stand twice, torn or not at all is read by position: once, in order, or not past what is missing."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from focusflow.errors import Problem, Unavailable
from ingestion.kafka import source
from ingestion.kafka.messages import Fetched, OutOfRange
from ingestion.kafka.source import BrokerSource, find
from ingestion.outbox.source import PositionLost


@dataclass
class TopicInMemory:
    """One partition. `positions` are those of its messages; the first `cut` of them are there no more."""

    positions: list[int]
    cut: int = 0
    known: int | None = None
    looks: int = 0

    def bounds(self, partition):
        return self.cut, len(self.positions)

    def read(self, places, limit, wait_seconds):
        self.looks += 1
        (place,) = places.values()
        if not self.cut <= place <= len(self.positions):
            raise OutOfRange
        part = self.positions[place : place + min(limit, 20)]
        records = [
            SimpleNamespace(offset=place + n, headers=[("log_offset", b"%d" % each)], value=b"%d" % each)
            for n, each in enumerate(part)
        ]
        return [Fetched(0, records)] if records else []

    def close(self):
        pass

    # what the ledger says of it
    def require_topic(self):
        pass

    def heads(self):
        return self.published()

    def published(self):
        return {0: max(self.positions, default=-1) + 1 if self.known is None else self.known}


def source_of(topic):
    return BrokerSource(topic, lambda: topic)


@dataclass
class Reader:
    """Follows a source as the lander does."""

    source: BrokerSource
    position: int = 0
    values: list[int] = field(default_factory=list)

    def read(self, times=200):
        for _ in range(times):
            for run in self.source.read({0: self.position}, 20):
                assert run.offsets == range(self.position, self.position + len(run.values))
                self.values += map(int, run.values)
                self.position += len(run.values)
        return self.values


LOGS = {
    "everything once": list(range(300)),
    "sent again after a crash": [*range(120), *range(80, 300)],
    "sent again and again": [*range(50), *range(40, 50), *range(40, 50), *range(45, 300)],
    "sent by two relays at once": [*range(200), *range(60, 70), *range(200, 300)],
    "refused in the middle and sent again": [*range(100), *range(110, 140), *range(100, 300)],
}


@pytest.mark.parametrize("positions", LOGS.values(), ids=LOGS)
@pytest.mark.parametrize("begin", [0, 42, 65, 105, 199, 250, 299])
def test_each_event_comes_once_and_in_order_from_any_position(positions, begin):
    reader = Reader(source_of(TopicInMemory(positions)), begin)
    assert reader.read() == list(range(begin, 300))


@pytest.mark.parametrize("positions", LOGS.values(), ids=LOGS)
def test_a_place_is_found_by_a_few_looks(positions):
    many = (
        [each * 1000 + n for each in range(300) for n in range(1000)]
        if positions == LOGS["everything once"]
        else positions
    )
    for guess in (0, 250, len(many)):
        topic = TopicInMemory(many)
        place = find(topic, 0, 250, 0, len(many), guess=guess)
        assert place is not None
        assert many[place] == 250
        assert topic.looks < 25


def test_a_place_before_which_nothing_was_sent_twice_is_found_by_one_look():
    topic = TopicInMemory([*range(120), *range(80, 300_000)])
    assert source_of(topic).read({0: 150_000}, 1)[0].values == [b"150000"]
    assert topic.looks == 2  # the look, and the reading


def test_a_batch_is_put_together_up_to_its_rows_or_its_bytes(monkeypatch):
    def size(limit):
        (run,) = source_of(TopicInMemory([*range(120), *range(80, 300)])).read({0: 0}, limit)
        return len(run.values)

    assert size(250) == 250
    assert size(1_000) == 300
    monkeypatch.setattr(source, "BATCH_BYTES", 100)
    assert size(250) == 60  # ten of one byte, forty-five of two, and what came with the last of them


def test_a_batch_ends_before_a_gap_and_the_gap_stops_the_next_one():
    source = source_of(TopicInMemory([*range(100), *range(110, 200)]))
    assert source.read({0: 0}, 1_000)[0].offsets == range(100)
    with pytest.raises(PositionLost, match="from 100 on"):
        source.read({0: 100}, 1_000)


def test_what_was_acknowledged_and_is_gone_stops_the_reader():
    topic = TopicInMemory([*range(100), *range(110, 200)])
    reader = Reader(source_of(topic))
    with pytest.raises(PositionLost, match="lost events of bucket 0, from 100 on"):
        reader.read()
    assert reader.values == list(range(100))


def test_a_gap_before_which_nothing_more_was_acknowledged_is_waited_for():
    topic = TopicInMemory([*range(100), *range(110, 120)], known=100)
    reader = Reader(source_of(topic))
    reader.read(times=6)
    with pytest.raises(Unavailable):
        reader.read()
    assert reader.values == list(range(100))
    topic.positions += range(100, 130)
    topic.known = 130
    assert reader.read() == list(range(130))


def test_a_log_that_was_cut_before_the_lander_came_stops_it():
    topic = TopicInMemory(list(range(200)), cut=50)
    with pytest.raises(PositionLost, match="from 20 on"):
        Reader(source_of(topic), 20).read()
    assert Reader(source_of(topic), 60).read() == list(range(60, 200))


def test_a_log_that_is_emptied_under_the_reader_stops_it():
    topic = TopicInMemory(list(range(100)), known=150)
    reader = Reader(source_of(topic))
    with pytest.raises(PositionLost, match="from 100 on"):
        reader.read()
    topic.positions.clear()
    with pytest.raises(PositionLost):
        Reader(source_of(topic), 100).read()


def test_a_log_that_is_rebuilt_and_grows_past_the_reader_stops_it():
    topic = TopicInMemory(list(range(100)))
    reader = Reader(source_of(topic))
    reader.read(times=3)
    topic.positions[:] = range(150, 400)
    with pytest.raises(PositionLost, match="from 60 on"):
        reader.read()


def test_a_reader_whose_lake_went_ahead_by_another_way_goes_on_there():
    topic = TopicInMemory(list(range(300)))
    reader = Reader(source_of(topic))
    reader.read(times=1)
    reader.position = 200
    reader.values.clear()
    assert reader.read() == list(range(200, 300))


def test_a_reader_that_is_set_back_reads_again():
    reader = Reader(source_of(TopicInMemory(list(range(300)))))
    reader.read()
    reader.position, reader.values = 150, []
    assert reader.read() == list(range(150, 300))


def test_what_comes_later_is_read_when_it_is_there():
    topic = TopicInMemory([])
    reader = Reader(source_of(topic))
    assert reader.read(times=3) == []
    topic.positions += range(10)
    assert reader.read() == list(range(10))


def test_a_topic_that_another_program_writes_to_is_named():
    with pytest.raises(Problem, match="FOCUSFLOW_KAFKA_TOPIC_PREFIX"):
        Fetched(3, [SimpleNamespace(offset=9, headers=[], value=b"")]).log_offsets()
