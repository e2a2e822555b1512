"""What the pure modules of the demo share: the dice, and wall clocks turned to instants."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from uuid import UUID

from numpy.random import Generator

from focusflow.clock import zone

T = TypeVar("T")


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
