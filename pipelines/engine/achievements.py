"""What there is to reach, beside the tables from which it is worked out who has."""

import duckdb
import pyarrow as pa

from pipelines.engine.habits import put
from reports.notifications.achievements import ACHIEVEMENTS

WANTED = pa.schema(
    [("achievement", pa.string()), ("metric", pa.string()), ("threshold", pa.int64()), ("points", pa.int64())]
)


def lay_out(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `wanted`: a row an achievement."""
    rows = [
        {"achievement": each.name, "metric": each.metric, "threshold": each.threshold, "points": each.points}
        for each in ACHIEVEMENTS
    ]
    put(connection, "wanted", WANTED, rows)
