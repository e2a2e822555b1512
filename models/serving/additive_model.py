"""A model that is a table of its own numbers: a curve for each feature, whose heights add up. It needs numpy alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True)
class Curve:
    """Straight between its knots, flat beyond them."""

    knots: Numbers
    heights: Numbers

    def at(self, values: Numbers) -> Numbers:
        if len(self.knots) == 1:
            return np.full(len(values), self.heights[0])
        return np.interp(values, self.knots, self.heights)


@dataclass(frozen=True, slots=True)
class Additive:
    """P = 1 / (1 + exp(-(intercept + the heights of all curves))). The curves have mean 0 over what the model was trained on, so that a
    height says how much a task differs from the average one.
    """

    intercept: float
    curves: Mapping[str, Curve]

    def heights(self, matrix: pl.DataFrame) -> dict[str, Numbers]:
        """What each feature adds."""
        return {name: curve.at(matrix[name].to_numpy()) for name, curve in self.curves.items()}

    def sums(self, matrix: pl.DataFrame) -> Numbers:
        total = np.full(matrix.height, self.intercept)
        for height in self.heights(matrix).values():
            total += height
        return total

    def probability(self, matrix: pl.DataFrame) -> Numbers:
        return sigmoid(self.sums(matrix))

    def rescaled(self, slope: float, offset: float) -> Self:
        """The same order, other probabilities: what a calibration by a straight line in log-odds makes of it."""
        curves = {name: Curve(each.knots, each.heights * slope) for name, each in self.curves.items()}
        return type(self)(self.intercept * slope + offset, curves)

    def as_json(self) -> dict[str, Any]:
        curves = {
            name: {"knots": each.knots.tolist(), "heights": each.heights.tolist()} for name, each in self.curves.items()
        }
        return {"intercept": self.intercept, "curves": curves}

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        """Raises ValueError, KeyError or TypeError when the numbers are not those of a model."""
        curves = {name: _curve(each["knots"], each["heights"]) for name, each in written["curves"].items()}
        intercept = float(written["intercept"])
        if not np.isfinite(intercept):
            raise ValueError("the intercept is not finite")
        return cls(intercept, curves)


def _curve(knots: list[float], heights: list[float]) -> Curve:
    curve = Curve(np.asarray(knots, dtype=np.float64), np.asarray(heights, dtype=np.float64))
    is_whole = curve.knots.shape == curve.heights.shape and curve.knots.ndim == 1 and curve.knots.size > 0
    if not is_whole or not np.isfinite([curve.knots, curve.heights]).all() or (np.diff(curve.knots) <= 0).any():
        raise ValueError("a curve has numbers that are missing, not finite, or out of order")
    return curve


def sigmoid(values: Numbers) -> Numbers:
    """Without overflow at either end."""
    half: Numbers = 0.5 * (1 + np.tanh(0.5 * values))
    return half


def slope_from(start: float, sums: Numbers) -> Numbers:
    """Probability gained for each unit of log-odds on the straight way from a start: so the heights stay additive on the curve. It is the
    integral of the sigmoid's slope along that way, in closed form (Aumann and Shapley's shares).

    >>> float(slope_from(0.0, np.array([0.0]))[0])
    0.25
    """
    at_start = float(sigmoid(np.array([start]))[0])
    way = sums - start
    is_short = np.abs(way) < 1e-9
    straight = (sigmoid(sums) - at_start) / np.where(is_short, 1.0, way)
    return np.where(is_short, at_start * (1 - at_start), straight)
