"""The log as Kafka has it, read by the same positions as the outbox. What Kafka lost is said, never passed over.

Kafka's own count differs from the positions as soon as something was sent twice, so each message carries its position, and a
place to begin at is searched for. A message from before the position is a resend. One from beyond it shows a gap: that is a
loss only if the relay holds what is missing for acknowledged; otherwise the relay is about to send it again.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from focusflow.errors import Unavailable
from ingestion.kafka.messages import Fetched, OutOfRange, PartitionLog
from ingestion.outbox.source import BATCH_BYTES, PositionLost, Run

WAIT_SECONDS = 0.1
LONG_WAIT_SECONDS = 2.0  # when it is known that something will come
PIECE = 2_000  # messages that one call of the client decodes
PROBED = 200  # messages that one look into the log brings
ASIDE = 200_000  # how far from where it should be a position is looked for: some batches of the relay
LOOK_SECONDS = 10.0
CHECK_SECONDS = 5.0


class TopicState(Protocol):
    """What is known of the topic without asking it."""

    def require_topic(self) -> None:
        """Refuse a topic that is not the one which the relay took into use."""

    def heads(self) -> Mapping[int, int]:
        """The position after the newest event of each bucket."""

    def published(self) -> Mapping[int, int]:
        """Up to where each bucket was published and acknowledged."""


class ClosableLog(PartitionLog, Protocol):
    """A log that is opened when it is needed."""

    def close(self) -> None: ...


@dataclass(slots=True)
class Cursor:
    """Where reading goes on: a place of Kafka, and the position up to which all has been read before it."""

    place: int
    position: int
    is_at_gap: bool = False


class BrokerSource:
    """Follows one log and searches in another, which reads the same topic by a connection of its own."""

    def __init__(self, topic_state: TopicState, open_log: Callable[[], ClosableLog]) -> None:
        self._topic_state, self._open_log = topic_state, open_log
        self._logs: dict[str, ClosableLog] = {}
        self._cursors: dict[int, Cursor] = {}
        self._quiet: set[int] = set()
        self._checked_at: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._logs.values():
            each.close()

    def heads(self) -> Mapping[int, int]:
        return self._topic_state.heads()

    def read(self, positions: Mapping[int, int], limit: int) -> Sequence[Run]:
        self._check_topic()
        silence = 0
        while True:
            known = self._topic_state.published()
            for bucket, position in positions.items():
                self._stand(bucket, position, known.get(bucket, 0))
            if all(self._cursors[bucket].is_at_gap for bucket in positions):
                raise Unavailable("The relay has to send again what Kafka did not take.")
            runs = self._receive(positions, known, limit)
            silence = silence + 1 if self._quiet == positions.keys() else 0
            if runs or not is_behind(positions, known) or silence > 1:
                return runs
            # What came was only what had been sent again, or a gap. There is more to come, and nothing would look like the end.

    def _receive(self, positions: Mapping[int, int], known: Mapping[int, int], limit: int) -> list[Run]:
        """A batch, piece by piece: what a piece is received as takes several times the memory of what is kept of it."""
        values: dict[int, list[bytes]] = {bucket: [] for bucket in positions}
        self._quiet, room, memory, wait_seconds = set(positions), limit, BATCH_BYTES, WAIT_SECONDS
        while room > 0 and memory > 0:
            reached = {bucket: position + len(values[bucket]) for bucket, position in positions.items()}
            fetched = self._fetch(
                reached, min(room, PIECE), LONG_WAIT_SECONDS if is_behind(reached, known) else wait_seconds
            )
            for each in fetched:
                new = self._taken(each, reached[each.partition])
                values[each.partition] += new
                room, memory = room - len(new), memory - sum(map(len, new))
                self._quiet.discard(each.partition)
            if not fetched:
                break
            wait_seconds = 0
        return [
            Run(bucket, range(positions[bucket], positions[bucket] + len(taken)), taken)
            for bucket, taken in values.items()
            if taken
        ]

    def _fetch(self, positions: Mapping[int, int], limit: int, wait_seconds: float) -> Sequence[Fetched]:
        places = {bucket: self._cursors[bucket].place for bucket in positions if not self._cursors[bucket].is_at_gap}
        if not places:
            return []
        try:
            return self._log("follow").read(places, limit, wait_seconds)
        except OutOfRange:
            self._cursors.clear()
            return []

    def _log(self, purpose: str) -> ClosableLog:
        if purpose not in self._logs:  # at first use, so that a broker that is away can be waited for
            self._logs[purpose] = self._open_log()
        return self._logs[purpose]

    def _check_topic(self) -> None:
        now = time.monotonic()
        if self._checked_at is None or now - self._checked_at > CHECK_SECONDS:
            self._topic_state.require_topic()
            self._checked_at = now

    def _stand(self, bucket: int, position: int, known: int) -> None:
        """Find a place for a bucket that has none, stands at a gap, or hears nothing although the relay has published more."""
        cursor = self._cursors.get(bucket)
        if cursor is None or cursor.position > position:
            first, end = self._log("search").bounds(bucket)
            # What was not acknowledged when we looked for the end will be sent behind it, or is found once it counts as published.
            place = self._find(bucket, position, known, first, end) if known > position else end
            self._cursors[bucket] = Cursor(place, position)
        elif known > position and (cursor.is_at_gap or bucket in self._quiet):
            first, end = self._log("search").bounds(bucket)
            if cursor.is_at_gap or cursor.place >= end:
                self._cursors[bucket] = Cursor(self._find(bucket, position, known, first, end), position)

    def _find(self, bucket: int, position: int, known: int, first: int, end: int) -> int:
        place = find(self._log("search"), bucket, position, first, end, guess=end - (known - position))
        if place is None:
            raise PositionLost(
                f"Kafka has lost events of bucket {bucket}, from {position} on, that it had acknowledged. `focusflow verify --repair`"
                " lands them from the database."
            )
        return place

    def _taken(self, fetched: Fetched, position: int) -> Sequence[bytes]:
        """The part of what was received that follows on the position; the cursor goes behind it, or stays before a gap."""
        offsets, records = fetched.log_offsets(), fetched.records
        if offsets == list(range(position, position + len(offsets))):  # as nearly always
            values, looked_at = [record.value for record in records], len(records)
        else:
            values, looked_at = following(offsets, records, position)
        is_at_gap = looked_at < len(records)
        place = records[looked_at].offset if is_at_gap else records[-1].offset + 1
        self._cursors[fetched.partition] = Cursor(place, position + len(values), is_at_gap)
        return values


def is_behind(positions: Mapping[int, int], known: Mapping[int, int]) -> bool:
    """Whether more was published than what these positions have read."""
    return any(known.get(bucket, 0) > position for bucket, position in positions.items())


def following(offsets: Sequence[int], records: Sequence[Any], position: int) -> tuple[list[bytes], int]:
    """What follows on a position without resends, and how many messages were looked at before a gap."""
    values: list[bytes] = []
    for looked_at, (offset, record) in enumerate(zip(offsets, records, strict=True)):
        if offset > position:
            return values, looked_at
        if offset == position:
            values.append(record.value)
            position += 1
    return values, len(records)


def find(search: PartitionLog, bucket: int, position: int, first: int, end: int, *, guess: int) -> int | None:
    """A place where the message of this position lies.

    From one message to the next the position goes up by one, or back where the relay has sent again. So between a lower and
    a higher one it must occur, and halving finds it, mostly with the first look, at where it lies if what follows was sent
    once. Two relays at once may have left a step up that does not show what is between: then it lies nearby.
    """
    low, high, middle = first, end, min(max(guess, first), end - 1)
    while low < high:
        fetched = _look(search, bucket, middle)
        offsets = fetched.log_offsets()
        if position in offsets:
            place: int = fetched.records[offsets.index(position)].offset
            return place
        if offsets[0] < position:
            low = max(fetched.records[-1].offset if offsets[-1] < position else fetched.records[0].offset, middle) + 1
        else:
            high = middle
        middle = (low + high) // 2
    return _scan(search, bucket, position, max(first, low - ASIDE), min(end, low + ASIDE))


def _scan(search: PartitionLog, bucket: int, position: int, place: int, end: int) -> int | None:
    while place < end:
        fetched = _look(search, bucket, place)
        for offset, record in zip(fetched.log_offsets(), fetched.records, strict=True):
            if offset == position:
                found: int = record.offset
                return found
        place = fetched.records[-1].offset + 1
    return None


def _look(search: PartitionLog, bucket: int, place: int) -> Fetched:
    """Messages at a place that is within the bounds."""
    try:
        (fetched,) = search.read({bucket: place}, PROBED, LOOK_SECONDS)
    except (OutOfRange, ValueError) as error:
        raise Unavailable(f"Kafka does not show what it holds of bucket {bucket} at {place}.") from error
    return fetched
