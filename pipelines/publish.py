"""Puts the newest scores where the API reads them: one transaction, so that a reader sees all the old ones or all the new."""

from pathlib import Path
from uuid import UUID

import duckdb
import polars as pl

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.lake import Lake, show
from pipelines import publication
from pipelines.as_of import last

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

#: What was scored last. Somebody without open tasks has no rows of then, so the people are asked for apart.
NEWEST = """
    select user_id, task_id, score, rank, rank_by_due_date, rank_by_urgency, reasons, deadline_risk, importance, likelihood, is_baseline,
           task_version, model_version, as_of::varchar as as_of
    from gold.priority_scores where as_of = $as_of"""

#: So many rows go to the database at a time, as text that is made in one piece: row by row, Python would take longer than Postgres.
AT_ONCE = 100_000


#: What the API scores by until the next batch goes with the scores.
MEMORY = publication.Published("priority_memory", "local_date", (), is_personal=True)


def publish_scores(lake: Lake, connection: duckdb.DuckDBPyConnection, database: Database, buckets: int) -> int:
    """Returns how many scores the API now has."""
    publication.publish(lake, connection, database, buckets, [MEMORY])
    scores, accounts = lake.pinned("gold/priority_scores"), lake.pinned("silver/user_history")
    if scores is None or accounts is None:
        return 0
    show(connection, [scores, accounts])
    as_of = last(scores)
    rows: pl.DataFrame = connection.sql(NEWEST, params={"as_of": as_of}).pl()
    users = [
        UUID(user) for (user,) in connection.execute("select distinct user_id from silver.user_history").fetchall()
    ]
    with database.transaction(Role.SCORING) as tx:
        tx.run(QUERIES["incoming"])
        with tx.connection.cursor().copy(QUERIES["copy"]) as stream:
            for piece in rows.iter_slices(AT_ONCE):
                stream.write(piece.write_csv(include_header=False))
        for step in ("look", "alone", "keep_shown", "drop", "take_over"):
            tx.run(QUERIES[step], {"users": users, "as_of": as_of})
    return rows.height
