"""What would have become of due dates and of important tasks, had a user followed a list: each day, as many tasks as they finished that day,
those that stood first.

A task enters with its first morning list and leaves when it is done in the simulation, or when the user gave it up. What is remembered of it
is that of the last list that it was on; its age, and how far off its due date is, go on. That tasks take differently long is left out.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import polars as pl

from models.serving.additive_model import Numbers
from models.serving.baselines import rules
from models.serving.contributions import parts_of
from models.serving.score_components import Priority

Order = Callable[[pl.DataFrame], Numbers]

#: The last days of what is tried are simulated; more would cost time and change little.
MOST_DAYS: Final = 60

#: A task of high priority that is open for longer is stale.
STALE_DAYS: Final = 14

HIGH: Final = ("high", "urgent")

TASK: Final = ["user_id", "task_id"]


def follow(tested: pl.DataFrame, priority: Priority, best_baseline: str) -> dict[str, dict[str, float | int]]:
    """For each order, and for what the users did: due dates that came, the share that was missed, and how many stale tasks of high priority a
    user had on a day.
    """
    mornings = tested.filter(pl.col("is_morning")).sort("local_date", *TASK)
    if mornings.is_empty():
        return {}
    last: Any = mornings["local_date"].max()
    mornings = mornings.filter(pl.col("local_date") > last - timedelta(days=MOST_DAYS))
    orders: dict[str, Order] = {
        "as_done": lambda facts: facts["is_done_today"].cast(pl.Float64).to_numpy(),
        "model": lambda facts: parts_of(priority, facts).select(priority.weights.score())[:, 0].to_numpy(),
        "likelihood": lambda facts: parts_of(priority, facts)["likelihood"].to_numpy(),
        **{name: _rule(name) for name in dict.fromkeys(("urgency", best_baseline))},
    }
    return {name: _followed(mornings, order) for name, order in orders.items()}


def _rule(name: str) -> Order:
    return lambda facts: facts.select(rules()[name].cast(pl.Float64))[:, 0].to_numpy()


def _followed(mornings: pl.DataFrame, order: Order) -> dict[str, float | int]:
    days = mornings.partition_by("local_date", as_dict=True, maintain_order=True)
    open_tasks, finished = mornings.clear(), mornings.select(TASK).clear()
    met: dict[tuple[str, str, Any], bool] = {}
    end, user_days, stale = mornings["day_ends"].max(), 0, 0
    for today in days.values():
        open_tasks = _at_dawn(open_tasks, today, finished)
        if open_tasks.is_empty():
            continue
        capacity = today.group_by("user_id").agg(capacity=pl.col("is_done_today").sum())
        ranked = (
            open_tasks.with_columns(strength=pl.Series(order(open_tasks)))
            .sort("user_id", -pl.col("strength"), pl.col("task_id").hash(7))
            .join(capacity, on="user_id", how="left", maintain_order="left")
            .with_columns(place=pl.int_range(pl.len()).over("user_id"))
        )
        is_chosen = pl.col("place") < pl.col("capacity").fill_null(0)
        chosen = ranked.filter(is_chosen)
        is_ahead = (pl.col("due") > pl.col("as_of")) & (pl.col("due") <= end)
        for user, task, due in chosen.filter(is_ahead).select(*TASK, "due").iter_rows():
            met[user, task, due] = True
        ends = pl.col("due") <= pl.col("day_ends")
        for user, task, due in ranked.filter(~is_chosen & is_ahead & ends).select(*TASK, "due").iter_rows():
            met.setdefault((user, task, due), False)
        is_stale = ~is_chosen & pl.col("priority").is_in(HIGH) & (pl.col("age_days") > STALE_DAYS)
        stale += ranked.filter(is_stale).height
        user_days += today["user_id"].n_unique()
        finished = pl.concat([finished, chosen.select(TASK)])
        open_tasks = ranked.filter(~is_chosen).select(mornings.columns)
    missed = sum(not each for each in met.values())
    return {
        "due_dates": len(met),
        "missed": missed / len(met) if met else float("nan"),
        "user_days": user_days,
        "stale": stale / user_days if user_days else float("nan"),
    }


def _at_dawn(open_tasks: pl.DataFrame, today: pl.DataFrame, finished: pl.DataFrame) -> pl.DataFrame:
    """What is open this morning: what the user still had, and what they had finished in fact but not in the simulation."""
    there = today.join(finished, on=TASK, how="anti")
    moment = today.unique("user_id", keep="first").select(
        "user_id", "as_of", "local_date", "day_ends", "next_day_ends", "hours_left"
    )
    kept = (
        open_tasks.filter(pl.col("is_done_today"))  # otherwise it was given up, or has to wait
        .join(there, on=TASK, how="anti")
        .drop("as_of", "local_date", "day_ends", "next_day_ends", "hours_left")
        .join(moment, on="user_id", how="inner")
        .with_columns(
            days_overdue=(pl.col("as_of") - pl.col("due")).dt.total_microseconds() / 86_400e6,
            age_days=(pl.col("as_of") - pl.col("created_at")).dt.total_microseconds() / 86_400e6,
        )
        .select(open_tasks.columns)
    )
    idle = open_tasks.join(moment, on="user_id", how="anti")  # users without a list today
    return pl.concat([there, kept, idle]).sort(*TASK)
