"""Puts the newest scores where the API reads them. They are written to a table aside, which then takes the place of the one before: a reader
sees all the old ones or all the new, and waits for neither.
"""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import polars as pl
import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.rows import DictRow

from focusflow.database.queries import load_queries
from focusflow.database.session import Database
from focusflow.errors import Unavailable
from focusflow.identity import bucket_of
from focusflow.lake.session import Relation, Scan, Session, scans
from focusflow.lake.tables import Lake, State
from pipelines.engine import changed_users, priorities, publish_tables, user_quarantine
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
    withheld = user_quarantine.quarantined(lake, session)
    known: tuple[State, list[str]] | None = lake.memory.get("published scores")
    if known == (scores.state, withheld):
        return 0
    users = None
    if known and known[0].table_id == scores.state.table_id and known[1] == withheld:
        users = changed_users.since(scores, known[0].version)
    as_of, moments = priorities.last_batch(scores), priorities.scored_since_batch(scores)
    where = f"month >= '{as_of - timedelta(days=1):%Y-%m}'"
    if users is not None:
        where += f" and bucket in ({', '.join(str(bucket_of(UUID(user), buckets)) for user in users) or -1})"
    newest = Scan.of(scores, where)
    if users is not None:
        newest = Scan(f"{newest.query} where {changed_users.condition(users)}")
    scored_at = pa.table({
        "user_id": pa.array(list(moments), pa.string()),
        "scored_at": pa.array(list(moments.values()), pa.timestamp("us", "UTC")),
    })  # fmt: skip
    given: dict[str, Relation] = {"gold.priority_scores": newest, "moments": scored_at}
    rows = pl.DataFrame(session.run(IN_LAKE["newest_scores"], given, {"as_of": as_of, "withheld": withheld}))
    if users is None:
        found = session.run(IN_LAKE["users"], scans([accounts]), {"withheld": withheld})
        _publish(database, rows, [UUID(user) for user in found["user_id"].to_pylist()], last(scores))
    else:
        _publish_users(database, rows, [UUID(user) for user in users.keys() - set(withheld)], last(scores))
    lake.memory["published scores"] = (scores.state, withheld)
    return rows.height


def _publish_users(database: Database, rows: pl.DataFrame, users: list[UUID], as_of: datetime) -> None:
    """The scores of some users in the place of those that they had. What a later write brought further stays."""
    with database.owner() as connection:
        connection.execute(QUERIES["in_turn"])
        connection.execute(QUERIES["incoming"])
        with connection.cursor().copy(QUERIES["copy_users"]) as stream:
            for text in _as_csv(rows):
                stream.write(text)
        with _scoring(connection):
            connection.execute(QUERIES["alone"])
            given = {"users": users, "as_of": as_of}
            connection.execute(QUERIES["drop_users"], given)
            connection.execute(QUERIES["take_users"], given)
            connection.execute(QUERIES["announce"], given)


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
            connection.execute(QUERIES["announce"], {"users": users, "as_of": as_of})
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
