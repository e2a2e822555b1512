"""Where the lander reads from. The outbox is one source; a broker is another, with the same positions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from psycopg.rows import tuple_row

from focusflow.database.session import Database, Role, Transaction
from focusflow.errors import Problem
from ingestion.outbox.sequencer import QUERIES

#: Bounds the memory of a batch whose events are large; the rows bound it otherwise.
BATCH_BYTES = 64 * 1024 * 1024
SPAN_ROWS = 50_000


class PositionLost(Problem):
    """The log cannot be followed from where the lake stands."""


@dataclass(frozen=True, slots=True)
class Run:
    """Events of one bucket as they were received, each with its place in the bucket's log."""

    bucket: int
    offsets: Sequence[int]
    values: Sequence[bytes]


def is_full(runs: Sequence[Run], limit: int) -> bool:
    """Whether a read came up to its bounds, so that more is there."""
    return (
        sum(len(run.values) for run in runs) >= limit
        or sum(len(value) for run in runs for value in run.values) >= BATCH_BYTES
    )


class Source(Protocol):
    """A log that is read by bucket and position."""

    def read(self, positions: Mapping[int, int], limit: int) -> Sequence[Run]:
        """What follows on the positions, at most `limit` events in all, and BATCH_BYTES and one event more."""

    def heads(self) -> Mapping[int, int]:
        """The position after the newest event of each bucket."""


@dataclass(frozen=True, slots=True)
class OutboxSource:
    """Reads the sequenced outbox itself: the way without a broker."""

    database: Database

    def read(self, positions: Mapping[int, int], limit: int) -> Sequence[Run]:
        runs: list[Run] = []
        with self.database.transaction(Role.INGESTION) as tx:
            heads = _heads(tx)
            behind = {bucket: heads.get(bucket, 0) - position for bucket, position in positions.items()}
            room, memory = limit, BATCH_BYTES
            for bucket in sorted(behind, key=lambda each: -behind[each]):
                if behind[bucket] <= 0 or room <= 0 or memory <= 0:
                    break
                run = _read_bucket(tx, bucket, positions[bucket], room, memory)
                if not run.offsets:  # all below the head is committed, so it cannot be merely late
                    raise PositionLost(missing(bucket, positions[bucket], heads[bucket]))
                runs.append(run)
                room -= len(run.values)
                memory -= sum(map(len, run.values))
        return runs

    def read_span(self, bucket: int, first: int, last: int) -> Iterator[Run]:
        """What is still there of a span of a bucket, both ends included."""
        position = first
        while position <= last:
            with self.database.transaction(Role.INGESTION) as tx:
                run = _read_bucket(tx, bucket, position, min(SPAN_ROWS, last - position + 1), BATCH_BYTES)
            within = [place for place, offset in enumerate(run.offsets) if offset <= last]
            if not within:
                return
            yield Run(bucket, [run.offsets[place] for place in within], [run.values[place] for place in within])
            position = run.offsets[-1] + 1

    def heads(self) -> Mapping[int, int]:
        with self.database.transaction(Role.INGESTION) as tx:
            return _heads(tx)


def missing(bucket: int, first: int, goes_on_at: int) -> str:
    return (
        f"Events are missing: {first} to {goes_on_at - 1} of bucket {bucket} are in the log no more, and have not landed."
        " Nothing of this bucket lands until they are restored from a backup of the database."
    )


def _heads(tx: Transaction) -> dict[int, int]:
    return {row["bucket"]: row["next"] for row in tx.all(QUERIES["heads"])}


def _read_bucket(tx: Transaction, bucket: int, position: int, limit: int, memory: int) -> Run:
    values = {"bucket": bucket, "position": position, "limit": limit, "memory": memory}
    with tx.connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        rows = cursor.execute(QUERIES["after_position"], values).fetchall()
    return Run(bucket, [offset for offset, _ in rows], [value for _, value in rows])
