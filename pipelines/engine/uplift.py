"""How far a mean of people's changes may be off: by drawing cohorts of the same size from them, which SQL cannot."""

from collections.abc import Sequence
from datetime import date

import duckdb
import numpy as np

#: With fewer people an interval says more than they do.
FEWEST = 5

DRAWS = 2000


def lay_out(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `resampled`: between which two a month's mean change lies."""
    months: list[tuple[date, list[float]]] = connection.execute(
        "select month, list(change order by change) from gold.uplift_people group by month having count(*) >= ?",
        [FEWEST],
    ).fetchall()
    connection.execute("create or replace temp table resampled (month date, low double, high double)")
    for month, changes in months:
        connection.execute("insert into resampled values (?, ?, ?)", [month, *interval(changes)])


def interval(changes: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of their mean. The draws are the same each time, so that the same people give the same interval.

    >>> interval([1.0] * 9)
    (1.0, 1.0)
    """
    values, counts = np.unique(np.asarray(changes), return_counts=True)
    drawn = np.random.default_rng(0).multinomial(
        counts.sum(), counts / counts.sum(), DRAWS
    )  # how often each value, in each cohort
    low, high = np.quantile(drawn @ values / counts.sum(), [0.025, 0.975])
    return float(low), float(high)
