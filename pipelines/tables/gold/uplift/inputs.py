"""How far a mean of users' changes may be off: by drawing cohorts of the same size from them, which SQL cannot."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from focusflow.database.queries import load_queries
from focusflow.lake.session import Inputs, Session
from pipelines.engine.window import Window

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

SCHEMA = pa.schema([("month", pa.date32()), ("low", pa.float64()), ("high", pa.float64())])

#: With fewer users an interval says more than they do.
MIN_USERS = 5

DRAWS = 2000


def bootstrap_intervals(session: Session, inputs: Inputs, _: Window) -> pa.Table:
    """Between which two values the mean change of a month lies: one row per month with enough users."""
    months = session.run(QUERIES["changes"], inputs, {"min_users": MIN_USERS}).to_pylist()
    rows = [(each["month"], *interval(each["changes"])) for each in months]
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA)


def interval(changes: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of their mean. The draws are the same each time, so that the same users give the same interval.

    >>> interval([1.0] * 9)
    (1.0, 1.0)
    """
    values, counts = np.unique(np.asarray(changes), return_counts=True)
    drawn = np.random.default_rng(0).multinomial(
        counts.sum(), counts / counts.sum(), DRAWS
    )  # how often each value, in each cohort
    low, high = np.quantile(drawn @ values / counts.sum(), [0.025, 0.975])
    return float(low), float(high)
