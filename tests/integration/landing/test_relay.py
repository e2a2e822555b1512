"""The relay goes forward over what the broker acknowledged, and never further."""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from ingestion.kafka.messages import message_of
from ingestion.kafka.relay import Refused, Relay
from ingestion.kafka.topic_state import Overtaken
from ingestion.outbox.source import PositionLost, Run
from tests.integration.landing.conftest import SourceThat


@dataclass
class PositionsInMemory:
    """Two buckets, from the beginning."""

    next: dict[int, int] = field(default_factory=lambda: {0: 0, 1: 0})

    def published(self) -> Mapping[int, int]:
        return dict(self.next)

    def advance(self, moves: Mapping[int, tuple[int, int]]) -> None:
        if any(self.next[bucket] != before for bucket, (before, _) in moves.items()):
            raise Overtaken
        self.next |= {bucket: after for bucket, (_, after) in moves.items()}


@dataclass
class Reported:
    """A delivery of which everything is known."""

    counts: dict[int, int]

    def acknowledged(self):
        return self.counts


@dataclass
class BrokerThat:
    """Acknowledges everything, or refuses one event of bucket 0 and takes those after it."""

    refuses: int | None = None
    log: dict[int, list[int]] = field(default_factory=lambda: {0: [], 1: []})

    def send(self, messages):
        acknowledged = {}
        for partition, batch in messages.items():
            offsets = [int(dict(message.headers)["log_offset"]) for message in batch]
            refused = self.refuses if partition == 0 else None
            self.log[partition] += [offset for offset in offsets if offset != refused]
            acknowledged[partition] = offsets.index(refused) if refused in offsets else len(offsets)
        return Reported(acknowledged)

    def close(self):
        pass


def rounds(relay, broker, stop=None):
    return relay.rounds(broker, stop or threading.Event())


def test_what_is_published_is_in_the_order_of_the_log(log):
    positions, broker = PositionsInMemory(), BrokerThat()
    counts = list(itertools.takewhile(bool, rounds(Relay(positions, log, rows=30), broker)))
    assert broker.log == {0: list(range(100)), 1: list(range(100))}
    assert positions.next == {0: 100, 1: 100}
    assert sum(counts) == 200


def test_the_next_batch_leaves_while_one_is_on_its_way(log):
    positions, broker = PositionsInMemory(), BrokerThat()
    assert next(rounds(Relay(positions, log, rows=30), broker)) == 30
    assert positions.next == {0: 15, 1: 15}
    assert len(broker.log[0]) == 30


def test_the_position_stops_before_the_first_event_that_the_broker_refused(log):
    """And does not go past it for what was acknowledged in the batch behind."""
    positions, broker = PositionsInMemory(), BrokerThat(refuses=7)
    with pytest.raises(Refused):
        list(rounds(Relay(positions, log, rows=30), broker))
    assert positions.next == {0: 7, 1: 15}
    assert 29 in broker.log[0]


def test_what_was_refused_is_sent_again_before_what_follows_it(log):
    positions, broker = PositionsInMemory(), BrokerThat(refuses=7)
    relay = Relay(positions, log, rows=30)
    with pytest.raises(Refused):
        list(rounds(relay, broker))
    broker.refuses = None
    next(rounds(relay, broker))
    assert broker.log[0][-30:] == list(range(7, 37))


def test_a_relay_that_is_stopped_flushes_what_it_has_sent(log):
    positions, broker, stop = PositionsInMemory(), BrokerThat(), threading.Event()
    going = rounds(Relay(positions, log, rows=30), broker, stop)
    next(going)
    stop.set()
    assert list(going) == [30]
    assert positions.next == {0: 30, 1: 30}
    assert len(broker.log[0]) == 30


def test_a_relay_that_was_overtaken_moves_nothing(log):
    positions, broker = PositionsInMemory(), BrokerThat()

    class Slow(BrokerThat):
        def send(self, messages):
            positions.next[0] = 10  # another one was quicker
            return super().send(messages)

    with pytest.raises(Overtaken):
        list(rounds(Relay(positions, log, rows=30), Slow()))
    assert positions.next == {0: 10, 1: 0}
    next(rounds(Relay(positions, log, rows=30), broker))
    assert broker.log[0][0] == 10


def test_a_log_that_lost_events_is_not_published_past_them():
    torn = SourceThat(lambda positions, limit: [Run(0, [0, 1, 3], [b"", b"", b""])])
    positions, broker = PositionsInMemory(), BrokerThat()
    with pytest.raises(PositionLost, match="2 to 2 of bucket 0"):
        list(rounds(Relay(positions, torn, rows=30), broker))
    assert broker.log[0] == []


def test_a_message_says_its_place_type_and_id_whatever_the_event_speaks_of():
    value = b'{"specversion":"1.0","id":"0190","source":"a \\"type\\":\\"b\\"","type":"task.created","data":{"type":"c","id":"d"}}'
    message = message_of(41, value)
    assert message.headers == [("log_offset", b"41"), ("type", b"task.created"), ("id", b"0190")]
    assert message.value is value
