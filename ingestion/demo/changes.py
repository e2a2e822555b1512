"""What the pure modules of the demo hand over: a change of one entity at a moment. Also the dice, and wall clocks turned to instants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID

from numpy.random import Generator

from focusflow.clock import zone
from focusflow.contracts.fields import Actor

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """At this moment the fields of this entity became these; the others stay as they were."""

    at: datetime
    type: str
    subject: UUID
    fields: Mapping[str, Any]
    actor: Actor = "user"


def mint(rng: Generator, at: datetime) -> UUID:
    """A UUIDv7 as of a moment, from the dice: the same seed gives the same identities."""
    milliseconds = int(at.timestamp() * 1000)
    noise = int.from_bytes(rng.bytes(10), "big")
    return UUID(int=milliseconds << 80 | 7 << 76 | (noise >> 68) << 64 | 2 << 62 | noise & (1 << 62) - 1)


def moment(day: date, hour: float, timezone: str) -> datetime:
    """The instant of a wall-clock hour; 25.5 is half past one in the night that follows."""
    seconds = round(hour * 3600)
    wall = datetime.combine(day, time()) + timedelta(seconds=seconds)
    return wall.replace(tzinfo=zone(timezone)).astimezone(UTC)


def chance(rng: Generator, share: float) -> bool:
    return bool(rng.random() < share)


def pick(rng: Generator, items: Sequence[T]) -> T:
    return items[int(rng.integers(len(items)))]


def weighted(rng: Generator, items: Mapping[T, float]) -> T:
    reached = rng.random() * sum(items.values())
    for item, weight in items.items():
        reached -= weight
        if reached < 0:
            return item
    return next(iter(items))
