"""How good an order is: per list, and over users with an interval."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from models.features.task_facts import LIST
from models.serving.additive_model import Numbers, Places

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


#: Weeks of one user that are drawn together: what a user does in one week is like what they did in the week before.
BLOCK_DAYS: Final = 14

#: Draws of a bootstrap that are in memory together.
DRAWS_AT_ONCE: Final = 100

#: The 97.5 % quantile of Student's t, by degrees of freedom; later ones follow 1.96 + 2.4/n closely.
T_QUANTILE: Final = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}

#: With fewer blocks than this, an interval would say more about luck than about an order.
FEWEST_BLOCKS: Final = 4


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, and the range in which it lies with 95 % when users, and blocks of their weeks, are drawn again."""

    mean: float
    low: float
    high: float


def bootstrap(differences: pl.DataFrame, value: str, *, draws: int = 2000, seed: int = 0) -> Interval:
    """The mean over lists. The interval is a hierarchical bootstrap: users are drawn, and of each drawn user blocks of weeks, because the
    lists of one user, and those of one week more so, are not independent.

    Few blocks vary less among themselves than what they were drawn from, so the draws are spread by Student's t for that many. Rows
    without `as_of` are one block.
    """
    known = differences.drop_nulls(value)
    when = (
        pl.col("as_of").dt.timestamp("us") // (BLOCK_DAYS * 86_400_000_000) if "as_of" in known.columns else pl.lit(0)
    )
    blocks = (
        known.group_by("user_id", block=when).agg(total=pl.col(value).sum(), lists=pl.len()).sort("user_id", "block")
    )
    total, lists = blocks["total"].to_numpy(), blocks["lists"].to_numpy().astype(np.float64)
    if not len(total):
        return Interval(float("nan"), float("nan"), float("nan"))
    mean = float(total.sum() / lists.sum())
    sizes = blocks["user_id"].rle().struct.field("len").to_numpy().astype(np.int64)
    if len(total) < FEWEST_BLOCKS:
        return Interval(mean, float("nan"), float("nan"))
    means = _drawn_means(total, lists, sizes, draws, np.random.default_rng(seed))
    low, high = mean + (np.quantile(means, [0.025, 0.975]) - mean) * _spread(len(total), len(sizes))
    return Interval(mean, float(low), float(high))


def _drawn_means(total: Numbers, lists: Numbers, sizes: Places, draws: int, dice: np.random.Generator) -> Numbers:
    """The mean of each draw: as many users as there are, of each as many blocks as they have. Draws are made some at a time, for memory."""
    begins, users = np.cumsum(sizes) - sizes, len(sizes)
    means = np.empty(draws)
    for first in range(0, draws, DRAWS_AT_ONCE):
        rows = min(DRAWS_AT_ONCE, draws - first)
        chosen = dice.integers(0, users, (rows, users))
        counts = sizes[chosen].ravel()
        places = np.repeat(begins[chosen].ravel(), counts) + (
            dice.random(int(counts.sum())) * np.repeat(sizes[chosen].ravel(), counts)
        ).astype(np.int64)
        per_draw = sizes[chosen].sum(axis=1)
        ends = np.cumsum(per_draw) - per_draw
        means[first : first + rows] = np.add.reduceat(total[places], ends) / np.add.reduceat(lists[places], ends)
    return means


def _spread(blocks: int, users: int) -> float:
    """By how much wider the interval is than the draws: Student's t over the normal quantile, and the root of n/(n-1), for the number of
    blocks where one user is all there is, otherwise for the number of users or of blocks, whichever asks for more.
    """
    units = blocks if users == 1 else min(max(users, 4), blocks)
    return T_QUANTILE.get(units - 1, 1.96 + 2.4 / (units - 1)) / 1.96 * float(np.sqrt(units / (units - 1)))


def calibration_error(probability: Numbers, happened: Numbers, bins: int = 10, weights: Numbers | None = None) -> float:
    """The mean distance between predicted and actual share, over groups of equal weight by prediction."""
    groups = reliability(probability, happened, bins, weights)
    if groups.is_empty():
        return float("nan")
    return float(
        groups.select(((pl.col("said") - pl.col("came")).abs() * pl.col("tasks")).sum() / pl.col("tasks").sum()).item()
    )


def reliability(
    probability: Numbers, happened: Numbers, bins: int = 10, weights: Numbers | None = None
) -> pl.DataFrame:
    """Predicted and actual share, by groups of equal weight."""
    weight = np.ones(len(probability)) if weights is None else weights
    order = np.argsort(probability, kind="stable")
    share = (np.cumsum(weight[order]) - weight[order] / 2) / max(float(weight.sum()), 1e-9)
    group = np.minimum((share * bins).astype(np.int64), bins - 1)
    said, came, tasks = (
        np.bincount(group, weights=each[order], minlength=bins)
        for each in (weight * probability, weight * happened, weight)
    )
    has_tasks = tasks > 0
    rows = zip(
        (said[has_tasks] / tasks[has_tasks]).tolist(),
        (came[has_tasks] / tasks[has_tasks]).tolist(),
        np.rint(tasks[has_tasks]).astype(int).tolist(),
        strict=True,
    )
    return pl.DataFrame(list(rows), schema={"said": pl.Float64, "came": pl.Float64, "tasks": pl.Int64}, orient="row")


def brier(probability: Numbers, happened: Numbers, weights: Numbers | None = None) -> float:
    return float(np.average((probability - happened) ** 2, weights=weights)) if len(probability) else float("nan")
