"""The law of conservation: what was accepted has landed, and what has landed is in silver, in quarantine, or came twice."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from focusflow.database.session import Database, Role
from focusflow.lake import Lake, duckdb_connection, show
from ingestion.lander import position_key
from ingestion.sequencer import QUERIES


@dataclass(frozen=True, slots=True)
class BucketCount:
    """What was counted of one bucket. Positions count from 0 and name the next event."""

    bucket: int
    unsequenced: int = 0  # accepted and committed, without a place yet
    sequenced: int = 0  # the head of the log
    landed: int = 0  # the lake's position
    raw_rows: int = 0
    raw_offsets: int = 0  # distinct, below the position
    refreshed: int = 0  # silver's position
    silver: int = 0  # rows from below that position, and so are the next two
    quarantined: int = 0
    repeated: int = 0  # events whose id had come before

    @property
    def losses(self) -> list[str]:
        """Each way in which events of this bucket are lost or doubled, in words."""
        found = []
        if self.landed > self.sequenced:
            found.append(f"{self.landed - self.sequenced} events landed that the database does not know")
        if self.raw_offsets < self.landed:
            found.append(f"{self.landed - self.raw_offsets} events are missing from raw")
        if self.raw_rows > self.raw_offsets:
            found.append(f"{self.raw_rows - self.raw_offsets} events stand in raw twice")
        if self.refreshed > self.landed:
            found.append(f"silver is {self.refreshed - self.landed} events ahead of raw")
        kept = self.silver + self.quarantined + self.repeated
        if kept < self.refreshed:
            found.append(f"{self.refreshed - kept} events are missing from silver")
        if kept > self.refreshed:
            found.append(f"{kept - self.refreshed} events too many stand in silver or quarantine")
        return found


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
    """Count every bucket. The lake is counted first: what arrives meanwhile is then on its way, not lost."""
    in_lake = _count_lake(lake)
    with database.transaction(Role.INGESTION) as tx:
        heads = {row["bucket"]: row["next"] for row in tx.all(QUERIES["heads"])}
        waiting = {row["bucket"]: row["count"] for row in tx.all(QUERIES["unsequenced"])}
    buckets = sorted(heads.keys() | in_lake.keys())
    return [
        BucketCount(
            bucket, unsequenced=waiting.get(bucket, 0), sequenced=heads.get(bucket, 0), **in_lake.get(bucket, {})
        )
        for bucket in buckets
    ]


def _count_lake(lake: Lake) -> dict[int, dict[str, int]]:
    raw = lake.pinned("raw/events")
    if raw is None:
        return {}
    silver, quarantine = lake.pinned("silver/events"), lake.pinned("quarantine/events")
    connection = duckdb_connection()
    show(connection, [table for table in (raw, silver, quarantine) if table])
    raw_counts = connection.execute(
        "select bucket, count(*), count(distinct log_offset) from raw.events group by bucket"
    ).fetchall()
    buckets = {
        bucket: {"landed": raw.position(position_key(bucket)), "raw_rows": rows, "raw_offsets": offsets}
        for bucket, rows, offsets in raw_counts
    }
    if silver is None:
        return buckets
    positions = [(bucket, silver.position(position_key(bucket))) for bucket in buckets]
    connection.execute("create table refreshed (bucket smallint, position bigint)")
    connection.executemany("insert into refreshed values (?, ?)", positions)
    for bucket, position in positions:
        buckets[bucket]["refreshed"] = position
    counts = {"silver": IN_SILVER, "repeated": REPEATED} | ({"quarantined": IN_QUARANTINE} if quarantine else {})
    for name, query in counts.items():
        for bucket, rows in connection.execute(query).fetchall():
            buckets[bucket][name] = rows
    return buckets


#: What silver has taken in so far, and what it put aside.
IN_SILVER = "select bucket, count(*) from silver.events join refreshed using (bucket) where log_offset < position group by bucket"
IN_QUARANTINE = "select bucket, count(*) from quarantine.events join refreshed using (bucket) where log_offset < position group by bucket"

#: Events below silver's position that are not there, because silver has their id from elsewhere in the log.
REPEATED = """
    select bucket, count(*) from raw.events join refreshed using (bucket)
    where log_offset < position and id in (select event_id from silver.events)
      and (bucket, log_offset) not in (select (bucket, log_offset) from silver.events)
    group by bucket
"""
