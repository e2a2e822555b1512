"""Keeps probabilities right while base rates drift: a straight line in log-odds, from what came true lately. The order of tasks by likelihood stays."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from models.serving.additive_model import Numbers, sigmoid
from models.serving.score_components import Priority, feature_values
from models.training.labels import per_due_date

#: Probabilities are set by what happened in this time before.
RECENT: Final = timedelta(days=60)

#: Outcomes that speak for leaving everything as it is; with no more of them than this, little is changed.
STAY: Final = 20.0

MOST_ROWS: Final = 50_000
STEPS: Final = 12

Line = tuple[float, float]

#: Changes nothing.
SAME: Final[Line] = (1.0, 0.0)


def line(log_odds: Numbers, happened: Numbers, weights: Numbers | None = None) -> Line:
    """Slope and offset under which the log-odds agree with what happened: logistic regression by Newton's method, pulled towards (1, 0)."""
    stride = max(1, len(log_odds) // MOST_ROWS)
    x, y = log_odds[::stride], happened[::stride]
    w = (np.ones(len(log_odds)) if weights is None else weights)[::stride]
    if not len(x):
        return SAME
    columns = np.column_stack([x, np.ones(len(x))])
    found, start = np.array(SAME), np.array(SAME)
    for _ in range(STEPS):
        p = sigmoid(columns @ found)
        slope = columns.T @ (w * (y - p)) - STAY * (found - start)
        curve = (columns * (w * p * (1 - p))[:, None]).T @ columns + STAY * np.eye(2)
        step = np.linalg.solve(curve, slope)
        found = found + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    return max(float(found[0]), 0.05), float(found[1])


def log_odds(probability: Numbers) -> Numbers:
    inside = np.clip(probability, 1e-9, 1 - 1e-9)
    odds: Numbers = np.log(inside / (1 - inside))
    return odds


def apply(how: Line, probability: Numbers) -> Numbers:
    return sigmoid(how[0] * log_odds(probability) + how[1])


def recalibrated(priority: Priority, recent: pl.DataFrame) -> tuple[Priority, dict[str, Line]]:
    """The model with its probabilities set by lists of late whose outcome is known, and the lines by which they were moved."""
    values = pl.DataFrame(feature_values(priority, recent))
    lines = {"likelihood": line(priority.likelihood.sums(values), recent["taken_up"].cast(pl.Float64).to_numpy())}
    risk = priority.risk
    if risk is not None:
        has_label = recent["missed"].is_not_null()
        dates = recent.filter(has_label)
        weights = dates.select(per_due_date())[:, 0].to_numpy()
        lines["risk"] = line(risk.sums(values.filter(has_label)), dates["missed"].cast(pl.Float64).to_numpy(), weights)
        risk = risk.rescaled(*lines["risk"])
    return replace(priority, likelihood=priority.likelihood.rescaled(*lines["likelihood"]), risk=risk), lines
