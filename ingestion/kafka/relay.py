"""From the outbox to Kafka: in the order of the log, and never past an event that the broker has not acknowledged.

After a crash it sends again what it had sent and not recorded. The lander knows the place of each event and drops what it has.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import psycopg
from psycopg.rows import DictRow

from focusflow.database.lease import Lease, lease, renew
from focusflow.database.session import Database
from focusflow.errors import Unavailable
from focusflow.heartbeat import Beat, unwatched
from ingestion.kafka.messages import Message, message_of
from ingestion.landing.lander import following
from ingestion.outbox.sequencer import sequence_once
from ingestion.outbox.source import Run, Source

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.1
STANDBY_SECONDS = 1.0  # how often one that is not active asks whether it may be
RETRY_SECONDS = (0.5, 10.0)  # between attempts while Kafka or Postgres is away: at first, and at most
SEQUENCE_ROWS = 5_000
BATCHES = 2  # on their way at a time: with one alone, the broker waits for us while we wait for it


class Refused(Unavailable):
    """Kafka did not acknowledge everything. What it did not will be sent again."""


class Delivery(Protocol):
    """Messages on their way."""

    def acknowledged(self) -> Mapping[int, int]:
        """How many of each partition's leading messages were acknowledged, once that is known."""


class Publisher(Protocol):
    """The one thing that the relay needs of a broker."""

    def send(self, messages: Mapping[int, Sequence[Message]]) -> Delivery:
        """Hand messages over, in order. They leave while the next ones are got ready."""

    def close(self) -> None:
        """Without waiting for what is not acknowledged."""


class Positions(Protocol):
    """Up to where each bucket was published and acknowledged."""

    def published(self) -> Mapping[int, int]: ...

    def advance(self, moves: Mapping[int, tuple[int, int]]) -> None:
        """Move each bucket from one position to another; all of them or none, and only from where they were."""


class Batch(NamedTuple):
    """What was sent, and from where to where each bucket moves when all of it is acknowledged."""

    moves: Mapping[int, tuple[int, int]]
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Relay:
    """Everything between the outbox and the topic. While one batch is on its way, the next is read and sent behind it."""

    positions: Positions
    source: Source
    rows: int

    def rounds(self, publisher: Publisher, stop: threading.Event) -> Iterator[int]:
        """Batch after batch, how many events it moved the positions by; 0 when nothing is left. Ends when what was sent is settled."""
        in_flight: deque[Batch] = deque()
        positions: dict[int, int] = {}
        while in_flight or not stop.is_set():
            if not in_flight:
                positions = dict(self.positions.published())
            batch = None if stop.is_set() else self._send_next(publisher, positions)
            if batch:
                in_flight.append(batch)
                positions |= {bucket: end for bucket, (_, end) in batch.moves.items()}
            if not in_flight:
                yield 0
            elif batch is None or len(in_flight) == BATCHES:
                yield self._record_outcome(in_flight.popleft())

    def _send_next(self, publisher: Publisher, positions: Mapping[int, int]) -> Batch | None:
        limit = max(self.rows // BATCHES, 1)
        found = [following(run, positions[run.bucket]) for run in self.source.read(positions, limit)]
        runs = [run for run in found if run.offsets]
        if not runs:
            return None
        moves = {run.bucket: (positions[run.bucket], positions[run.bucket] + len(run.offsets)) for run in runs}
        return Batch(moves, publisher.send({run.bucket: messages_of(run) for run in runs}))

    def _record_outcome(self, batch: Batch) -> int:
        """Wait for what a batch came to, and move on as far as it was acknowledged."""
        acknowledged = batch.delivery.acknowledged()
        moves = {
            bucket: (before, before + acknowledged[bucket])
            for bucket, (before, _) in batch.moves.items()
            if acknowledged[bucket]
        }
        if moves:
            self.positions.advance(moves)
        if moves != batch.moves:
            raise Refused
        return sum(acknowledged.values())


def messages_of(run: Run) -> list[Message]:
    return [message_of(offset, value) for offset, value in zip(run.offsets, run.values, strict=True)]


@dataclass(frozen=True, slots=True)
class RelayService:
    """The loop of `focusflow relay`. An outage of Kafka holds it up, and nothing else: the API writes to Postgres alone."""

    relay: Relay
    database: Database
    url: str
    connect: Callable[[], Publisher]

    def run(self, stop: threading.Event, beat: Beat = unwatched) -> None:
        """Until told to stop. What can pass is waited for; what cannot ends the process, and its supervisor sees it."""
        retry_seconds = RETRY_SECONDS[0]
        while not stop.is_set():
            beat()
            try:
                with lease(self.url, Lease.RELAY) as held:
                    if held is None:
                        beat(has_worked=True)  # it stands by, as it should
                        stop.wait(STANDBY_SECONDS)
                        continue
                    for count in self._rounds(held, stop):
                        beat(has_worked=True)
                        retry_seconds = RETRY_SECONDS[0]
                        if not count:
                            stop.wait(IDLE_SECONDS)
            except Unavailable as problem:
                log.warning("%s Trying again in %.1f s.", problem, retry_seconds)
                stop.wait(retry_seconds)
                retry_seconds = min(retry_seconds * 2, RETRY_SECONDS[1])

    def drain(self) -> int:
        """Publish until nothing is left. Returns how many events that were."""
        with lease(self.url, Lease.RELAY) as held:
            if held is None:
                raise Unavailable("Another relay is running, and does this already.")
            total = 0
            for count in self._rounds(held, threading.Event()):
                if not count:
                    break
                total += count
            return total

    def _rounds(self, held: psycopg.Connection[DictRow], stop: threading.Event) -> Iterator[int]:
        with closing(self.connect()) as publisher:
            self._place()
            for count in self.relay.rounds(publisher, stop):
                yield count
                renew(held, Lease.RELAY)
                self._place()

    def _place(self) -> None:
        """Place what is waiting, about as much as goes out at a time: writers may be quicker than we are."""
        placed = 0
        while placed < self.relay.rows and (count := sequence_once(self.database, SEQUENCE_ROWS)):
            placed += count
