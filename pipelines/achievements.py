"""What can be achieved, beside the days from which it is worked out."""

from dataclasses import asdict

import duckdb
import pyarrow as pa

from focusflow.achievements import ACHIEVEMENTS
from pipelines import habits

WANTED = pa.schema(
    [
        ("achievement", pa.string()),
        ("label", pa.string()),
        ("description", pa.string()),
        ("points", pa.int64()),
        ("metric", pa.string()),
        ("threshold", pa.float64()),
    ]
)


def lay_out(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `wanted`, a row an achievement, and `records` of habits."""
    habits.put(connection, "wanted", WANTED, map(asdict, ACHIEVEMENTS))
    habits.lay_out_records(connection)
