"""Ids of new entities, and the bucket of a user."""

import hashlib
from datetime import datetime
from secrets import randbits
from uuid import UUID

from uuid_utils.compat import uuid7

#: The largest number of buckets.
MAX_BUCKETS = 1024


def new_id() -> UUID:
    """An id that sorts by creation time (UUIDv7)."""
    return uuid7()


def new_id_at(moment: datetime) -> UUID:
    """An id that sorts among those of another moment: for what is written down afterwards.

    >>> new_id_at(datetime.fromisoformat("2026-01-01T00:00:00Z")).hex[:12]
    '019b76daa800'
    """
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 7 << 76 | randbits(12) << 64 | 2 << 62 | randbits(62))


def bucket_of(user_id: UUID, buckets: int) -> int:
    """The bucket of a user: the Kafka partition, the partition of every lake table, the unit of parallel work.

    Stable for ever: it names folders and partitions. Do not change it.

    >>> bucket_of(UUID("00000000-0000-7000-8000-000000000001"), 8)
    0
    """
    return int.from_bytes(hashlib.blake2b(user_id.bytes, digest_size=8).digest(), "big") % buckets
