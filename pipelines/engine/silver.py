"""Raw events become silver: typed, once each, without personal text. What cannot be read goes to quarantine with its reason.

Both tables remember how far they have taken raw in. Quarantine commits first; after a crash between the two, the rows it has
already are not put there again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import duckdb
import pyarrow as pa

from focusflow.clock import zone_names
from focusflow.contracts.fields import Actor
from focusflow.contracts.registry import NOUNS, Noun
from focusflow.errors import Conflict
from focusflow.lake.tables import RAW_EVENTS, Lake, Pinned, low_watermark_key, position_key, quoted
from pipelines.engine import contract_validation
from pipelines.engine.descriptions import table

HERE = Path(__file__).parents[1] / "tables" / "silver" / "events"

EVENTS, QUARANTINE = table("silver/events").spec, table("quarantine/events").spec

#: At most so many events are held at a time. A day's refresh is one pass; a year that is rebuilt is many, each with its own commit.
PASS_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What one pass over new raw events came to."""

    read: int = 0
    kept: int = 0
    quarantined: int = 0

    def __add__(self, other: "TakenIn") -> "TakenIn":
        return TakenIn(self.read + other.read, self.kept + other.kept, self.quarantined + other.quarantined)


def since(silver: Pinned, positions: Mapping[int, int]) -> str:
    """The rows of silver that came after a position of each bucket, as a query."""
    parts = [
        f"(from {silver.scan(f'bucket = {bucket} and log_offset >= {start}')} where log_offset >= {start})"
        for bucket, start in positions.items()
    ]
    return " union all ".join(parts)


def take_in(lake: Lake, connection: duckdb.DuckDBPyConnection, buckets: int, rows: int = PASS_ROWS) -> TakenIn:
    """Bring silver up to raw's newest version, exactly once."""
    raw, silver, quarantine = lake.open(RAW_EVENTS), lake.open(EVENTS), lake.open(QUARANTINE)
    behind = {
        bucket: (silver.position(position_key(bucket)), raw.position(position_key(bucket))) for bucket in range(buckets)
    }
    if lost := [bucket for bucket, (start, _) in behind.items() if start < raw.position(low_watermark_key(bucket))]:
        raise Conflict(
            f"silver/events lacks events of bucket {lost[0]} that raw does not have any more. Restore the backup of the lake."
        )
    taken = TakenIn()
    for spans in passes(behind, rows):
        taken += _take_in_pass(connection, raw, silver, quarantine, spans)
    return taken


def passes(behind: Mapping[int, tuple[int, int]], rows: int) -> Iterator[dict[int, tuple[int, int]]]:
    """The log from start to end of each bucket, in pieces of at most so many events.

    >>> list(passes({0: (0, 3), 1: (5, 5), 2: (7, 9)}, rows=4))
    [{0: (0, 3), 2: (7, 8)}, {2: (8, 9)}]
    """
    spans: dict[int, tuple[int, int]] = {}
    room = rows
    for bucket, (begin, end) in behind.items():
        start = begin
        while start < end:
            stop = min(end, start + room)
            spans[bucket] = (start, stop)
            room -= stop - start
            start = stop
            if not room:
                yield spans
                spans, room = {}, rows
    if spans:
        yield spans


def _take_in_pass(
    connection: duckdb.DuckDBPyConnection,
    raw: Pinned,
    silver: Pinned,
    quarantine: Pinned,
    spans: Mapping[int, tuple[int, int]],
) -> TakenIn:
    parts = [
        f"(from {raw.scan(f'bucket = {bucket} and log_offset >= {start}')} where log_offset >= {start} and log_offset < {end})"
        for bucket, (start, end) in spans.items()
    ]
    prove(connection, " union all ".join(parts))
    look_up_known(connection, silver, spans)
    positions = {position_key(bucket): end for bucket, (_, end) in spans.items()}
    (bad,) = connection.execute("select count(reason) from proven").fetchall()[0]
    if bad:
        connection.execute(f"create or replace temp view put_aside as from {quarantine.scan()}")
        quarantine.append(connection.sql(_sql("aside")).to_arrow_table(), positions=positions)
    good = fit(connection)
    silver.append(good, positions=positions)
    return TakenIn(sum(end - start for start, end in spans.values()), len(good), bad)


def fit(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Of what was proven, the rows that silver takes and does not have."""
    return connection.sql(_sql("first")).to_arrow_table()


def prove(connection: duckdb.DuckDBPyConnection, events: str) -> None:
    """Read events, given as a query of bucket, log_offset, type and value, into `proven`: each typed, or with the reason why not."""
    connection.execute(f"create or replace temp view fresh as {events}")
    nouns = [(type_, noun.name, noun.schema) for noun in NOUNS for type_ in noun.types]
    connection.execute("create or replace temp table nouns (type varchar, noun varchar, dataschema varchar)")
    connection.executemany("insert into nouns values (?, ?, ?)", nouns)
    connection.execute(
        "create or replace temp table zones as select unnest(?::varchar[]) as name", [sorted(zone_names())]
    )
    connection.execute("create or replace temp table read as " + _sql("query"))
    present = {noun for (noun,) in connection.execute("select distinct noun from read").fetchall()}
    readable = [noun for noun in NOUNS if noun.name in present] or NOUNS[:1]  # one for its columns
    parts = [*map(_of_noun, readable), _sql("unknown")]
    connection.execute(
        "create or replace temp table proven as " + " union all by name ".join(f"({part})" for part in parts)
    )


def _of_noun(noun: Noun) -> str:
    """The query that holds events of a noun against its contract."""
    actors = ", ".join(map(quoted, get_args(Actor)))
    return _sql("event").format(
        noun=quoted(noun.name),
        offset=quoted(contract_validation.OFFSET),
        actors=actors,
        **contract_validation.fragments(noun.data),
    )


def look_up_known(connection: duckdb.DuckDBPyConnection, silver: Pinned, buckets: Iterable[int]) -> None:
    """The ids that silver has already, of those that lie among the new ones."""
    low, high = connection.execute("select min(event_id), max(event_id) from proven where reason is null").fetchall()[0]
    listed = ", ".join(str(bucket) for bucket in buckets)
    known = silver.scan(f"bucket in ({listed}) and event_id >= '{low}' and event_id <= '{high}'")
    connection.execute(f"create or replace temp view known as from {known} where event_id between '{low}' and '{high}'")


def _sql(name: str) -> str:
    return (HERE / f"{name}.sql").read_text(encoding="utf-8")
