"""Gives committed outbox rows their place in their bucket's log: dense, once, in the order of their entities' changes.

Polling by `id > last` would lose what commits late: a lower id can become visible after a higher one.
"""

from pathlib import Path

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))


def sequence_once(database: Database, limit: int = 5_000) -> int:
    """Place the next rows; several may try at once, and one at a time does. Returns how many were placed."""
    with database.transaction(Role.INGESTION) as tx:
        if not _is_waiting(tx):
            return 0  # taking the locks would write to the log of an idle database
        tx.all(QUERIES["lock_heads"])
        taken = tx.all(QUERIES["give_offsets"], {"limit": limit})
        if taken:
            buckets, counts = [row["bucket"] for row in taken], [row["taken"] for row in taken]
            tx.run(QUERIES["advance_heads"], {"buckets": buckets, "counts": counts})
    return sum(row["taken"] for row in taken)


def _is_waiting(tx: Transaction) -> bool:
    row = tx.one(QUERIES["is_waiting"])
    assert row is not None
    return bool(row["is_waiting"])
