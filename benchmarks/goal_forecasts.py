"""`python -m benchmarks.goal_forecasts` says how often made-up goals are reached between p10 and p90 of what was forecast on a day of theirs.

Nobody's goals go by the account that the forecast gives of them: some go on evenly, some in bursts with weeks of rest, some by a few
large steps, some quicker or slower as time goes by. What is forecast is made by the statement of the table itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.engine.descriptions import FOLDER, table
from pipelines.engine.table_inputs import MACROS

DAYS_OFF = FOLDER / "relations" / "days_off.sql"
DAYS = 1500
MADE = date(2020, 1, 6)

Numbers = npt.NDArray[np.float64]


def even(rng: np.random.Generator, weekly: float) -> Numbers:
    often, shape = rng.uniform(0.2, 0.6), rng.uniform(1, 4)
    return np.where(rng.random(DAYS) < often, rng.gamma(shape, weekly / 7 / often / shape, DAYS), 0)


def in_bursts(rng: np.random.Generator, weekly: float) -> Numbers:
    """On for three weeks and off for ten days, the one and the other as it happens."""
    turns = np.cumsum(rng.exponential(np.tile([21, 10], DAYS // 10)))
    is_on = np.searchsorted(turns, np.arange(DAYS)) % 2 == 0
    return np.where(is_on & (rng.random(DAYS) < 0.5), rng.gamma(1.5, 2 * weekly / 7, DAYS), 0)


def by_steps(rng: np.random.Generator, weekly: float) -> Numbers:
    count, shape = int(rng.integers(4, 15)), rng.uniform(1, 3)
    gaps = rng.gamma(shape, 7 * 100 / count / weekly / shape, count)
    days = np.minimum(np.cumsum(gaps), DAYS - 1).astype(int)
    progress = np.zeros(DAYS)
    np.add.at(progress, days, 100 / count)
    return progress


def drifting(rng: np.random.Generator, weekly: float) -> Numbers:
    speed = np.repeat(np.exp(np.cumsum(rng.normal(0, 0.08, DAYS // 7 + 1))), 7)[:DAYS]
    return np.where(rng.random(DAYS) < 0.4, speed * rng.exponential(weekly / 7 / 0.4, DAYS), 0)


def autocorrelated(rng: np.random.Generator, weekly: float) -> Numbers:
    """Good weeks follow good ones: a first-order autoregression with rho from .5 to .8."""
    rho, weeks = rng.uniform(0.5, 0.8), rng.normal(size=DAYS // 7 + 1)
    for week in range(1, len(weeks)):
        weeks[week] = rho * weeks[week - 1] + np.sqrt(1 - rho**2) * weeks[week]
    speed = np.repeat(np.maximum(0, 1 + 0.6 * weeks), 7)[:DAYS]
    return np.where(rng.random(DAYS) < 0.5, speed * rng.gamma(2, weekly / 7, DAYS), 0)


def accelerating(rng: np.random.Generator, weekly: float) -> Numbers:
    """Seven times as fast at its end as at its beginning."""
    speed = 0.3 + 1.9 * np.arange(DAYS) / (700 / weekly)
    return np.where(rng.random(DAYS) < 0.5, speed * rng.gamma(2, weekly / 7, DAYS), 0)


def rushed(rng: np.random.Generator, weekly: float) -> Numbers:
    """Most of it is done shortly before the end."""
    speed = 0.35 + 3.2 * np.clip(np.arange(DAYS) / (700 / weekly), 0, 1.2) ** 3
    return np.where(rng.random(DAYS) < 0.5, speed * rng.gamma(2, weekly / 7, DAYS), 0)


KINDS: Mapping[str, Callable[[np.random.Generator, float], Numbers]] = {
    "even": even, "in bursts": in_bursts, "by steps": by_steps, "drifting": drifting,
    "autocorrelated": autocorrelated, "accelerating": accelerating, "rushed": rushed,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Goal:
    """How far a goal was on each day up to that on which it was asked about, and on which day it was reached, if it was."""

    kind: str
    known: list[float]
    reached: int | None


def simulated(count: int, seed: int) -> Iterator[Goal]:
    """So many goals of each kind, each asked about on a day after its third week on which it was not reached."""
    rng = np.random.default_rng(seed)
    for kind, made in KINDS.items():
        for _ in range(count):
            progress = np.minimum(100, np.cumsum(made(rng, float(rng.lognormal(np.log(4), 0.6))))).round(6)
            reached = int(np.argmax(progress >= 100)) if progress[-1] >= 100 else None
            open_days = min(DAYS // 2, reached or DAYS)
            if open_days > 22:
                yield Goal(kind, progress[: rng.integers(23, open_days + 1)].tolist(), reached)


#: What the query of the table reads, of users who have one goal each and live no day further than the one they are asked on.
HISTORIES = """
    create table users as select user_id, made + len(known)::integer - 1 as today from histories;
    create schema silver;
    create table silver.day_off_history (
        user_id varchar, day_off_id varchar, version integer, change varchar, changed_on date, valid_to timestamptz, first_date date, last_date date);
    create table silver.goal_history as
    select user_id, 0 as bucket, user_id as goal_id, number as version, made + number - 1 as changed_on, progress, 'active' as status,
           'goal.progressed' as change, null::date as target_date, null::date as start_date
    from (select user_id, made, unnest(known) as progress, unnest(range(1, len(known) + 1))::integer as number from histories)
    qualify progress is distinct from lag(progress) over (partition by user_id order by number)"""

OUTCOMES = """
    select kind, count(*) as goals, avg((reached < days_p10)::integer) as early, avg((reached > days_p90)::integer) as late,
           1 - early - late as inside, avg((days_p90 is null)::integer) as open_ended
    from (select kind, coalesce(reached, 100_000) as reached, forecast_p10 - made as days_p10, forecast_p90 - made as days_p90
          from forecasts join histories using (user_id) where local_date = made + len(known)::integer - 1 and forecast_p50 is not null)
    group by grouping sets ((kind), ()) order by kind nulls last"""


def coverage(goals: Iterable[Goal]) -> list[dict[str, Any]]:
    """By kind, and of all: the shares reached before p10, after p90, between, and of those without a p90, which none is after."""
    with duckdb.connect() as connection:
        connection.execute(MACROS)
        histories = [{"user_id": f"{n:06}", "made": MADE, **asdict(goal)} for n, goal in enumerate(goals)]
        connection.register("histories", pa.Table.from_pylist(histories))
        connection.execute(HISTORIES)
        connection.execute(f"create table days_off as {DAYS_OFF.read_text(encoding='utf-8')}")
        connection.execute(f"create table forecasts as {table('gold/goal_progress').query}")
        return connection.sql(OUTCOMES).to_arrow_table().to_pylist()  # type: ignore[no-any-return]


def main() -> None:
    for row in coverage(simulated(1500, seed=2026)):
        shares = ", ".join(f"{name} {row[name]:.1%}" for name in ("inside", "early", "late", "open_ended"))
        print(f"{row['kind'] or 'all'}: {row['goals']:,} goals, {shares}".replace("_", " "))


if __name__ == "__main__":
    main()
