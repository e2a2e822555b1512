"""Whether what a model sees and says still looks like what it was trained on: the population stability index of each feature and part."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from models.serving.additive_model import Numbers
from models.serving.contributions import learned
from models.serving.score_components import Priority, feature_values

BINS: Final = 10

#: By custom, above .1 a shift is worth a look, and above .25 the model was made for something else.
MUCH: Final = 0.25

#: No share counts as less, so that an empty bin does not make the index infinite.
LEAST_SHARE: Final = 1e-4


def shapes(priority: Priority, facts: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """How each feature of a model, and each part of its scores, is spread over some lists: cuts, and the share between each two."""
    values = _values(priority, facts)
    cuts = {name: np.unique(np.quantile(each, np.linspace(0, 1, BINS + 1)[1:-1])) for name, each in values.items()}
    return {
        name: {"cuts": each.tolist(), "shares": _shares(values[name], each).tolist()} for name, each in cuts.items()
    }


def drift(priority: Priority, trained_on: Mapping[str, Mapping[str, Any]], facts: pl.DataFrame) -> dict[str, float]:
    """The index of each feature and part now against what the card says, the largest first."""
    values = _values(priority, facts)
    found = {
        name: index(np.array(shape["shares"]), _shares(values[name], np.array(shape["cuts"])))
        for name, shape in trained_on.items()
        if name in values
    }
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def index(before: Numbers, now: Numbers) -> float:
    """
    >>> index(np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    0.0
    >>> round(index(np.array([0.5, 0.5]), np.array([0.8, 0.2])), 3)
    0.416
    """
    before, now = np.maximum(before, LEAST_SHARE), np.maximum(now, LEAST_SHARE)
    return float(((now - before) * np.log(now / before)).sum())


def _shares(values: Numbers, cuts: Numbers) -> Numbers:
    return np.bincount(np.searchsorted(cuts, values, side="left"), minlength=len(cuts) + 1) / max(len(values), 1)


def _values(priority: Priority, facts: pl.DataFrame) -> dict[str, Numbers]:
    """What is seen, also for the risk, and what is said of it."""
    _, parts = learned(priority, facts)
    return feature_values(priority, facts) | parts
