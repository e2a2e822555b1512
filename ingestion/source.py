"""Where the lander reads from. The outbox is one source; a broker is another, with the same positions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from focusflow.database.session import Database, Role
from ingestion.sequencer import QUERIES


@dataclass(frozen=True, slots=True)
class Message:
    """An event at its place in its bucket's log, as it was received."""

    bucket: int
    log_offset: int
    value: bytes


class Source(Protocol):
    """A log that is read by bucket and position."""

    def read(self, positions: Mapping[int, int], limit: int) -> Sequence[Message]:
        """The next messages of each bucket from its position on, in order; at most `limit` a bucket. Does not wait."""

    def heads(self) -> Mapping[int, int]:
        """The position after the newest message of each bucket."""


@dataclass(frozen=True, slots=True)
class OutboxSource:
    """Reads the sequenced outbox itself: the way without a broker."""

    database: Database

    def read(self, positions: Mapping[int, int], limit: int) -> Sequence[Message]:
        with self.database.transaction(Role.INGESTION) as tx:
            heads = {row["bucket"]: row["next"] for row in tx.all(QUERIES["heads"])}
            return [
                Message(bucket, row["log_offset"], row["value"].encode())
                for bucket, position in positions.items()
                if heads.get(bucket, 0) > position
                for row in tx.all(QUERIES["after_position"], {"bucket": bucket, "position": position, "limit": limit})
            ]

    def heads(self) -> Mapping[int, int]:
        with self.database.transaction(Role.INGESTION) as tx:
            return {row["bucket"]: row["next"] for row in tx.all(QUERIES["heads"])}
