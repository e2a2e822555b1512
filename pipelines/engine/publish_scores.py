"""Puts the newest scores where the API reads them. They are written to a table aside, which then takes the place of the one before: a reader
sees all the old ones or all the new, and waits for neither.
"""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import polars as pl
import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from focusflow.database.queries import load_queries
from focusflow.database.session import Database
from focusflow.errors import Unavailable
from focusflow.lake.session import Session, scans
from focusflow.lake.tables import Lake
from pipelines.engine import publish_tables, user_quarantine
from pipelines.engine.as_of import last
from pipelines.engine.descriptions import table

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))
IN_LAKE = load_queries(Path(__file__).with_name("newest_scores.sql"))

#: So many rows go to the database at a time, as text that is made in one piece: row by row, Python would take longer than Postgres.
AT_ONCE: Final = 100_000

#: The two that take turns.
PARTITIONS: Final = ("priority_scores_a", "priority_scores_b")

#: As often is tried to take over, each time as long as `patience`: whoever reads scores just then goes first.
TRIES: Final = 100

#: What the API scores by until the next batch goes with the scores.
MEMORY = table("gold/priority_memory")


def publish_scores(lake: Lake, session: Session, database: Database, buckets: int) -> int:
    """Returns how many scores the API now has."""
    publish_tables.publish(lake, session, database, buckets, [MEMORY])
    scores, accounts = lake.pinned("gold/priority_scores"), lake.pinned("silver/user_history")
    if scores is None or accounts is None:
        return 0
    as_of, withheld = last(scores), user_quarantine.quarantined(lake, session)
    given = scans([scores, accounts])
    rows = pl.DataFrame(session.run(IN_LAKE["newest_scores"], given, {"as_of": as_of, "withheld": withheld}))
    users = [UUID(user) for user in session.run(IN_LAKE["users"], given, {"withheld": withheld})["user_id"].to_pylist()]
    _publish(database, rows, users, as_of)
    return rows.height


def _publish(database: Database, rows: pl.DataFrame, users: list[UUID], as_of: datetime) -> None:
    with database.owner() as connection:
        connection.execute(QUERIES["in_turn"])
        before = connection.execute(QUERIES["serving"]).fetchall()[0]["name"]
        fresh = next(name for name in PARTITIONS if name != before)
        names = {"before": sql.Identifier(before), "fresh": sql.Identifier(fresh)}
        connection.execute(sql.SQL(QUERIES["create"]).format(**names))
        with connection.cursor().copy(sql.SQL(QUERIES["copy"]).format(**names)) as stream:
            for text in _as_csv(rows):
                stream.write(text)
        connection.execute(sql.SQL(QUERIES["index"]).format(**names))
        with _scoring(connection):
            connection.execute(QUERIES["alone"])
            newer = [row["user_id"] for row in connection.execute(QUERIES["newer"], {"as_of": as_of}).fetchall()]
            values = {"as_of": sql.Literal(as_of), "users": sql.Literal(users), "newer": sql.Literal(newer)}
            connection.execute(sql.SQL(QUERIES["carry_over"]).format(**names, **values))
        _take_over(connection, sql.SQL(QUERIES["take_over"]).format(**names))


def _as_csv(rows: pl.DataFrame) -> Iterator[str]:
    """The next piece is made while the one before is on its way."""
    with ThreadPoolExecutor(1) as maker:
        coming = deque[Future[str]]()
        for piece in rows.iter_slices(AT_ONCE):
            coming.append(maker.submit(piece.write_csv, include_header=False))
            if len(coming) > 1:
                yield coming.popleft().result()
        for text in coming:
            yield text.result()


@contextmanager
def _scoring(connection: psycopg.Connection[DictRow]) -> Iterator[None]:
    """As who sees all users' rows; the owner of the tables may not."""
    connection.execute(QUERIES["scoring"])
    yield
    connection.execute(QUERIES["owner"])


def _take_over(connection: psycopg.Connection[DictRow], statement: sql.Composed) -> None:
    """Whoever reads is waited for, and whoever comes meanwhile waits no longer than we do."""
    for _ in range(TRIES):
        try:
            with connection.transaction():
                connection.execute(QUERIES["patience"])
                connection.execute(statement)
        except psycopg.errors.LockNotAvailable:
            time.sleep(0.1)
        else:
            return
    raise Unavailable("Somebody has been reading scores for too long. They are published with the next refresh.")
