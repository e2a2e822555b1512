"""Whether what a model sees and says still looks like what it was trained on: the population stability index of each feature and part.

A few weeks of a few users never look like a year of them. So the card also says how far any four weeks of the training stood from all of it,
and only what is clearly further counts as drift.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from models.features.snapshots import RECENT
from models.serving.additive_model import Numbers
from models.serving.contributions import learned
from models.serving.score_components import Priority, feature_values

BINS: Final = 10

#: By custom, above .1 a shift is worth a look, and above .25 the model was made for something else.
MUCH: Final = 0.25

#: So many times as far as the furthest four weeks of the training may the last weeks be.
SLACK: Final = 2.0

#: Of n independent values in b bins the index is (b - 1) / n by chance. The lists of a user in four weeks are so much alike that they count as so few.
BY_CHANCE: Final = 1.5

#: With less than so many spans of four weeks after the first, which is that of beginners, nothing is known of what is usual.
LEAST_SPANS: Final = 3

#: No share counts as less, so that an empty bin does not make the index infinite.
LEAST_SHARE: Final = 1e-4


def shapes(priority: Priority, facts: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """How each feature of a model, and each part of its scores, is spread over some lists: cuts, the share between each two, and the largest index of
    any four weeks against all.
    """
    values, spans = _values(priority, facts), _spans(facts)
    found = {}
    for name, each in values.items():
        cuts = np.unique(np.quantile(each, np.linspace(0, 1, BINS + 1)[1:-1]))
        shares = _shares(each, cuts)
        usual = max((index(shares, _shares(each[span], cuts)) for span in spans), default=0.0)
        found[name] = {"cuts": cuts.tolist(), "shares": shares.tolist(), "usual": usual}
    return found


def drift(priority: Priority, trained_on: Mapping[str, Mapping[str, Any]], facts: pl.DataFrame) -> dict[str, float]:
    """The index of each feature and part now against what the card says, as a share of what it may be; the largest first. Over 1 the model was made
    for something else.
    """
    values = _values(priority, facts)
    chance = (BINS - 1) / (BY_CHANCE * max(1, facts["user_id"].n_unique()))
    found = {
        name: index(np.array(shape["shares"]), _shares(values[name], np.array(shape["cuts"])))
        / max(MUCH + chance, SLACK * shape.get("usual", 0.0))
        for name, shape in trained_on.items()
        if name in values
    }
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def _spans(facts: pl.DataFrame) -> list[npt.NDArray[np.bool_]]:
    """The rows of each four weeks, the last of which end with the lists; without the first four, where they are enough."""
    ages = facts.select((pl.col("local_date").max() - pl.col("local_date")).dt.total_days())
    numbers = (ages["local_date"] // RECENT.days).to_numpy()
    spans = [numbers == number for number in np.unique(numbers)[:-1]]
    return spans if len(spans) >= LEAST_SPANS else []


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
