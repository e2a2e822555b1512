"""The matrix from what is known at a moment. It looks at nothing later, at no text, and at nothing that is filled in when work is done.

What matters is a task's place within the user's own list, and the user's own habits; so most features are places and rates.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from models.features.columns import Columns, fill_missing
from models.serving.additive_model import Numbers

#: A column of the matrix, from the columns of the facts.
Feature = Callable[[Columns], Numbers]

#: Days lain open that a prior counts for: a rate from less than that is mostly that of the wider kind.
PRIOR_DAYS: Final = {"all": 50.0, "category": 10.0, "tag": 10.0, "priority": 10.0, "parent": 5.0, "age": 10.0}

#: What a task without an estimate is taken to need.
USUAL_MINUTES: Final = 45


@dataclass(frozen=True, slots=True)
class Usual:
    """What all users together do, to which the rates of somebody with little history are pulled: per day that a task lies open."""

    done: float
    acts: float


def place_features(usual: Usual) -> dict[str, Feature]:
    """What tells the tasks of one list apart."""
    return {
        "age": lambda of: _log_days(of["age_days"]),
        "newest": lambda of: np.log(of.place("newest", of["created_at"])),
        "newest_share": lambda of: _share(of, of.mid_rank("newest", of["created_at"])),
        "touched": lambda of: _log_days(of.days_since(_last_change(of))),
        "recent": lambda of: np.log(of.place("recent", _recent(of))),
        "recent_share": lambda of: _share(of, of.mid_rank("recent", _recent(of))),
        "worked": lambda of: fill_missing(_log_days(of.days_since(of["worked_at"])), 7.0),
        "worked_place": lambda of: fill_missing(np.log(of.place("worked", of["worked_at"])), 5.0),
        "stretches": lambda of: _log_count(of.fill("stretches")),
        "stretches_lately": lambda of: _log_count(of.fill("stretches_3")),
        "often": lambda of: _log_count(of.fill("stretches_14")),
        "often_place": lambda of: np.log(of.place("often", of.fill("stretches_14"))),
        "effort": _effort,
        "in_progress": lambda of: of["in_progress"],
        "estimate": lambda of: fill_missing(_log_count(of["estimated_minutes"]), -1.0),
        "estimate_share": lambda of: _share(of, of.mid_rank("shortest", -of.fill("estimated_minutes", USUAL_MINUTES))),
        "priority": lambda of: of["priority"],
        "priority_share": lambda of: _share(of, of.mid_rank("priority", of["priority"])),
        "skipped": lambda of: _log_count(of.fill("times_skipped").clip(0)),
        "reschedules": lambda of: of.fill("reschedules").clip(0, 4),
        "slack": lambda of: fill_missing(-of["days_overdue"].clip(-60, 30), 90.0),
        "due_place": lambda of: fill_missing(np.log(of.place("due", -of["due"])), 4.0),
        "pinned": lambda of: of.fill("pinned"),
        "goal": lambda of: of["goal"],
        "blocks": lambda of: of.fill("blocks").clip(0, 3),
        "tags": lambda of: of["tags"].clip(0, 3),
        "recurs": lambda of: of["recurs"],
        "same_task": lambda of: of["same_task"],
        "same_parent": lambda of: of["same_parent_task"],
        "same_category": lambda of: of["same_category"],
        "same_goal": lambda of: of["same_goal"],
        "same_tag": lambda of: of["same_tag"],
        **{f"{kind}_done": _habit(kind, "done", usual.done) for kind in PRIOR_DAYS if kind != "all"},
        **{f"{kind}_acts": _habit(kind, "acts", usual.acts) for kind in PRIOR_DAYS if kind != "all"},
        **{f"{kind}_lately": _lately(kind) for kind in ("category", "tag", "parent")},
    }  # fmt: skip


def day_features(usual: Usual) -> dict[str, Feature]:
    """What all tasks of a list share: it says how much will be done, not which."""
    return {
        "open_tasks": lambda of: np.log(of.lengths),
        "own_done": lambda of: np.log(_rate(of, "all", "done", usual.done)),
        "own_acts": lambda of: np.log(_rate(of, "all", "acts", usual.acts)),
        "idle": lambda of: fill_missing(_log_days(of.days_since(of["acted_at"])), 4.0),
        "hours_left": lambda of: of["hours_left"],
        "weekend": lambda of: np.where(of["weekday"] >= 6, 1.0, 0.0),
        "before_weekend": lambda of: np.where(of["weekday"] == 5, 1.0, 0.0),
    }


def risk_features(usual: Usual) -> dict[str, Feature]:
    """What tells whether a due date will be missed."""
    chosen = (
        "slack", "estimate", "priority", "reschedules", "in_progress", "stretches", "goal", "pinned", "recurs", "skipped", "tags",
        "category_done", "age_done", "tag_done", "open_tasks", "idle",
    )  # fmt: skip
    every = place_features(usual) | day_features(usual)
    return {name: each for name, each in every.items() if name in chosen} | {"room": _room}


def compute_features(facts: pl.DataFrame, features: Mapping[str, Feature]) -> dict[str, Numbers]:
    """What the features say, one number a task, all finite."""
    of = Columns(facts)
    return {name: feature(of) for name, feature in features.items()}


def matrix(facts: pl.DataFrame, features: Mapping[str, Feature]) -> pl.DataFrame:
    """One row a task, one column a feature."""
    return pl.DataFrame(compute_features(facts, features))


def usual_of(facts: pl.DataFrame) -> Usual:
    """What all users do in a day with a task, in the same terms as what is remembered of each user."""
    sums = facts.select(pl.col("all_days_open", "all_done", "all_acts").fill_null(0).clip(0).sum()).row(0, named=True)
    days = max(sums["all_days_open"], 1.0)
    return Usual(max(sums["all_done"] / days, 1e-3), max(sums["all_acts"] / days, 1e-3))


def _log_days(days: Numbers) -> Numbers:
    """A minute, an hour, a day and a month are about equally far apart."""
    return np.log(days.clip(0) + 0.01)


def _log_count(count: Numbers) -> Numbers:
    return np.log(count + 1.0)


def _last_change(of: Columns) -> Numbers:
    return fill_missing(of["touched_at"], of["created_at"])


def _recent(of: Columns) -> Numbers:
    return np.fmax(of["worked_at"], _last_change(of))


def _share(of: Columns, place: Numbers) -> Numbers:
    """The place as a share of the list, 0 at the top."""
    return (place - 0.5) / of.lengths


def _effort(of: Columns) -> Numbers:
    """How far the work has come against its estimate."""
    return fill_missing(np.log((of.fill("minutes_worked") + 5) / (of["estimated_minutes"] + 5)), 0.0)


def _room(of: Columns) -> Numbers:
    """How many times the estimate fits into what is left until it is due."""
    left = (-of["days_overdue"]).clip(0, 60) * 1440
    return fill_missing(np.log((left + 30) / (of.fill("estimated_minutes", USUAL_MINUTES) + 15)), 0.0)


def _rate(of: Columns, kind: str, what: str, prior: float | Numbers) -> Numbers:
    weight = PRIOR_DAYS[kind]
    return (of.fill(f"{kind}_{what}").clip(0) + weight * prior) / (of.fill(f"{kind}_days_open").clip(0) + weight)


def _lately(kind: str) -> Feature:
    """How much of the last week went to tasks of a kind."""
    return lambda of: (of.fill(f"{kind}_lately") + 0.5) / (of.fill("all_lately") + 2.0)


def _habit(kind: str, what: str, usual: float) -> Feature:
    """How much quicker than the user's other tasks those of a kind go, pulled towards no difference."""

    def relative_speed(of: Columns) -> Numbers:
        own = _rate(of, "all", what, usual)
        return np.log(_rate(of, kind, what, own) / own)

    return relative_speed
