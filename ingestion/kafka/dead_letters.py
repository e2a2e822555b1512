"""Publishes what silver could not read to the deadletter topic, so that whoever wrote it sees why."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from focusflow.lake.session import duckdb_session, scans
from focusflow.lake.tables import CommitConflict, Lake, position_key
from ingestion.kafka.messages import Message
from ingestion.kafka.relay import Publisher

QUARANTINE = "quarantine/events"
LOOK_SECONDS = 5.0
AT_ONCE = 1_000

#: Of a larger value only the beginning is published: with its headers it might be more than Kafka takes, and hold up all that follows.
LARGEST, BEGINNING = 1024 * 1024, 64 * 1024

NEXT = Path(__file__).with_name("next_dead_letters.sql").read_text(encoding="utf-8")


def published_key(bucket: int) -> str:
    """Under which name the quarantine keeps up to where it was published."""
    return f"published-{bucket}"


@dataclass(slots=True)
class DeadLetterPublisher:
    """Follows the quarantine. Each event is published once; after a crash perhaps again, and its headers say where it came from."""

    lake: Lake
    buckets: int
    _due_at: float = field(default=0.0, init=False)

    def publish_when_due(self, publisher: Publisher) -> int:
        if time.monotonic() < self._due_at:
            return 0
        count = self.publish_once(publisher)
        self._due_at = 0.0 if count else time.monotonic() + LOOK_SECONDS
        return count

    def publish_once(self, publisher: Publisher) -> int:
        """Publish what follows on what was published. Returns how many events those were."""
        kept = self.lake.pinned(QUARANTINE)
        waiting = [
            bucket
            for bucket in range(self.buckets)
            if kept and kept.position(published_key(bucket)) < kept.position(position_key(bucket))
        ]
        if kept is None or not waiting:
            return 0
        dead_letters: dict[int, list[Message]] = {}
        ends: dict[str, int] = {}
        offsets: dict[int, list[int]] = {}
        session, inputs = duckdb_session(), scans([kept])
        for bucket in waiting:
            begin = kept.position(published_key(bucket))
            rows = session.rows(NEXT, inputs, {"bucket": bucket, "first": begin, "limit": AT_ONCE})
            dead_letters[bucket] = [
                letter([("reason", reason.encode()), ("log_offset", b"%d" % log_offset)], bytes(value))
                for log_offset, reason, value in rows
            ]
            offsets[bucket] = [row[0] for row in rows]
            is_all = len(rows) < AT_ONCE
            ends[published_key(bucket)] = kept.position(position_key(bucket)) if is_all else rows[-1][0] + 1
        acknowledged = publisher.send(dead_letters).acknowledged()
        done = {
            published_key(bucket): ends[published_key(bucket)]
            if count == len(dead_letters[bucket])
            else offsets[bucket][count]
            for bucket, count in acknowledged.items()
            if count or not dead_letters[bucket]
        }
        if done:
            with suppress(CommitConflict):  # then they are published again
                kept.append(kept.columns().empty_table(), positions=done)
        return sum(acknowledged.values())


def letter(headers: Sequence[tuple[str, bytes]], value: bytes) -> Message:
    """A message of the deadletter topic. Of a value that Kafka might not take together with the headers, it holds the beginning, and the headers
    how long it is and its SHA-256.
    """
    if len(value) <= LARGEST:
        return Message([*headers], value)
    summary = [("size", b"%d" % len(value)), ("sha256", sha256(value).hexdigest().encode())]
    return Message([*headers, *summary], value[:BEGINNING])
