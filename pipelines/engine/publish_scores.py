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

import duckdb
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

#: What was scored last, but for users in quarantine, who keep theirs. Somebody without open tasks has no rows of then, so the people are asked
#: for apart.
NEWEST = """
    select user_id, task_id, score, rank, rank_by_due_date, rank_by_urgency, reasons, deadline_risk, importance, likelihood, is_baseline,
           task_version, model_version, as_of::varchar as as_of
    from gold.priority_scores where as_of = $as_of and not list_contains($withheld::varchar[], user_id)"""
USERS = "select distinct user_id from silver.user_history where not list_contains($withheld::varchar[], user_id)"

#: So many rows go to the database at a time, as text that is made in one piece: row by row, Python would take longer than Postgres.
AT_ONCE: Final = 100_000

#: The two that take turns.
PARTITIONS: Final = ("priority_scores_a", "priority_scores_b")

#: As often is tried to take over, each time as long as `patience`: whoever reads scores just then goes first.
TRIES: Final = 100

CREATE: Final = sql.SQL("""
    create table {fresh} (like priority_scores including defaults including constraints);
    grant select, insert, update, delete on {fresh} to focusflow_scoring""")

#: Frozen as it is written, so that nothing has to look at it again.
COPY: Final = sql.SQL("""
    copy {fresh} (user_id, task_id, score, rank, due_rank, urgency_rank, reasons, deadline_risk, importance, likelihood, is_baseline,
        task_version, model_version, as_of) from stdin (format csv, freeze)""")

INDEX: Final = sql.SQL("alter table {fresh} add primary key (user_id, task_id); analyze {fresh}")

#: What the batch does not say: what was written since. Whoever was erased meanwhile has no scores.
CARRY_OVER: Final = sql.SQL("""
    delete from {fresh} where not exists (select from users where id = user_id and erased_at is null) or user_id = any ({newer});

    insert into {fresh} select * from priority_scores
    where as_of > {as_of} and as_of <= clock_timestamp() or user_id <> all ({users})""")

#: Row-level security is that of the whole table, so no role reads a partition by its own name.
TAKE_OVER: Final = sql.SQL("""
    drop table {before};
    revoke all on {fresh} from focusflow_scoring;
    alter table priority_scores attach partition {fresh} for values from (minvalue) to (maxvalue)""")

#: What the API scores by until the next batch goes with the scores.
MEMORY = table("gold/priority_memory")


def publish_scores(lake: Lake, connection: duckdb.DuckDBPyConnection, database: Database, buckets: int) -> int:
    """Returns how many scores the API now has."""
    publish_tables.publish(lake, connection, database, buckets, [MEMORY])
    scores, accounts = lake.pinned("gold/priority_scores"), lake.pinned("silver/user_history")
    if scores is None or accounts is None:
        return 0
    as_of, withheld = last(scores), user_quarantine.quarantined(lake, connection)
    session, given = Session(connection), scans([scores, accounts])
    rows = pl.DataFrame(session.run(NEWEST, given, {"as_of": as_of, "withheld": withheld}))
    users = [UUID(user) for user in session.run(USERS, given, {"withheld": withheld})["user_id"].to_pylist()]
    _publish(database, rows, users, as_of)
    return rows.height


def _publish(database: Database, rows: pl.DataFrame, users: list[UUID], as_of: datetime) -> None:
    with database.owner() as connection:
        connection.execute(QUERIES["in_turn"])
        before = connection.execute(QUERIES["serving"]).fetchall()[0]["name"]
        fresh = next(name for name in PARTITIONS if name != before)
        names = {"before": sql.Identifier(before), "fresh": sql.Identifier(fresh)}
        connection.execute(CREATE.format(**names))
        with connection.cursor().copy(COPY.format(**names)) as stream:
            for text in _as_csv(rows):
                stream.write(text)
        connection.execute(INDEX.format(**names))
        with _scoring(connection):
            connection.execute(QUERIES["alone"])
            newer = [row["user_id"] for row in connection.execute(QUERIES["newer"], {"as_of": as_of}).fetchall()]
            values = {"as_of": sql.Literal(as_of), "users": sql.Literal(users), "newer": sql.Literal(newer)}
            connection.execute(CARRY_OVER.format(**names, **values))
        _take_over(connection, TAKE_OVER.format(**names))


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
    """As who sees everybody's rows; the owner of the tables may not."""
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
