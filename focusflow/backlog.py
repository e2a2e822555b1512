"""How far each stage between the outbox and silver is behind. What is lost is `reconciliation`'s question, not asked here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from focusflow.database.queries import load_queries

if TYPE_CHECKING:  # `focusflow status` describes a backlog without the libraries that it takes to measure one
    from focusflow.database.session import Database, Transaction
    from focusflow.lake.tables import Lake, Pinned

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: Each stage, and which process does it.
STAGES = {"sequencing": "land", "publishing": "relay", "landing": "land", "refreshing": "refresher"}

Positions = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events that wait for a stage, and how long the oldest of them has waited."""

    stage: str
    events: int
    since: datetime
    age: timedelta
    is_late: bool

    @property
    def sentence(self) -> str:
        return (
            f"{self.stage.capitalize()} is behind: {self.events:,} event{'s wait' if self.events > 1 else ' waits'}"
            f" since {self.since:%Y-%m-%d %H:%M:%S} UTC. Look at `focusflow {STAGES[self.stage]}` and its log."
        )

    def as_json(self) -> dict[str, Any]:
        return {"stage": self.stage, "events": self.events, "since": self.since.isoformat(), "is_late": self.is_late}


def measure(database: "Database", lake: "Lake", *, has_kafka: bool, alert_seconds: float) -> list[Backlog]:
    """The stages that have something to do, in their order. One is late when an event has waited longer than the alert says."""
    from focusflow.database.session import Role
    from focusflow.lake.tables import RAW_EVENTS

    raw, silver = (
        lake.pinned(RAW_EVENTS.name),
        lake.pinned("silver/events"),
    )  # before the database: what comes then is on its way
    waiting: list[tuple[str, int, datetime | None]] = []
    with database.transaction(Role.INGESTION) as tx:
        sequenced = {row["bucket"]: row["next"] for row in tx.all(QUERIES["heads"])}
        landed = _positions(raw, sequenced)
        refreshed = _positions(silver, sequenced)
        unsequenced = tx.one(QUERIES["unsequenced"])
        assert unsequenced is not None
        waiting.append(("sequencing", unsequenced["events"], unsequenced["since"]))
        ready_to_land = sequenced
        if has_kafka:
            published = {row["bucket"]: row["next"] for row in tx.all(QUERIES["published"])}
            ready_to_land = {bucket: published.get(bucket, landed[bucket]) for bucket in sequenced}
            waiting.append(("publishing", *_in_outbox(tx, ready_to_land, sequenced)))
        waiting.append(("landing", *_in_outbox(tx, landed, ready_to_land)))
        now = tx.now
    waiting.append(("refreshing", _count(refreshed, landed), _oldest_in_raw(raw, refreshed, landed)))
    return [
        Backlog(stage, events, since.astimezone(UTC), now - since, now - since > timedelta(seconds=alert_seconds))
        for stage, events, since in waiting
        if events and since
    ]


def _positions(table: "Pinned | None", buckets: Positions) -> dict[int, int]:
    from focusflow.lake.tables import position_key

    return {bucket: table.position(position_key(bucket)) if table else 0 for bucket in buckets}


def _count(done: Positions, ready: Positions) -> int:
    return sum(max(ready[bucket] - done[bucket], 0) for bucket in ready)


def _behind(done: Positions, ready: Positions) -> dict[str, list[int]]:
    late = {bucket: position for bucket, position in done.items() if position < ready[bucket]}
    return {"buckets": list(late), "positions": list(late.values())}


def _in_outbox(tx: "Transaction", done: Positions, ready: Positions) -> tuple[int, datetime | None]:
    row = tx.one(QUERIES["oldest"], _behind(done, ready))
    return _count(done, ready), row["since"] if row else None


def _oldest_in_raw(raw: "Pinned | None", refreshed: Positions, landed: Positions) -> datetime | None:
    from focusflow.lake.session import duckdb_session, scans

    behind = _behind(refreshed, landed)
    if raw is None or not behind["buckets"]:
        return None
    since: datetime | None
    (since,) = duckdb_session().row(QUERIES["oldest_in_raw"], scans([raw]), behind)
    return since
