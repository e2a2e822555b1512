"""What each reason gives to a learned score, in points: exact, for the model is additive and each part is weighed."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from models.serving.additive_model import Additive, Numbers, sigmoid, slope_from
from models.serving.baselines import due_share
from models.serving.score_components import IMPORTANCE, Priority, ageing, feature_values

#: Which features are told under which reason.
FEATURES_BY_REASON: Final = {
    "due": ("slack", "due_place", "room"),
    "priority": ("priority", "priority_share", "priority_done", "priority_acts"),
    "goal": ("goal", "same_goal"),
    "blocking": ("blocks",),
    "pinned": ("pinned",),
    "age": ("age", "newest", "newest_share", "touched", "age_done", "age_acts", "skipped"),
    "work": (
        "recent", "recent_share", "worked", "worked_place", "stretches", "stretches_lately", "often", "often_place", "effort", "same_task",
    ),
    "in_progress": ("in_progress",),
    "estimate": ("estimate", "estimate_share"),
    "moved": ("reschedules",),
    "recurs": ("recurs",),
    "usual_tags": ("tags", "tag_done", "tag_acts", "tag_lately", "same_tag"),
    "usual_category": ("category_done", "category_acts", "category_lately", "same_category"),
    "usual_parent": ("parent_done", "parent_acts", "parent_lately", "same_parent"),
    "day": ("open_tasks", "own_done", "own_acts", "idle", "hours_left", "weekend", "before_weekend"),
}  # fmt: skip

CODE_OF: Final = {feature: code for code, features in FEATURES_BY_REASON.items() for feature in features}


#: The parts of a score, from 0 to 1.
PARTS: Final = ("deadline_risk", "importance", "likelihood")


def learned(priority: Priority, facts: pl.DataFrame) -> tuple[dict[str, Numbers], dict[str, Numbers]]:
    """The points of each reason by a model, which add up to the score, and its parts; from the columns that `models.features.task_facts.derive_facts` makes."""
    weights, points = priority.weights, {code: np.zeros(facts.height) for code in ("open", *FEATURES_BY_REASON)}
    values = feature_values(priority, facts)
    likelihood = _share_out(priority.likelihood, values, 100 * weights.likelihood, points)
    importance = np.zeros(facts.height)
    for gives in facts.select(term.cast(pl.Float64).alias(code) for code, term in IMPORTANCE.items()):
        importance += gives.to_numpy()
        points[gives.name] += 100 * weights.importance * gives.to_numpy()
    risk = _risk(priority, facts, values, points)
    return points, dict(zip(PARTS, (risk, importance, likelihood), strict=True))


def _share_out(
    model: Additive, values: Mapping[str, Numbers], points_in_all: float | Numbers, points: dict[str, Numbers]
) -> Numbers:
    """Give a probability's points to the reasons. Returns the probability."""
    heights: dict[str, Numbers] = {}
    for name, curve in model.curves.items():
        code, height = CODE_OF[name], curve.at(values[name])
        heights[code] = heights[code] + height if code in heights else height
    sums = model.intercept + sum(heights.values(), start=np.zeros(1))
    points_a_unit = points_in_all * slope_from(model.intercept, sums)
    for code, height in heights.items():
        points[code] += points_a_unit * height
    points["open"] += points_in_all * sigmoid(np.array([model.intercept]))[0]
    return sigmoid(sums)


def _risk(
    priority: Priority, facts: pl.DataFrame, values: Mapping[str, Numbers], points: dict[str, Numbers]
) -> Numbers:
    """1 once the due date has passed, by the model as long as it is ahead, and by age without one."""
    overdue, by_age = facts.select(pl.col("days_overdue").fill_null(np.nan), ageing().alias("ageing"))
    days, in_all = overdue.to_numpy(), 100 * priority.weights.deadline_risk
    is_ahead, has_none = days < 0, np.isnan(days)
    risk = np.where(has_none, by_age.to_numpy(), 1.0)
    points["age"] += in_all * np.where(has_none, risk, 0.0)
    points["due"] += in_all * (days >= 0)
    if priority.risk is None:
        share = facts.select(due_share(pl.col("days_overdue")))[:, 0].to_numpy()
        points["due"] += in_all * np.where(is_ahead, share, 0.0)
        return np.where(is_ahead, share, risk)
    return np.where(is_ahead, _share_out(priority.risk, values, np.where(is_ahead, in_all, 0.0), points), risk)


def parts_of(priority: Priority, facts: pl.DataFrame) -> pl.DataFrame:
    """The parts alone, as columns."""
    _, parts = learned(priority, facts)
    return pl.DataFrame(parts)
