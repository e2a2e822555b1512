"""From a source into raw: the events as they came, and the position up to which they go, in one commit.

The commit is made onto the version from which the position was read, so of two landers at one position one is refused.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby

import duckdb
import polars as pl
import pyarrow as pa

from focusflow.lake import RAW_EVENTS, Lake, Outrun, Pinned, duckdb_connection
from focusflow.problems import Problem
from ingestion.source import Message, Source

#: The envelope's columns, read in bulk. What cannot be read is null; the bytes are kept, and silver says what is wrong with them.
ENVELOPE = """
    select bucket, log_offset, found[1] as id, found[2] as type, try_cast(found[3] as timestamptz) as recorded_time,
           try_cast(found[4] as date) as local_date, value
    from (select *, case when text is not null and json_valid(text)
                         then json_extract_string(text, ['$.id', '$.type', '$.recordedtime', '$.localdate']) end as found
          from (select *, try(decode(value)) as text from batch))
"""


class PositionLost(Problem):
    """The log cannot be followed from where the lake stands."""


def position_key(bucket: int) -> str:
    return f"bucket-{bucket}"


class Lander:
    """Follows the log of some buckets."""

    def __init__(self, lake: Lake, buckets: Sequence[int], *, rows: int) -> None:
        self._lake, self._buckets, self._rows = lake, buckets, rows
        self._connection = duckdb_connection("512MB")
        self._raw = lake.open(RAW_EVENTS)

    @property
    def positions(self) -> dict[int, int]:
        return positions_of(self._raw, self._buckets)

    def check(self, source: Source) -> None:
        """Refuse a log that ends before the lake does: it would give out positions again."""
        heads = source.heads()
        for bucket, position in self.positions.items():
            if heads.get(bucket, 0) < position:
                raise PositionLost(
                    f"The database is older than the lake: bucket {bucket} ends at {heads.get(bucket, 0)}, and {position} events of it"
                    " have landed. Restore the backup of the lake that belongs to this database."
                )

    def land_once(self, source: Source) -> int:
        """Land what is there, as one commit. Returns how many events; 0 also when another lander was quicker."""
        fresh, positions = following(source.read(self.positions, self._rows), self.positions)
        if not fresh:
            return 0
        try:
            keys = {position_key(bucket): position for bucket, position in positions.items()}
            self._raw.append(raw_rows(self._connection, fresh), positions=keys)
        except Outrun:
            self._raw = self._lake.open(RAW_EVENTS)
            return 0
        return len(fresh)


def positions_of(raw: Pinned, buckets: Sequence[int]) -> dict[int, int]:
    return {bucket: raw.position(position_key(bucket)) for bucket in buckets}


def following(messages: Sequence[Message], positions: Mapping[int, int]) -> tuple[list[Message], dict[int, int]]:
    """The messages that follow on the positions, and the new positions. A message from before is a resend; a gap is a loss."""
    fresh, moved = [], {}
    for bucket, run in groupby(
        sorted(messages, key=lambda each: (each.bucket, each.log_offset)), lambda each: each.bucket
    ):
        expected = positions[bucket]
        for message in run:
            if message.log_offset < expected:
                continue
            if message.log_offset > expected:
                raise PositionLost(
                    f"Events are missing: bucket {bucket} goes on at {message.log_offset}, and {expected} was expected."
                    f" Missing are {expected} to {message.log_offset - 1}."
                )
            fresh.append(message)
            expected += 1
        if expected > positions[bucket]:
            moved[bucket] = expected
    return fresh, moved


def raw_rows(connection: duckdb.DuckDBPyConnection, messages: Sequence[Message]) -> pa.Table:
    batch = pl.DataFrame(
        {
            "bucket": [each.bucket for each in messages],
            "log_offset": [each.log_offset for each in messages],
            "value": [each.value for each in messages],
        },
        schema={"bucket": pl.Int16, "log_offset": pl.Int64, "value": pl.Binary},
    )
    connection.register("batch", batch)
    try:
        return connection.sql(ENVELOPE).to_arrow_table()
    finally:
        connection.unregister("batch")
