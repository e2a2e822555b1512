"""The facts of tasks as arrays of numbers, from which features are made, all turned at once. What is not known is NaN."""

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from models.features.task_facts import LIST
from models.serving.additive_model import Numbers, Places

A_DAY: Final = 86_400e6

PRIORITIES: Final = {"low": 0.0, "medium": 1.0, "high": 2.0, "urgent": 3.0}

#: What is a number only when asked for the right way.
NUMBERS: Final = {
    "list": pl.col("row").first().over(LIST),  # a number for each list
    "priority": pl.col("priority").replace_strict(PRIORITIES, return_dtype=pl.Float64),
    "in_progress": pl.col("status") == "in_progress",
    "goal": pl.col("goal_id").is_not_null(),
    "recurs": pl.col("recurrence").is_not_null(),
    "weekday": pl.col("local_date").dt.weekday(),
    "tags": pl.col("tags").list.len(),
    "same_tag": pl.col("tags").list.set_intersection("last_tags").list.len() > 0,
    **{
        f"same_{what}": (pl.col(f"{what}_id") == pl.col(f"last_{what}_id")).fill_null(value=False)
        for what in ("task", "parent_task", "category", "goal")
    },
}


class Columns:
    """Those of `models.features.task_facts.fill`, by name, and where each task stands in its list."""

    def __init__(self, facts: pl.DataFrame) -> None:
        self._numbers = {
            each.name: _as_numbers(each) for each in facts if not each.dtype.is_nested() and each.dtype != pl.String
        }
        numbers = facts.with_row_index("row").select(
            each.cast(pl.Float64).alias(name) for name, each in NUMBERS.items()
        )
        self._numbers |= {each.name: each.to_numpy() for each in numbers}
        self._placed: dict[str, tuple[Numbers, Numbers]] = {}

    def __getitem__(self, name: str) -> Numbers:
        return self._numbers[name]

    def fill(self, name: str, otherwise: float = 0.0) -> Numbers:
        """With something else in the place of what is not known."""
        return fill_missing(self[name], otherwise)

    def days_since(self, instant: Numbers) -> Numbers:
        return (self["as_of"] - instant) / A_DAY

    @cached_property
    def lists(self) -> Places:
        return self["list"].astype(np.int64)

    @cached_property
    def lengths(self) -> Numbers:
        """How long the list of each task is."""
        return np.bincount(self.lists)[self.lists].astype(np.float64)

    def place(self, name: str, strength: Numbers) -> Numbers:
        """The place in the list, 1 for the strongest and for all that are as strong. `name` says by what."""
        return self._places(name, strength)[0]

    def mid_rank(self, name: str, strength: Numbers) -> Numbers:
        """The place in the list, that in the middle for all that are equally strong. `name` says by what."""
        return self._places(name, strength)[1]

    def _places(self, name: str, strength: Numbers) -> tuple[Numbers, Numbers]:
        if name not in self._placed:
            self._placed[name] = places(self.lists, strength)
        return self._placed[name]


def _as_numbers(column: pl.Series) -> Numbers:
    """Instants in microseconds, truth as 1."""
    whole = column if column.dtype.is_numeric() else column.cast(pl.Int64)
    return whole.cast(pl.Float64).to_numpy()


def fill_missing(values: Numbers, otherwise: float | Numbers) -> Numbers:
    return np.where(np.isnan(values), otherwise, values)


def places(lists: Places, strengths: Numbers) -> tuple[Numbers, Numbers]:
    """The place of each row in its list, the strongest first: the first and the middle place of those that are equally strong. What has
    no strength has no place.

    >>> places(np.array([7, 7, 7, 3]), np.array([1.0, 2.0, 2.0, np.nan]))
    (array([ 3.,  1.,  1., nan]), array([3. , 1.5, 1.5, nan]))
    """
    order = np.lexsort((-strengths, lists))
    in_order, is_next_list = strengths[order], _differs(lists[order])
    begins = np.flatnonzero(is_next_list | _differs(in_order))
    lengths = np.diff(begins, append=len(order))
    list_begins = np.maximum.accumulate(np.where(is_next_list, np.arange(len(order)), 0))[begins]
    first, mid_rank = np.empty(len(order)), np.empty(len(order))
    first[order] = np.repeat(begins - list_begins + 1.0, lengths)
    mid_rank[order] = np.repeat(begins - list_begins + (lengths + 1) / 2, lengths)
    nowhere = np.isnan(strengths)
    first[nowhere] = mid_rank[nowhere] = np.nan
    return first, mid_rank


def _differs(values: Numbers | Places) -> npt.NDArray[np.bool_]:
    """Whether each differs from the one before."""
    differs = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs
