"""How good a model would have been: trained on what came before, tried on what came after, beside every simple rule.

Time goes on between the two by at least a day, and what was tried on is learned from in the next round. The figures are per list, and their
intervals come from drawing users again, for the lists of one user are alike.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import polars as pl

from focusflow.errors import Conflict
from models.evaluation.ranking_metrics import (
    Interval,
    bootstrap,
    brier,
    calibration_error,
    gains,
    per_list,
    reliability,
)
from models.features.task_facts import LIST
from models.serving.baselines import rules
from models.serving.contributions import parts_of
from models.serving.score_components import Priority
from models.training.labels import labeled_before

Fit = Callable[[pl.DataFrame], Priority]
Figures = dict[str, Any]

#: After these shares of the lists begin the rounds; each is tried on what comes before the next.
ROUNDS: Final = (0.55, 0.7, 0.85)

#: Between what is learned from and what is tried.
PURGE: Final = timedelta(days=1)

NEW_FOR: Final = timedelta(days=28)
MANY_TASKS: Final = 30

#: How much somebody took up lately, as the counters remember it: little, some, much from these on.
TIERS: Final = (10, 50)


class TooLittle(Conflict):
    """There is too little history to train on one part of it and try on another. Some weeks with finished tasks are needed."""


def evaluate(
    lists: pl.DataFrame, fit: Fit, others: Mapping[str, Priority] | None = None, *, only: str | None = None
) -> Figures:
    """Figures of what `fit` makes, of every rule, and of other models by name. `lists` come from `models.training.dataset`. With `only`, learned
    from all users, and tried on that user.
    """
    tested = pl.concat(list(_rounds(lists, fit, only)))
    orders = {name: tested.select(rule)[:, 0] for name, rule in rules().items()}
    orders |= {name: _order(each, tested) for name, each in (others or {}).items()}
    orders |= {name: tested[name] for name in ("model", "likelihood")}
    judged = {name: per_list(gains(tested, order)) for name, order in orders.items()}
    best = max(rules(), key=lambda name: _mean(judged[name]["ndcg"]))
    ours = _against(judged["model"], judged[best])
    kinds = _of_lists(tested, lists)
    return {
        "from": tested["local_date"].min(),
        "to": tested["local_date"].max(),
        "people": tested["user_id"].n_unique(),
        "lists": tested.select(LIST).n_unique(),
        "judged": ours.height,
        "tasks": tested.height,
        "best_baseline": best,
        "orders": {name: _figures_of_order(each) for name, each in judged.items()},
        "gain": asdict(bootstrap(ours, "gain")),
        "gain_of_likelihood": asdict(bootstrap(_against(judged["likelihood"], judged[best]), "gain")),
        "gain_over": {
            name: asdict(bootstrap(_against(judged["model"], judged[name]), "gain")) for name in (others or {})
        },
        "gain_without_recurring": asdict(_without_recurring(tested, best)),
        "gain_for_people_never_seen": asdict(_unseen_users(lists, fit)),
        "everything": _figures_of_part(tested, ours, kinds),
        "tiers": {
            name: _figures_of_part(tested, ours, kinds.filter(pl.col(name))) for name in ("little", "some", "much")
        },
        "segments": {name: _figures_of_part(tested, ours, kinds.filter(pl.col(name))) for name in SEGMENTS},
        "likelihood": _figures_of_probability(tested, "likelihood", "taken_up"),
        "risk": _figures_of_probability(tested, "deadline_risk", "missed"),
        "risk_or_moved": _figures_of_probability(tested, "deadline_risk", "missed_or_moved"),
    }


def _rounds(lists: pl.DataFrame, fit: Fit, only: str | None = None) -> Iterator[pl.DataFrame]:
    moments = lists["as_of"].sort()
    if moments.is_empty():
        raise TooLittle
    ends = moments.item(-1) + timedelta(microseconds=1)
    begins = [moments.item(int(len(moments) * share)) for share in ROUNDS]
    found = False
    for begin, end in pairwise([*begins, ends]):
        scope = lists if only is None else lists.filter(user_id=only)
        tested = _tested(labeled_before(lists, begin - PURGE), _between(scope, begin, end), fit)
        if tested is not None:
            found = True
            yield tested
    if not found:
        raise TooLittle


def _tested(earlier: pl.DataFrame, later: pl.DataFrame, fit: Fit) -> pl.DataFrame | None:
    if later.is_empty():
        return None
    try:
        priority = fit(earlier)
    except ValueError:  # nothing to learn from so early
        return None
    return later.hstack(parts_of(priority, later)).with_columns(model=priority.weights.score())


def _between(lists: pl.DataFrame, begin: datetime, end: datetime) -> pl.DataFrame:
    return lists.filter((pl.col("as_of") >= begin) & (pl.col("as_of") < end))


def _order(priority: Priority, tested: pl.DataFrame) -> pl.Series:
    return parts_of(priority, tested).select(priority.weights.score())[:, 0]


def _against(ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    both = ours.join(theirs.select(*LIST, other="ndcg"), on=LIST, how="inner", validate="1:1")
    return both.with_columns(gain=pl.col("ndcg") - pl.col("other")).drop("other")


def _unseen_users(lists: pl.DataFrame, fit: Fit) -> Interval:
    """Trained on one half of the users, tried on the other, later."""
    is_training_user = pl.col("user_id").hash(3) % 2 == 0
    begin = lists["as_of"].sort().item(int(lists.height * ROUNDS[1]))
    seen = labeled_before(lists.filter(is_training_user), begin - PURGE)
    tested = _tested(seen, lists.filter(~is_training_user & (pl.col("as_of") >= begin)), fit)
    nothing = Interval(float("nan"), float("nan"), float("nan"))
    return nothing if tested is None else _gain(tested, _best(tested))


def _without_recurring(tested: pl.DataFrame, best: str) -> Interval:
    return _gain(tested.filter(pl.col("recurrence").is_null()), best)


def _best(tested: pl.DataFrame) -> str:
    """The rule that is best here."""
    found = {name: per_list(gains(tested, tested.select(rule)[:, 0]))["ndcg"] for name, rule in rules().items()}
    return max(found, key=lambda name: _mean(found[name]))


def _gain(tested: pl.DataFrame, best: str) -> Interval:
    ours = per_list(gains(tested, tested["model"]))
    theirs = per_list(gains(tested, tested.select(rules()[best])[:, 0]))
    return bootstrap(_against(ours, theirs), "gain")


#: Kinds of lists that are told apart, by the columns of `_of_lists`.
SEGMENTS: Final = ("new_users", "many_tasks", "no_due_dates", "due_dates", "mornings", "after_finishing")


def _of_lists(tested: pl.DataFrame, lists: pl.DataFrame) -> pl.DataFrame:
    """Which kinds of list each one is."""
    since = lists.group_by("user_id").agg(since=pl.col("as_of").min())
    activity = pl.col("all_acts").fill_null(0).max()
    little, much = TIERS
    each = tested.group_by(LIST).agg(
        little=activity < little,
        some=(activity >= little) & (activity < much),
        much=activity >= much,
        many_tasks=pl.len() >= MANY_TASKS,
        no_due_dates=pl.col("due").is_null().all(),
        mornings=pl.col("is_morning").first(),
    )
    return (
        each.join(since, on="user_id")
        .with_columns(
            new_users=pl.col("as_of") < pl.col("since") + NEW_FOR,
            due_dates=~pl.col("no_due_dates"),
            after_finishing=~pl.col("mornings"),
        )
        .drop("since")
    )


def _figures_of_part(tested: pl.DataFrame, gained: pl.DataFrame, part: pl.DataFrame) -> Figures:
    judged, tasks = (each.join(part, on=LIST, how="semi") for each in (gained, tested))
    likelihood = _figures_of_probability(tasks, "likelihood", "taken_up")
    risk = _figures_of_probability(tasks, "deadline_risk", "missed")
    return {
        "lists": judged.height,
        "people": judged["user_id"].n_unique(),
        "gain": asdict(bootstrap(judged, "gain")),
        **_means(judged),
        "brier": likelihood["brier"],
        "calibration_error": likelihood["calibration_error"],
        "risk": {name: risk[name] for name in ("tasks", "brier", "calibration_error")},
    }


def _figures_of_order(judged: pl.DataFrame) -> Figures:
    return {**_means(judged), "ndcg": asdict(bootstrap(judged, "ndcg"))}


def _means(judged: pl.DataFrame) -> Figures:
    return {name: _mean(judged[name].drop_nulls()) for name in ("ndcg", "hit", "auc")}


def _figures_of_probability(tested: pl.DataFrame, predicted: str, outcome: str) -> Figures:
    known = tested.filter(pl.col(outcome).is_not_null())
    probability, happened = known[predicted].to_numpy(), known[outcome].cast(pl.Float64).to_numpy()
    return {
        "tasks": known.height,
        "rate": _mean(known[outcome].cast(pl.Float64)),
        "brier": brier(probability, happened),
        "calibration_error": calibration_error(probability, happened),
        "reliability": reliability(probability, happened).to_dicts(),
    }


def _mean(values: pl.Series) -> float:
    return float(values.to_numpy().mean()) if len(values) else float("nan")
