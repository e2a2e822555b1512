"""How good an order is: per list, and over users with an interval."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from models.features.task_facts import LIST
from models.serving.additive_model import Numbers

#: A list counts when there is something to choose, and something was chosen.
FEWEST: Final = 5

TOP: Final = 5

#: Places are drawn for those of equal strength, always the same draw, so that no rule wins by the order of rows.
DRAW: Final = pl.col("task_id").hash(7)


def gains(lists: pl.DataFrame, score: pl.Series) -> pl.DataFrame:
    """The lists that can be judged, each task with its place by a score and in the best possible order."""
    rated = lists.select(*LIST, "task_id", gain=pl.col("gain").cast(pl.Float64), score=score)
    best_first = pl.struct(-pl.col("score"), DRAW)
    return (
        rated.lazy()
        .filter((pl.len().over(LIST) >= FEWEST) & (pl.col("gain").max().over(LIST) > 0))
        .with_columns(
            place=best_first.rank("ordinal").over(LIST),
            best_place=pl.col("gain").rank("ordinal", descending=True).over(LIST),
        )
        .collect()
    )


def ndcg_of_lists(placed: pl.DataFrame, top: int = TOP) -> pl.Series:
    return per_list(placed, top)["ndcg"]


def per_list(placed: pl.DataFrame, top: int = TOP) -> pl.DataFrame:
    """NDCG, whether the first was taken up, and the share of pairs in the right order; one row a list."""
    chosen, size = pl.col("gain") > 0, pl.len()
    right = (size - pl.col("place")).filter(chosen).sum() - chosen.sum() * (chosen.sum() - 1) / 2
    return (
        placed.lazy()
        .group_by(LIST)
        .agg(
            ndcg=_discounted("place", top) / _discounted("best_place", top),
            hit=(pl.col("gain").filter(pl.col("place") == 1) > 0).first().cast(pl.Float64),
            auc=pl.when(chosen.sum() < size).then(right / (chosen.sum() * (size - chosen.sum()))),
        )
        .sort(LIST)
        .collect()
    )


def _discounted(place: str, top: int) -> pl.Expr:
    worth = (2 ** pl.col("gain") - 1) / (pl.col(place) + 1).log(2)
    return worth.filter(pl.col(place) <= top).sum()


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, and the range in which it lies with 95 % under drawing users again."""

    mean: float
    low: float
    high: float


def bootstrap(differences: pl.DataFrame, value: str, *, draws: int = 2000, seed: int = 0) -> Interval:
    """The mean over lists, users drawn with all of theirs: the lists of one user are not independent."""
    users = (
        differences.drop_nulls(value).group_by("user_id").agg(total=pl.col(value).sum(), lists=pl.len()).sort("user_id")
    )
    total, lists = users["total"].to_numpy(), users["lists"].to_numpy()
    if not len(total):
        return Interval(float("nan"), float("nan"), float("nan"))
    counts = np.random.default_rng(seed).multinomial(len(total), np.full(len(total), 1 / len(total)), size=draws)
    means = (counts @ total) / (counts @ lists)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(total.sum() / lists.sum()), float(low), float(high))


def calibration_error(probability: Numbers, happened: Numbers, bins: int = 10) -> float:
    """The mean distance between what was said and what came, over groups of equal size by what was said."""
    if not len(probability):
        return float("nan")
    order = np.argsort(probability, kind="stable")
    groups = [group for group in np.array_split(order, bins) if len(group)]
    return float(sum(abs(probability[each].mean() - happened[each].mean()) * len(each) for each in groups) / len(order))


def reliability(probability: Numbers, happened: Numbers, bins: int = 10) -> pl.DataFrame:
    """Said and come, by groups of equal size."""
    groups = [group for group in np.array_split(np.argsort(probability, kind="stable"), bins) if len(group)]
    rows = [(float(probability[each].mean()), float(happened[each].mean()), len(each)) for each in groups]
    return pl.DataFrame(rows, schema={"said": pl.Float64, "came": pl.Float64, "tasks": pl.Int64}, orient="row")


def brier(probability: Numbers, happened: Numbers) -> float:
    return float(np.mean((probability - happened) ** 2)) if len(probability) else float("nan")
