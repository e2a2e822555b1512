"""Fits the priority model: which task first, how likely that is, and how likely a due date is missed. scikit-learn is needed here only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from models.evaluation.ranking_metrics import gains, ndcg_of_lists
from models.features.matrix import Usual, day_features, matrix, place_features, risk_features, usual_of
from models.features.task_facts import LIST
from models.serving.additive_model import Additive, Curve, Numbers
from models.serving.contributions import parts_of
from models.serving.score_components import PROPOSED, Priority, Weights
from models.training.labels import labeled_before, per_due_date
from models.training.recalibration import RECENT, line

#: Bends in each curve; more follow the noise of small histories, measured in docs/model.md.
KNOTS: Final = 5

#: Strength of the pull towards straight and small (scikit-learn's C).
PULL: Final = 0.1

#: Of each task that was taken up, so many others of the same list are compared with it.
OTHERS: Final = 6

MOST_PAIRS: Final = 300_000
MOST_ROWS: Final = 400_000

#: Due dates that were missed, and as many that were kept, to learn from.
FEWEST: Final = 30

#: Orders whose NDCG@5 differs by less are about as good.
ABOUT: Final = 0.0005

#: The last part of the time, on which probabilities are calibrated and the weights chosen.
LATER: Final = 0.25


@dataclass(frozen=True, slots=True)
class Basis:
    """Straight pieces between quantiles of each feature, as columns of hats."""

    knots: dict[str, Numbers]

    @classmethod
    def of(cls, values: pl.DataFrame) -> "Basis":
        return cls({name: _knots(values[name].to_numpy()) for name in values.columns})

    def columns(self, values: pl.DataFrame) -> Numbers:
        """Heights of 1 at one knot and 0 at the others; the first knot of each feature is left out, for the hats add up to 1."""
        each = [_hats(values[name].to_numpy(), knots)[:, 1:] for name, knots in self.knots.items()]
        return np.hstack(each) if each else np.zeros((values.height, 0))

    def curves(self, coefficients: Numbers, values: pl.DataFrame) -> tuple[dict[str, Curve], float]:
        """The curves that the coefficients say, each moved to mean 0 over the values; and what that took away."""
        curves, taken, place = {}, 0.0, 0
        for name, knots in self.knots.items():
            heights = np.concatenate([[0.0], coefficients[place : place + len(knots) - 1]])
            place += len(knots) - 1
            mean = float(Curve(knots, heights).at(values[name].to_numpy()).mean())
            curves[name] = Curve(knots, heights - mean)
            taken += mean
        return curves, taken


def fit(lists: pl.DataFrame, seed: int = 0, *, with_risk: bool = True) -> Priority:
    """The model of some lists with their outcomes: its order is learned on the earlier part, calibrated and weighted on the later. Its
    likelihood is set by the last weeks. Without risk, due dates count by the rule of urgency.
    """
    lists = lists.sort(*LIST, "task_id")
    moments = lists.filter(pl.col("gain") > 0)["as_of"].sort()
    if moments.is_empty():
        raise ValueError("there is nothing to learn from: nobody took anything up")
    cut: datetime = moments.item(int(len(moments) * (1 - LATER)))
    earlier, later = labeled_before(lists, cut), lists.filter(pl.col("as_of") >= cut)
    if not earlier["taken_up"].any() or not later["taken_up"].any():
        raise ValueError("there is nothing to learn from: nobody took anything up")
    usual = usual_of(earlier)
    order = fit_order(earlier, usual, seed)
    likelihood = fit_level(order, _latest(later), usual)
    risk = fit_risk(earlier, later, usual) if with_risk else None
    priority = Priority(usual, likelihood, risk, PROPOSED)
    return priority.with_weights(fit_weights(priority, later))


def _latest(later: pl.DataFrame) -> pl.DataFrame:
    """The last weeks of the later part, where they are enough: base rates drift."""
    end: datetime = later["as_of"].sort().item(-1)
    latest = later.filter(pl.col("as_of") > end - RECENT)
    return latest if min(latest["taken_up"].sum(), (~latest["taken_up"]).sum()) >= FEWEST else later


def fit_order(lists: pl.DataFrame, usual: Usual, seed: int) -> Additive:
    """Which of two tasks of a list was taken up: pairs, so that long lists and busy days do not outweigh the others."""
    values = matrix(lists, place_features(usual))
    basis = Basis.of(values)
    hats = basis.columns(values).astype(np.float32)
    chosen, others, weights = _pairs(lists, np.random.default_rng(seed))
    sides = np.where(np.arange(len(chosen)) % 2 == 0, 1, -1).astype(np.float32)
    model = _regression(C=PULL, fit_intercept=False, max_iter=200, tol=1e-3)
    model.fit((hats[chosen] - hats[others]) * sides[:, None], sides > 0, sample_weight=weights)
    curves, _ = basis.curves(model.coef_[0].astype(np.float64), values)
    return Additive(0.0, curves)


def fit_level(order: Additive, lists: pl.DataFrame, usual: Usual) -> Additive:
    """How likely: the order stretched, and moved by what all tasks of a day share."""
    lists = _some(lists)
    sums = order.sums(matrix(lists, place_features(usual)))
    values = matrix(lists, day_features(usual))
    basis = Basis.of(values)
    columns = np.column_stack([sums, basis.columns(values)])
    model = _regression(C=1.0, max_iter=300).fit(columns, lists["taken_up"].to_numpy())
    curves, taken = basis.curves(model.coef_[0][1:], values)
    stretched = order.rescaled(max(float(model.coef_[0][0]), 0.0), 0.0)
    return Additive(float(model.intercept_[0]) + taken, {**stretched.curves, **curves})


def fit_risk(earlier: pl.DataFrame, later: pl.DataFrame, usual: Usual) -> Additive | None:
    """How likely a due date that is still ahead is missed; none where too few were."""
    (values, missed, dates), (check, came, later_dates) = (
        _with_due_date_labels(_some(lists), usual) for lists in (earlier, later)
    )
    if min(dates @ missed, dates @ ~missed, later_dates @ came, later_dates @ ~came) < FEWEST:
        return None
    basis = Basis.of(values)
    model = _regression(C=0.1 * len(dates) / dates.sum(), max_iter=300)
    model.fit(basis.columns(values), missed, sample_weight=dates)
    curves, taken = basis.curves(model.coef_[0], values)
    risk = Additive(float(model.intercept_[0]) + taken, curves)
    return risk.rescaled(*line(risk.sums(check), came.astype(np.float64), later_dates))


def _regression(**how: Any) -> Any:
    """Imported where it is used: that takes seconds, and whatever may train some day is loaded by every process of Dagster."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(**how)


