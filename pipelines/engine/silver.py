"""Loads raw events into silver: typed, deduplicated, without personal text. Events that cannot be read go to quarantine with the reason.

Both tables record how far they have read raw. Quarantine commits first; after a crash between the two commits, its rows are not
appended again.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pyarrow as pa

from focusflow.clock import zone_names
from focusflow.contracts.fields import Actor
from focusflow.contracts.registry import NOUNS, Noun
from focusflow.database.tag_key import MACRO
from focusflow.erasure import ERASED_TYPE
from focusflow.errors import Conflict
from focusflow.lake.session import Relation, Scan, Session
from focusflow.lake.tables import RAW_EVENTS, Lake, Pinned, low_watermark_key, position_key, quoted
from pipelines.engine import contract_validation
from pipelines.engine.descriptions import table

HERE = Path(__file__).parents[1] / "tables" / "silver" / "events"

EVENTS, QUARANTINE = table("silver/events").spec, table("quarantine/events").spec

#: Under this key silver/events says that tags and the like are hashed in it: a table of an earlier version does not.
TEXTS_HASHED = "texts hashed"

#: At most so many events are held at a time. A day's refresh is one pass; a year that is rebuilt is many, each with its own commit.
PASS_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class LoadStats:
    """The counts of one pass over new raw events."""

    read: int = 0
    kept: int = 0
    quarantined: int = 0

    def __add__(self, other: "LoadStats") -> "LoadStats":
        return LoadStats(self.read + other.read, self.kept + other.kept, self.quarantined + other.quarantined)


def since(silver: Pinned, positions: Mapping[int, int]) -> str:
    """The rows of silver that came after a position of each bucket, as a query. It is the same for all who have read as far."""
    parts = [
        f"(from {silver.scan(f'bucket = {bucket} and log_offset >= {start}')} where log_offset >= {start})"
        for bucket, start in positions.items()
        if start < silver.position(position_key(bucket))
    ]
    return " union all ".join(parts) or f"from {silver.scan('bucket < 0')}"


def load_incremental(
    lake: Lake, session: Session, buckets: int, rows: int = PASS_ROWS, *, tag_key: str | None = None
) -> LoadStats:
    """Load every raw event that is new, exactly once. Without a key, what is to be hashed is left out."""
    raw, silver, quarantine = lake.open(RAW_EVENTS), lake.open(EVENTS), lake.open(QUARANTINE)
    behind = {
        bucket: (silver.position(position_key(bucket)), raw.position(position_key(bucket))) for bucket in range(buckets)
    }
    if lost := [bucket for bucket, (start, _) in behind.items() if start < raw.position(low_watermark_key(bucket))]:
        raise Conflict(
            f"silver/events lacks events of bucket {lost[0]} that raw does not have any more. Restore the backup of the lake."
        )
    stats = LoadStats()
    for spans in passes(behind, rows):
        stats += _load_pass(session, (raw, silver, quarantine), spans, tag_key)
    return stats


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


def _load_pass(
    session: Session,
    tables: tuple[Pinned, Pinned, Pinned],
    spans: Mapping[int, tuple[int, int]],
    tag_key: str | None,
) -> LoadStats:
    raw, silver, quarantine = tables
    parts = [
        f"(from {raw.scan(f'bucket = {bucket} and log_offset >= {start}')} where log_offset >= {start} and log_offset < {end}"
        f" and type is distinct from {quoted(ERASED_TYPE)})"
        for bucket, (start, end) in spans.items()
    ]
    positions = {position_key(bucket): end for bucket, (_, end) in spans.items()}
    positions |= {} if silver.version else {TEXTS_HASHED: 1}  # with its first events
    given: dict[str, Relation] = {"raw_events": Scan(" union all ".join(parts))}
    with validated(session, given["raw_events"], tag_key) as given["validated"]:
        (bad,) = session.row("select count(reason) from validated", given)
        if bad:
            given["quarantined"] = Scan.of(quarantine)
            quarantine.append(session.run(query("quarantine"), given), positions=positions)
        good = deduplicated(session, given["validated"], silver, spans)
    silver.append(good, positions=positions)
    return LoadStats(sum(end - start for start, end in spans.values()), len(good), bad)


@contextmanager
def validated(session: Session, raw_events: Relation, tag_key: str | None) -> Iterator[Scan]:
    """Raw events, of which bucket, log_offset, type and value are read: each typed, or with the reason why not; as long as the block runs."""
    with session.stored(query("decode"), {"raw_events": raw_events, "nouns": _nouns()}) as decoded:
        given = {"decoded": decoded, "zones": pa.table({"name": sorted(zone_names())})}
        present = set(session.run("select distinct noun from decoded", given)["noun"].to_pylist())
        readable = [noun for noun in NOUNS if noun.name in present] or NOUNS[:1]  # one for its columns
        parts = [*map(_of_noun, readable), query("unknown")]
        session.define(MACRO)
        with session.stored(
            " union all by name ".join(f"({part})" for part in parts), given, {"tag_key": tag_key}
        ) as found:
            yield found


def deduplicated(session: Session, validated_events: Relation, silver: Pinned, buckets: Iterable[int]) -> pa.Table:
    """The validated events that silver accepts and does not have yet."""
    given: dict[str, Relation] = {"validated": validated_events}
    low, high = session.row("select min(event_id), max(event_id) from validated where reason is null", given)
    nearby = f"event_id between '{low}' and '{high}'"
    listed = ", ".join(str(bucket) for bucket in buckets)
    known = silver.scan(f"bucket in ({listed}) and event_id >= '{low}' and event_id <= '{high}'")
    given["known_ids"] = Scan(f"from {known} select user_id, event_id where {nearby}")
    return session.run(query("deduplicate"), given)


def _nouns() -> pa.Table:
    """The noun of each event type, and the schema that its events name."""
    return pa.Table.from_pylist(
        [{"type": type_, "noun": noun.name, "dataschema": noun.schema} for noun in NOUNS for type_ in noun.types]
    )


def _of_noun(noun: Noun) -> str:
    """The query that validates events of a noun against its contract."""
    actors = ", ".join(map(quoted, get_args(Actor)))
    return query("event").format(
        noun=quoted(noun.name),
        offset=quoted(contract_validation.OFFSET),
        actors=actors,
        **contract_validation.fragments(noun.data),
    )


def query(name: str) -> str:
    return (HERE / f"{name}.sql").read_text(encoding="utf-8")
