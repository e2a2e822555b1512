"""What is left of erased users: the hashes of their ids, so that nothing brings them back, and placeholders for their events."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, LiteralString
from uuid import UUID

from focusflow.database.session import Database, Transaction

#: What stands in the place of an erased event. The log of a bucket stays dense, so a missing event is still seen.
ERASED_TYPE: Final = "focusflow.erased"
ERASED_EVENT: Final = f'{{"type":"{ERASED_TYPE}"}}'

SUPPRESSED: LiteralString = "select user_hash from erasures where status not in ('waiting', 'cancelled')"
LOCK: LiteralString = "select pg_try_advisory_lock(hashtextextended('erasures', 0)) as is_ours"
UNLOCK: LiteralString = "select pg_advisory_unlock(hashtextextended('erasures', 0))"


def user_hash(user_id: UUID) -> str:
    """The hash by which an erased user is known. An id has 74 random bits, so it cannot be found by trying.

    >>> user_hash(UUID(int=1))[:16]
    '7ac1b8d7010bb6cd'
    """
    return hashlib.sha256(str(user_id).encode()).hexdigest()


def suppressed_users(tx: Transaction) -> frozenset[str]:
    """The hashes of all users that are erased or being erased."""
    return frozenset(row["user_hash"] for row in tx.all(SUPPRESSED))


@contextmanager
def erasures_locked(database: Database) -> Iterator[bool]:
    """Whether no other process erases or backs up, until the block ends. A backup between two steps would have a lake from before an erasure
    and a database from after it.
    """
    with database.autocommit() as connection:
        row = connection.execute(LOCK).fetchone()
        is_ours = bool(row and row["is_ours"])
        try:
            yield is_ours
        finally:
            if is_ours:
                connection.execute(UNLOCK)
