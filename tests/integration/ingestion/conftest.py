"""Events in the outbox, written by the door that the product uses."""

from typing import Any
from uuid import UUID

import pytest

from focusflow.database import outbox
from focusflow.database.session import Database, Role, Transaction
from focusflow.identity import new_id
from focusflow.lake.tables import RAW_EVENTS, Lake, duckdb_connection, show
from tests.conftest import BUCKETS, add_user


def append_events(tx: Transaction, user_id: UUID, count: int = 1, title: str = "Buy milk") -> list[str]:
    """Events of new tasks, in an open transaction; their ids."""
    events = [
        outbox.event(
            "task.created",
            user_id=user_id,
            timezone="Europe/Berlin",
            subject=new_id(),
            version=1,
            data={"title": title, "created_at": tx.now},
            recorded_at=tx.now,
        )
        for _ in range(count)
    ]
    outbox.append(tx, events)
    return [str(each.id) for each in events]


def write_events(database: Database, user_id: UUID, count: int = 1, title: str = "Buy milk") -> list[str]:
    with database.transaction(Role.API, user_id) as tx:
        return append_events(tx, user_id, count, title)


def raw_rows_of(lake: Lake, columns: str = "bucket, log_offset, id") -> list[tuple[Any, ...]]:
    connection = duckdb_connection()
    show(connection, [lake.open(RAW_EVENTS)])
    return connection.execute(f"select {columns} from raw.events order by bucket, log_offset").fetchall()


@pytest.fixture(scope="module")
def users(database: Database) -> list[UUID]:
    """Users in several buckets."""
    return [add_user(database) for _ in range(BUCKETS)]
