"""The log as Kafka has it, read by the same positions as the outbox. What Kafka lost is said, never passed over.

Kafka's own count differs from the positions as soon as something was sent twice, so each message carries its position, and a
place to begin at is searched for. A message from before the position is a resend. One from beyond it shows a gap: that is a
loss only if the relay holds what is missing for acknowledged; otherwise the relay is about to send it again.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from focusflow.problems import Unavailable
from ingestion.messages import Fetched, OutOfRange, PartitionLog
from ingestion.source import PositionLost, Run

WAIT_SECONDS = 0.1
PATIENT_SECONDS = 2.0  # when it is known that something will come
PROBED = 200  # messages that one look into the log brings
ASIDE = 200_000  # how far from where it should be a position is looked for: some batches of the relay
LOOK_SECONDS = 10.0
CHECK_SECONDS = 5.0


class Ledger(Protocol):
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

    def __init__(self, ledger: Ledger, open_log: Callable[[], ClosableLog]) -> None:
        self._ledger, self._open_log = ledger, open_log
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
        return self._ledger.heads()

    def read(self, positions: Mapping[int, int], limit: int) -> Sequence[Run]:
        self._check_topic()
        silence = 0
        while True:
            known = self._ledger.published()
            is_behind = any(known.get(bucket, 0) > position for bucket, position in positions.items())
            for bucket, position in positions.items():
                self._stand(bucket, position, known.get(bucket, 0))
            fetched = self._fetch(positions, limit, PATIENT_SECONDS if is_behind else WAIT_SECONDS)
            runs = [self._taken(each, positions[each.partition]) for each in fetched]
            silence = 0 if fetched else silence + 1
            if any(run.offsets for run in runs) or not is_behind or silence > 1:
                return [run for run in runs if run.offsets]
            # What came was only what had been sent again, or a gap. There is more to come, and nothing would look like the end.

    def _fetch(self, positions: Mapping[int, int], limit: int, wait_seconds: float) -> Sequence[Fetched]:
        places = {bucket: self._cursors[bucket].place for bucket in positions if not self._cursors[bucket].is_at_gap}
        if not places:
            raise Unavailable("The relay has to send again what Kafka did not take.")
        try:
            fetched = self._log("follow").read(places, limit, wait_seconds)
        except OutOfRange:
            self._cursors.clear()
            return []
        self._quiet = places.keys() - {each.partition for each in fetched}
        return fetched

    def _log(self, purpose: str) -> ClosableLog:
        if purpose not in self._logs:  # at first use, so that a broker that is away can be waited for
            self._logs[purpose] = self._open_log()
        return self._logs[purpose]

    def _check_topic(self) -> None:
        now = time.monotonic()
        if self._checked_at is None or now - self._checked_at > CHECK_SECONDS:
            self._ledger.require_topic()
            self._checked_at = now

    def _stand(self, bucket: int, position: int, known: int) -> None:
        """Find a place for a bucket that has none, stands at a gap, or hears nothing although the relay has published more."""
        cursor = self._cursors.get(bucket)
        if cursor is None or cursor.position > position:
            first, end = self._log("search").bounds(bucket)
            # What was not acknowledged when we looked for the end will be sent behind it, or is found once it counts as published.
            place = self._find(bucket, position, first, end) if known > position else end
            self._cursors[bucket] = Cursor(place, position)
        elif known > position and (cursor.is_at_gap or bucket in self._quiet):
            first, end = self._log("search").bounds(bucket)
            if cursor.is_at_gap or cursor.place >= end:
                self._cursors[bucket] = Cursor(self._find(bucket, position, first, end), position)

    def _find(self, bucket: int, position: int, first: int, end: int) -> int:
        place = find(self._log("search"), bucket, position, first, end)
        if place is None:
            raise PositionLost(
                f"Kafka has lost events of bucket {bucket}, from {position} on, that it had acknowledged. `focusflow verify --repair`"
                " lands them from the database."
            )
        return place

    def _taken(self, fetched: Fetched, position: int) -> Run:
        """The part of what was received that follows on the position; the cursor goes behind it, or stays before a gap."""
        offsets, records = fetched.log_offsets(), fetched.records
        count = len(offsets)
        if offsets == list(range(position, position + count)):  # as nearly always
            values = [record.value for record in records]
        else:
            offsets, values, count = following(offsets, records, position)
        following_position = position + len(values)
        is_at_gap = count < len(records)
        place = records[count].offset if is_at_gap else records[-1].offset + 1
        self._cursors[fetched.partition] = Cursor(place, following_position, is_at_gap)
        return Run(fetched.partition, range(position, following_position), values)


def following(offsets: Sequence[int], records: Sequence[object], position: int) -> tuple[list[int], list[bytes], int]:
    """What follows on a position without resends, and how many messages were looked at before a gap."""
    taken: list[int] = []
    values: list[bytes] = []
    for count, (offset, record) in enumerate(zip(offsets, records, strict=True)):
        if offset > position:
            return taken, values, count
        if offset == position:
            taken.append(offset)
            values.append(record.value)  # type: ignore[attr-defined]
            position += 1
    return taken, values, len(records)


def find(search: PartitionLog, bucket: int, position: int, first: int, end: int) -> int | None:
    """A place where the message of this position lies.

    From one message to the next the position goes up by one, or back where the relay has sent again. So between a lower and
    a higher one it must occur, and halving finds it. Two relays at once may have left a step up that does not show what is
    between: then it lies nearby.
    """
    low, high = first, end
    while low < high:
        middle = (low + high) // 2
        fetched = _look(search, bucket, middle)
        offsets = fetched.log_offsets()
        if position in offsets:
            place: int = fetched.records[offsets.index(position)].offset
            return place
        if offsets[0] < position:
            low = max(fetched.records[-1].offset if offsets[-1] < position else fetched.records[0].offset, middle) + 1
        else:
            high = middle
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
