"""`python -m benchmarks.usual_ranges` says how often the next period of generated series lies in the usual range, by kind and length of history.

The range is computed by the macros of the tables. In a stationary series, whatever lies outside is called higher or lower without a reason:
that share is the rate of false alarms.
"""

from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.engine.table_inputs import MACROS

Numbers = npt.NDArray[np.float64]
Sizes = tuple[int, int]

LENGTHS = (6, 8, 10, 16, 26)


def autocorrelated(rng: np.random.Generator, size: Sizes, rho: float) -> Numbers:
    """A first-order autoregression with mean 0 and variance 1."""
    noise = rng.normal(size=size)
    for period in range(1, size[1]):
        noise[:, period] = rho * noise[:, period - 1] + np.sqrt(1 - rho**2) * noise[:, period]
    return noise


def overdispersed(rng: np.random.Generator, size: Sizes, mean: float, ratio: float) -> Numbers:
    """Counts whose variance is so many times their mean."""
    return rng.negative_binomial(mean / (ratio - 1), 1 / ratio, size).astype(float)


KINDS: Mapping[str, Callable[[np.random.Generator, Sizes], Numbers]] = {
    "counts, mean 3": lambda rng, size: rng.poisson(3, size).astype(float),
    "counts, mean 8": lambda rng, size: rng.poisson(8, size).astype(float),
    "counts, mean 20": lambda rng, size: rng.poisson(20, size).astype(float),
    "scores": lambda rng, size: np.clip(rng.normal(50, 10, size), 0, 100),
    "minutes": lambda rng, size: rng.gamma(4, 100, size),
    "variance 3 times the mean": lambda rng, size: overdispersed(rng, size, 12, 3),
    "variance 4.5 times the mean": lambda rng, size: overdispersed(rng, size, 20, 4.5),
    "variance 6 times the mean": lambda rng, size: overdispersed(rng, size, 12, 6),
    "autocorrelation .3": lambda rng, size: 50 + 10 * autocorrelated(rng, size, 0.3),
    "autocorrelation .5": lambda rng, size: 50 + 10 * autocorrelated(rng, size, 0.5),
    "autocorrelation .8": lambda rng, size: 50 + 10 * autocorrelated(rng, size, 0.8),
    "counts, autocorrelation .5": lambda rng, size: rng.poisson(np.exp(2.7 + 0.4 * autocorrelated(rng, size, 0.5))).astype(float),
    "counts, autocorrelation .8": lambda rng, size: rng.poisson(np.exp(2.7 + 0.4 * autocorrelated(rng, size, 0.8))).astype(float),
}  # fmt: skip

COVERAGE = """
    select kind, len(earlier) as periods, avg((value between low and high)::integer) as inside, avg((value > high)::integer) as higher,
           avg((value < low)::integer) as lower, avg(high - low) as width
    from (
        select *, case when is_count then fewest(usual.low, usual.high) else usual.low end as low,
               case when is_count then most(usual.low, usual.high) else usual.high end as high
        from (select *, usual_range(earlier) as usual from series)
    ) group by all order by all"""


def coverage(count: int, seed: int, lengths: tuple[int, ...] = LENGTHS) -> list[dict[str, Any]]:
    """By kind and length: the shares of next periods inside, above and below, of so many series each, and the mean width."""
    rng = np.random.default_rng(seed)
    found = []
    with duckdb.connect() as connection:
        connection.execute(MACROS)
        for kind, generate in KINDS.items():
            for length in lengths:
                values = generate(rng, (count, length + 1))
                series = pa.table({"earlier": values[:, :-1].tolist(), "value": values[:, -1]})
                is_count = bool((values == values.round()).all())
                connection.register("given", series)
                connection.execute(
                    f"create or replace temp view series as select *, '{kind}' as kind, {is_count} as is_count from given"
                )
                found += connection.sql(COVERAGE).to_arrow_table().to_pylist()
    return found


def main() -> None:
    for row in coverage(4000, seed=2026):
        shares = ", ".join(f"{name} {row[name]:.1%}" for name in ("inside", "higher", "lower"))
        print(f"{row['kind']}, {row['periods']} periods: {shares}")


if __name__ == "__main__":
    main()
