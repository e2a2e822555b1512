"""How good a model would have been: trained on what came before, tried on what came after, beside every simple rule.

Time goes on between the two by at least a day, and what was tried on is learned from in the next round. Within a round, probabilities are
set each week by what came true lately, as in service. The figures are per list, and their intervals come from drawing users and blocks of
their weeks again, for the lists of one user are alike.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np
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
from models.evaluation.simulation import follow
from models.features.fingerprint import fingerprint
from models.features.task_facts import LIST
from models.serving.baselines import rules
from models.serving.contributions import parts_of
from models.serving.score_components import Priority
from models.training.labels import labeled_before, per_due_date
from models.training.recalibration import RECENT, SAME, apply, line, log_odds

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


#: So often are probabilities set by what came true lately, in service and here.
A_WEEK: Final = timedelta(days=7)

#: What a probability speaks of, and from how many of them a quarter can be judged.
SPEAKS_OF: Final = {"likelihood": ("taken_up", 2000), "deadline_risk": ("missed", 250)}

#: Fewer days are no quarter: a few users act alike on them. Of a demo whose error was .03, 3 of 15 spans of two weeks had one above .05, and
#: none of 13 spans of four weeks.
SHORTEST_QUARTER: Final = timedelta(days=28)

#: Tasks in each group of a calibration curve, at least.
FEWEST_IN_A_GROUP: Final = 100


class TooLittle(Conflict):
    """There is too little history to train on one part of it and try on another. Some weeks with finished tasks are needed."""


def evaluate(
    lists: pl.DataFrame, fit: Fit, others: Mapping[str, Priority] | None = None, *, only: str | None = None
) -> Figures:
    """Figures of what `fit` makes, of every rule, and of other models by name. `lists` come from `models.training.dataset`. With `only`, learned
    from all users, and tried on that user.
    """
    rounds = list(_rounds(lists, fit, only))
    tested = pl.concat([each.tested for each in rounds])
    orders = {name: tested.select(rule)[:, 0] for name, rule in rules().items()}
    orders |= {name: _order(each, tested) for name, each in (others or {}).items()}
    orders |= {name: tested[name] for name in ("model", "likelihood")}
    judged = {name: per_list(gains(tested, order)) for name, order in orders.items()}
    best = max(rules(), key=lambda name: _mean(judged[name]["ndcg"]))
    ours = _against(judged["model"], judged[best])
    kinds = _of_lists(tested, lists)
    return {
        "sha256": fingerprint(lists),
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
        "is_risk_learned": any(each.priority.risk is not None for each in rounds),
        "following": follow(rounds[-1].tested, rounds[-1].priority, best),
        "everything": _figures_of_part(tested, ours, kinds),
        "tiers": {
            name: _figures_of_part(tested, ours, kinds.filter(pl.col(name))) for name in ("little", "some", "much")
        },
        "segments": {name: _figures_of_part(tested, ours, kinds.filter(pl.col(name))) for name in SEGMENTS},
        "likelihood": figures_of_probability(tested, "likelihood", "taken_up"),
        "risk": figures_of_probability(tested, "deadline_risk", "missed"),
        "risk_or_moved": figures_of_probability(tested, "deadline_risk", "missed_or_moved"),
    }


@dataclass(frozen=True, slots=True)
class Round:
    """A model, and the lists that it was tried on with what it said of them."""

    priority: Priority
    tested: pl.DataFrame


def _rounds(lists: pl.DataFrame, fit: Fit, only: str | None = None) -> Iterator[Round]:
    moments = lists["as_of"].sort()
    if moments.is_empty():
        raise TooLittle
    ends = moments.item(-1) + timedelta(microseconds=1)
    begins = [moments.item(int(len(moments) * share)) for share in ROUNDS]
    found = False
    for begin, end in pairwise([*begins, ends]):
        scope = lists if only is None else lists.filter(user_id=only)
        recent = _between(lists, begin - RECENT, end)
        this = _tested(labeled_before(lists, begin - PURGE), _between(scope, begin, end), fit, recent)
        if this is not None:
            found = True
            yield this
    if not found:
        raise TooLittle


def _tested(earlier: pl.DataFrame, later: pl.DataFrame, fit: Fit, recent: pl.DataFrame) -> Round | None:
    if later.is_empty():
        return None
    try:
        priority = fit(earlier)
    except ValueError:  # nothing to learn from so early
        return None
    parts = _weekly(priority, later.sort("as_of"), recent.sort("as_of"))
    return Round(priority, parts.with_columns(model=priority.weights.score()))


def _weekly(priority: Priority, later: pl.DataFrame, recent: pl.DataFrame) -> pl.DataFrame:
    """What the model says of later lists, its probabilities set each week by the lists of the 60 days before whose outcome was then known."""
    later, recent = (each.hstack(parts_of(priority, each)) for each in (later, recent))
    changed = {}
    for name, (outcome, _) in SPEAKS_OF.items():
        if name == "deadline_risk" and priority.risk is None:
            continue
        before, said = log_odds(recent[name].to_numpy()), later[name].to_numpy().copy()
        happened = recent[outcome].cast(pl.Float64).to_numpy()
        seen = recent.select("as_of", known_at=pl.max_horizontal("next_day_ends", _known_at(outcome)))
        moments, ends = seen["as_of"].to_numpy(), seen["known_at"].to_numpy()
        is_set = (
            np.ones(len(said), dtype=bool)
            if outcome == "taken_up"
            else later["days_overdue"].fill_null(0).to_numpy() < 0
        )
        places = later["as_of"].to_numpy()
        for week in np.arange(places[0], places[-1] + np.timedelta64(1, "us"), np.timedelta64(A_WEEK)):
            first, last = np.searchsorted(moments, [week - np.timedelta64(RECENT), week])
            is_known = (ends[first:last] < week) & ~np.isnan(happened[first:last])
            rows = np.flatnonzero(is_known) + first
            weights = recent[rows].select(per_due_date())[:, 0].to_numpy() if outcome == "missed" else None
            how = line(before[rows], happened[rows], weights) if len(rows) else SAME
            begin, end = np.searchsorted(places, [week, week + np.timedelta64(A_WEEK)])
            said[begin:end] = np.where(is_set[begin:end], apply(how, said[begin:end]), said[begin:end])
        changed[name] = said
    return later.with_columns(**{name: pl.Series(each) for name, each in changed.items()})


def _known_at(outcome: str) -> pl.Expr:
    return pl.col("due") if outcome == "missed" else pl.col("next_day_ends")


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
    recent = lists.filter(is_training_user & (pl.col("as_of") >= begin - RECENT))
    found = _tested(seen, lists.filter(~is_training_user & (pl.col("as_of") >= begin)), fit, recent)
    nothing = Interval(float("nan"), float("nan"), float("nan"))
    return nothing if found is None else _gain(found.tested, _best(found.tested))


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
    likelihood = figures_of_probability(tasks, "likelihood", "taken_up")
    risk = figures_of_probability(tasks, "deadline_risk", "missed")
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


def figures_of_probability(tested: pl.DataFrame, predicted: str, outcome: str) -> Figures:
    """Of rows for likelihood; of due dates for risk, each of which counts once, however many lists its task was on."""
    known = tested.filter(pl.col(outcome).is_not_null())
    is_of_dates = outcome != "taken_up"
    known = known.with_columns(weight=per_due_date() if is_of_dates else pl.lit(1.0))
    fewest = SPEAKS_OF[predicted][1]
    return {
        **_figures_of_rows(known, predicted, outcome),
        "rows": known.height,
        "quarters": [
            {"quarter": name, "is_judged": found["tasks"] >= fewest, **found}
            for name, each in by_quarter(known)
            if (found := _without_curve(_figures_of_rows(each, predicted, outcome)))
        ],
    }


def by_quarter(known: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows of each quarter. One of which only a few days are known is taken together with the quarter beside it."""
    quarter = pl.format("{}-Q{}", pl.col("local_date").dt.year(), pl.col("local_date").dt.quarter())
    groups: list[tuple[list[str], pl.DataFrame]] = []
    for name in known.select(quarter.unique().sort())[:, 0]:
        rows = known.filter(quarter == name)
        is_short = groups and (_span(groups[-1][1]) < SHORTEST_QUARTER or _span(rows) < SHORTEST_QUARTER)
        names, before = groups.pop() if is_short else ([], rows.clear())
        groups.append(([*names, name], pl.concat([before, rows])))
    for names, rows in groups:
        yield (names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"), rows


def _span(rows: pl.DataFrame) -> timedelta:
    days: list[date] = rows["local_date"].unique().sort().to_list()
    return days[-1] - days[0] + timedelta(days=1)


def _figures_of_rows(known: pl.DataFrame, predicted: str, outcome: str) -> Figures:
    probability, weights = known[predicted].to_numpy(), known["weight"].to_numpy()
    happened = known[outcome].cast(pl.Float64).to_numpy()
    tasks = float(weights.sum())
    bins = int(np.clip(tasks // FEWEST_IN_A_GROUP, 1, 10))
    return {
        "tasks": round(tasks),
        "rate": float(np.average(happened, weights=weights)) if known.height else float("nan"),
        "brier": brier(probability, happened, weights),
        "calibration_error": calibration_error(probability, happened, bins, weights),
        "reliability": reliability(probability, happened, bins, weights).to_dicts(),
    }


def _without_curve(figures: Figures) -> Figures:
    return {name: each for name, each in figures.items() if name != "reliability"}


def _mean(values: pl.Series) -> float:
    return float(values.to_numpy().mean()) if len(values) else float("nan")
