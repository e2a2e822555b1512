"""The law of conservation: what was accepted has landed, and what has landed is in silver, in quarantine, was erased, or came twice."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.erasure import ERASED_TYPE
from focusflow.lake.session import Relation, Scan, duckdb_session, scans
from focusflow.lake.tables import (
    RAW_EVENTS,
    Lake,
    Pinned,
    TableDamaged,
    low_watermark_key,
    position_key,
)
from ingestion.outbox.sequencer import QUERIES

IN_LAKE = load_queries(Path(__file__).with_suffix(".sql"))

POSITIONS = pa.schema(
    [("bucket", pa.int16()), ("floor", pa.int64()), ("landed", pa.int64()), ("refreshed", pa.int64())]
)

#: A table that nobody has written to yet has no rows.
WITHOUT_ROWS: Mapping[str, pa.Table] = {
    f"{layer}.events": pa.schema([("bucket", pa.int16()), ("log_offset", pa.int64()), *ids]).empty_table()
    for layer, ids in {
        "raw": [("id", pa.string()), ("type", pa.string())],
        "silver": [("event_id", pa.string())],
        "quarantine": [],
    }.items()
}


@dataclass(frozen=True, slots=True)
class BucketCount:
    """What was counted of one bucket. Positions count from 0 and name the next event."""

    bucket: int
    unsequenced: int = 0  # accepted and committed, without a place yet
    sequenced: int = 0  # the head of the log
    floor: int = 0  # raw has the events from here on
    landed: int = 0  # the lake's position
    raw_rows: int = 0
    raw_offsets: int = 0  # distinct, from the floor up to the position: as many as lie between, or one is missing
    raw_beyond: int = 0  # rows below the floor, at the position or after it
    refreshed: int = 0  # silver's position
    silver: int = 0  # rows between the floor and that position, and so are the next two
    quarantined: int = 0
    repeated: int = 0  # events whose id had come before
    erased: int = 0  # placeholders of erased users' events

    @property
    def losses(self) -> list[str]:
        """Each way in which events of this bucket are lost or doubled, in words."""
        kept = self.floor + self.silver + self.quarantined + self.repeated + self.erased
        differences = {
            "landed that the database does not know": self.landed - self.sequenced,
            "are missing from raw": self.landed - self.floor - self.raw_offsets,
            "stand in raw outside of its positions": self.raw_beyond,
            "stand in raw twice": self.raw_rows - self.raw_offsets - self.raw_beyond,
            "are in silver before they are in raw": self.refreshed - self.landed,
            "are missing from silver": self.refreshed - kept,
            "too many stand in silver or quarantine": kept - self.refreshed,
        }
        return [f"{count} events {what}" for what, count in differences.items() if count > 0]


@dataclass(frozen=True, slots=True)
class Gap:
    """A span of a bucket's log, both ends included."""

    bucket: int
    first: int
    last: int

    @property
    def events(self) -> int:
        return self.last - self.first + 1


def gaps(raw: Pinned, buckets: Iterable[int], without: Collection[str] = ()) -> list[Gap]:
    """What raw should have and does not, when some of its files are left out."""
    positions = [(each, raw.position(low_watermark_key(each)), raw.position(position_key(each)), 0) for each in buckets]
    inputs = {"raw.events": Scan(f"from {raw.scan(without=without)}"), "positions": _positions(positions)}
    return [Gap(*row) for row in duckdb_session().rows(IN_LAKE["gaps"], inputs)]


def _positions(rows: Sequence[tuple[int, int, int, int]]) -> pa.Table:
    """From where on raw still has the events of each bucket, up to where it has them, and up to where silver does."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in POSITIONS)
    return pa.table(dict(zip(POSITIONS.names, map(list, columns), strict=True)), schema=POSITIONS)


def describe(lake: Lake, gap: Gap) -> str:
    """Which events those are: where in the log, how many, and of which local days, where silver knows them."""
    said = f"bucket {gap.bucket}, log_offset {gap.first} to {gap.last}, {gap.events} events"
    try:
        silver = lake.pinned("silver/events")
        if silver is None or "local_date" not in silver.columns().names:
            return said
        first, last = duckdb_session().row(IN_LAKE["days_of"], scans([silver]), asdict(gap))
    except (TableDamaged, duckdb.Error):
        return said
    return f"{said}, local days {first} to {last}" if first else said


@dataclass(frozen=True, slots=True)
class Verdict:
    """All buckets, and what is wrong with them."""

    buckets: Sequence[BucketCount]
    losses: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return not self.losses

    @property
    def sentence(self) -> str:
        if self.losses:
            return "Something is lost or doubled: " + "; ".join(self.losses) + "."
        waiting = sum(each.unsequenced + each.sequenced - each.landed for each in self.buckets)
        behind = sum(each.landed - each.refreshed for each in self.buckets)
        on_the_way = [
            f"{count} on the way to {where}" for count, where in ((waiting, "raw"), (behind, "silver")) if count
        ]
        return "Nothing is lost, nothing is doubled" + (f" ({', '.join(on_the_way)})." if on_the_way else ".")

    def as_json(self) -> dict[str, Any]:
        return {"is_sound": self.is_sound, "verdict": self.sentence, "buckets": [asdict(each) for each in self.buckets]}


def judge(buckets: Sequence[BucketCount]) -> Verdict:
    return Verdict(buckets, [f"bucket {each.bucket}: {loss}" for each in buckets for loss in each.losses])


def count(database: Database, lake: Lake) -> list[BucketCount]:
    """Count every bucket. The lake is pinned first: what arrives meanwhile is then on its way, not lost."""
    raw, silver, quarantine = (lake.pinned(name) for name in (RAW_EVENTS.name, "silver/events", "quarantine/events"))
    with database.transaction(Role.INGESTION) as tx:
        counted: dict[int, dict[str, int]] = {
            row["bucket"]: {
                "sequenced": row["next"],
                "floor": raw.position(low_watermark_key(row["bucket"])) if raw else 0,
                "landed": raw.position(position_key(row["bucket"])) if raw else 0,
                "refreshed": silver.position(position_key(row["bucket"])) if silver else 0,
            }
            for row in tx.all(QUERIES["heads"])
        }
        for row in tx.all(QUERIES["unsequenced"]):
            counted[row["bucket"]]["unsequenced"] = row["count"]
    positions = [(bucket, each["floor"], each["landed"], each["refreshed"]) for bucket, each in counted.items()]
    inputs: dict[str, Relation] = {**WITHOUT_ROWS, **scans(table for table in (raw, silver, quarantine) if table)}
    inputs["positions"] = _positions(positions)
    session = duckdb_session()
    for name in ("in_raw", "in_silver", "in_quarantine", "repeated", "erased"):
        for row in session.run(IN_LAKE[name], inputs, {"erased_type": ERASED_TYPE}).to_pylist():
            counted.setdefault(row.pop("bucket"), {}).update(row)
    return [BucketCount(bucket, **counts) for bucket, counts in sorted(counted.items())]
