"""The three parts of a score and how they are weighed. This is the one place where the weights and the terms of importance stand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any, Final, Self

import polars as pl

from models.features.matrix import Usual, compute_features, day_features, place_features, risk_features
from models.serving.additive_model import Additive, Numbers


@dataclass(frozen=True, slots=True)
class Weights:
    """What each part counts. They add up to 1."""

    deadline_risk: float
    importance: float
    likelihood: float

    def score(self) -> pl.Expr:
        parts = (self.deadline_risk, "deadline_risk"), (self.importance, "importance"), (self.likelihood, "likelihood")
        return 100 * reduce(add, (weight * pl.col(name) for weight, name in parts))

    def distance(self, other: "Weights") -> float:
        return abs(self.deadline_risk - other.deadline_risk) + abs(self.importance - other.importance)

    @classmethod
    def grid(cls) -> Iterator["Weights"]:
        """All that may be chosen. Importance never counts less than a quarter: a model of behavior alone buries old important work."""
        for risk in range(2, 10):
            for importance in range(LEAST_IMPORTANCE, 15 - risk):
                yield cls(risk / 20, importance / 20, (20 - risk - importance) / 20)


#: In twentieths, as the grid is.
LEAST_IMPORTANCE: Final = 5

PROPOSED: Final = Weights(0.45, 0.35, 0.20)

#: Importance is the sum of these, at most 1: by priority, for a goal, more for a goal that is behind its pace, for what waits, for a pin.
BY_PRIORITY: Final = {"low": 0.0, "medium": 0.2, "high": 0.4, "urgent": 0.5}
FOR_A_GOAL: Final = 0.1
FOR_A_GOAL_BEHIND: Final = 0.1
FOR_WHAT_WAITS: Final = 0.1
FOR_A_PIN: Final = 0.2

#: Without a due date, risk grows with age: slowly, for most of what is old is old because nobody misses it. More than this made the
#: order worse in every real history, see docs/model.md.
AGEING_TOP: Final = 0.05
AGEING_DAYS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Priority:
    """All numbers of the priority model. Without `risk`, what a due date adds goes by Taskwarrior's rule."""

    usual: Usual
    likelihood: Additive
    risk: Additive | None
    weights: Weights

    def with_weights(self, weights: Weights) -> Self:
        return replace(self, weights=weights)

    def as_json(self) -> dict[str, Any]:
        return {
            "usual": {"done": self.usual.done, "acts": self.usual.acts},
            "likelihood": self.likelihood.as_json(),
            "risk": self.risk.as_json() if self.risk else None,
            "weights": [self.weights.deadline_risk, self.weights.importance, self.weights.likelihood],
        }

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        """Raises ValueError, KeyError or TypeError when the numbers are not those of a model."""
        usual = Usual(float(written["usual"]["done"]), float(written["usual"]["acts"]))
        likelihood = Additive.from_json(written["likelihood"])
        risk = Additive.from_json(written["risk"]) if written["risk"] else None
        weights = Weights(*map(float, written["weights"]))
        whole = abs(weights.deadline_risk + weights.importance + weights.likelihood - 1) < 1e-9
        if not whole or not usual.done > 0 or not usual.acts > 0:
            raise ValueError("the weights do not add up to 1, or nothing is usual")
        if set(likelihood.curves) != {*place_features(usual), *day_features(usual)} or (
            risk and set(risk.curves) != set(risk_features(usual))
        ):
            raise ValueError("it was made for other features")
        return cls(usual, likelihood, risk, weights)


#: What importance is made of.
IMPORTANCE: Final = {
    "priority": pl.col("priority").replace_strict(BY_PRIORITY, return_dtype=pl.Float64),
    "goal": FOR_A_GOAL * pl.col("goal_id").is_not_null()
    + FOR_A_GOAL_BEHIND * (pl.col("goal_behind").fill_null(0) / 0.25).clip(0, 1),
    "blocking": FOR_WHAT_WAITS * (pl.col("blocks").fill_null(0) / 2).clip(0, 1),
    "pinned": FOR_A_PIN * pl.col("pinned").fill_null(value=False),
}


def ageing() -> pl.Expr:
    return AGEING_TOP * (pl.col("age_days") / AGEING_DAYS).clip(0, 1)


def feature_values(priority: Priority, facts: pl.DataFrame) -> dict[str, Numbers]:
    """From which both the likelihood and the risk are read; what they share is computed once."""
    usual = priority.usual
    return compute_features(facts, place_features(usual) | day_features(usual) | risk_features(usual))
