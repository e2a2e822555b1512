"""What became of the scores that users saw: the one place where it counts that one was shown."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from models.evaluation.ranking_metrics import Interval, bootstrap
from models.serving.comparison import is_baseline_day
from models.serving.scoring import BASELINE_VERSION

QUERIES = load_queries(Path(__file__).with_name("feedback.sql"))

#: The tasks of a day by which two orders are compared.
TOP: Final = 5

#: Standard errors that a difference has to be to be found in 4 of 5 comparisons, at 95 %.
DETECTABLE: Final = 2.8

#: Ranks from here on are told together.
BEYOND: Final = 6


def uptake(database: Database, since: date) -> list[dict[str, Any]]:
    """Of the scores shown since a day, for each model and rank: how many, to how many users, and the share that was taken up."""
    with database.transaction(Role.REPORTING) as tx:
        return tx.all(QUERIES["judged"] + "\n" + QUERIES["uptake"], {"since": since, "now": tx.now, "beyond": BEYOND})


@dataclass(frozen=True, slots=True)
class Uplift:
    """What following the model's order brings over urgency's: the difference of the shares of top tasks that were taken up, of the same users'
    days by either order, and the least difference that so many days would show in 4 of 5 cases.
    """

    days_by_model: int
    days_by_urgency: int
    users: int
    difference: Interval
    detectable: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def uplift(database: Database, since: date) -> Uplift | None:
    """Of the days on which a coin chose the order; None where no days by both orders were shown."""
    with database.transaction(Role.REPORTING) as tx:
        rows = tx.all(QUERIES["judged"] + "\n" + QUERIES["days"], {"since": since, "now": tx.now, "top": TOP})
    return compared(rows)


def compared(rows: Sequence[Mapping[str, Any]]) -> Uplift | None:
    """From user-days with the model version that ranked them and the share that was taken up. Days that the coin did not decide are left out: of
    users without a day by urgency, and those before the first one.
    """
    decided = [
        {**row, "is_baseline": row["model_version"] == BASELINE_VERSION}
        for row in rows
        if (row["model_version"] == BASELINE_VERSION) == is_baseline_day(row["user_id"], row["local_date"])
    ]
    if not decided:
        return None
    days = pl.DataFrame(
        {
            "user_id": [str(row["user_id"]) for row in decided],
            "local_date": [row["local_date"] for row in decided],
            "is_baseline": [row["is_baseline"] for row in decided],
            "taken_up": [float(row["taken_up"]) for row in decided],
        }
    )
    began = pl.col("local_date").filter(pl.col("is_baseline")).min()
    days = days.filter(pl.col("local_date") >= began.over("user_id"))
    both = pl.col("is_baseline").any() & ~pl.col("is_baseline").all()
    days = days.filter(both.over("user_id"))
    if days.is_empty():
        return None
    # Each day's distance from its user's mean, for or against the model: the mean over a user's days is the difference of both orders.
    share = pl.col("is_baseline").mean().over("user_id")
    distance = pl.col("taken_up") - pl.col("taken_up").mean().over("user_id")
    gains = days.with_columns(
        gain=pl.when(pl.col("is_baseline")).then(-distance / share).otherwise(distance / (1 - share)),
        as_of=pl.col("local_date").cast(pl.Datetime("us", "UTC")),
    )
    found = bootstrap(gains, "gain")
    error = (found.high - found.low) / (2 * 1.96)
    counts = days["is_baseline"].to_numpy()
    return Uplift(
        int(np.count_nonzero(~counts)),
        int(np.count_nonzero(counts)),
        days["user_id"].n_unique(),
        found,
        DETECTABLE * error,
    )