def _with_due_date_labels(lists: pl.DataFrame, usual: Usual) -> tuple[pl.DataFrame, npt.NDArray[np.bool_], Numbers]:
    """What told whether a due date would be missed, whether it was, and what each row counts: a due date counts once, however many lists
    its task was on. Features are those of whole lists, also of what has no date.
    """
    has_label = lists["missed"].is_not_null()
    dates = lists.filter(has_label)
    values = matrix(lists, risk_features(usual)).filter(has_label)
    return values, dates["missed"].to_numpy(), dates.select(per_due_date())[:, 0].to_numpy()


def fit_weights(priority: Priority, lists: pl.DataFrame) -> Weights:
    """Of the weights under which the order is about the best, those nearest to the proposed ones."""
    parts = parts_of(priority, lists)
    tried = {
        weights: float(ndcg_of_lists(gains(lists, parts.select(score=weights.score())["score"])).to_numpy().mean())
        for weights in Weights.grid()
    }
    best = max(tried.values())
    return min((each for each, found in tried.items() if found >= best - ABOUT), key=PROPOSED.distance)


def _pairs(lists: pl.DataFrame, dice: np.random.Generator) -> tuple[Numbers, Numbers, Numbers]:
    """Rows that were taken up, rows of the same lists that were less so, and what each pair counts: lists count alike."""
    gain = lists["gain"].to_numpy()
    list_of = lists.select(pl.struct(LIST).rank("dense")).to_series().to_numpy().astype(np.int64) - 1
    sizes = np.bincount(list_of)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    chosen = np.flatnonzero(gain > 0)
    per_list = np.bincount(list_of[chosen], minlength=len(sizes))
    chosen = np.repeat(chosen, OTHERS)
    others = starts[list_of[chosen]] + (dice.random(len(chosen)) * sizes[list_of[chosen]]).astype(np.int64)
    differs = gain[chosen] > gain[others]
    chosen, others = chosen[differs], others[differs]
    if len(chosen) > MOST_PAIRS:
        some = np.sort(dice.choice(len(chosen), MOST_PAIRS, replace=False))
        chosen, others = chosen[some], others[some]
    weights = (2.0 ** gain[chosen] - 2.0 ** gain[others]) / per_list[list_of[chosen]]
    return chosen, others, weights / weights.mean()


def _some(lists: pl.DataFrame) -> pl.DataFrame:
    """Whole lists, as many as are needed, always the same."""
    share = MOST_ROWS / max(lists.height, 1)
    return lists if share >= 1 else lists.filter(pl.struct(LIST).hash(5) % 10_000 < int(share * 10_000))


def _knots(values: Numbers) -> Numbers:
    inner = np.quantile(values, np.linspace(0, 1, KNOTS)) if len(values) else np.zeros(1)
    return np.unique(np.round(inner, 6))


def _hats(values: Numbers, knots: Numbers) -> Numbers:
    return (
        np.stack([np.interp(values, knots, hat) for hat in np.eye(len(knots))], axis=1)
        if len(knots) > 1
        else np.ones((len(values), 1))
    )
