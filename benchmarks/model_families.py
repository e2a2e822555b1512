"""`python -m benchmarks.model_families [HOME …]`: families of models for the order of a list, on made-up users and on histories in homes.

Each learns from the first 60 % of the lists and is tried on the rest, with a day between. All see the same features.
"""

import argparse
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression

from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import Lake
from focusflow.settings import load_settings
from models.evaluation.ranking_metrics import Interval, bootstrap, gains, per_list
from models.features.matrix import Feature, Usual, day_features, matrix, place_features, usual_of
from models.features.task_facts import LIST
from models.serving.additive_model import Numbers
from models.serving.baselines import rules
from models.training.dataset import lists_of_lake, lists_with_outcomes
from models.training.fit import PULL, Basis, fit_order
from models.training.labels import labeled_before
from tests.unit.models.histories import connected, lived

Family = Callable[[pl.DataFrame, pl.DataFrame, Usual], Numbers]

MOST_ROWS = 400_000


def additive_on_pairs(earlier: pl.DataFrame, later: pl.DataFrame, usual: Usual) -> Numbers:
    return fit_order(earlier, usual, seed=0).sums(matrix(later, place_features(usual)))


def additive_on_tasks(earlier: pl.DataFrame, later: pl.DataFrame, usual: Usual) -> Numbers:
    """The same curves, learned from each task alone."""
    some = _some(earlier)
    values = matrix(some, _features(usual))
    basis = Basis.of(values)
    model = LogisticRegression(C=PULL, max_iter=200).fit(basis.columns(values), some["taken_up"].to_numpy())
    sums: Numbers = basis.columns(matrix(later, _features(usual))) @ model.coef_[0]
    return sums


def boosting(earlier: pl.DataFrame, later: pl.DataFrame, usual: Usual, *, interactions: bool = True) -> Numbers:
    some = _some(earlier)
    model = HistGradientBoostingClassifier(
        max_iter=200, learning_rate=0.08, min_samples_leaf=100, l2_regularization=5,
        interaction_cst=None if interactions else "no_interactions",
    )  # fmt: skip
    model.fit(matrix(some, _features(usual)).to_numpy(), some["taken_up"].to_numpy())
    said: Numbers = model.predict_proba(matrix(later, _features(usual)).to_numpy())[:, 1]
    return said


def boosting_of_grades(earlier: pl.DataFrame, later: pl.DataFrame, usual: Usual) -> Numbers:
    some = _some(earlier)
    model = HistGradientBoostingRegressor(max_iter=200, learning_rate=0.08, min_samples_leaf=100, l2_regularization=5)
    model.fit(matrix(some, _features(usual)).to_numpy(), 2.0 ** some["gain"].to_numpy() - 1)
    said: Numbers = model.predict(matrix(later, _features(usual)).to_numpy())
    return said


FAMILIES: dict[str, Family] = {
    "additive, pairs of a list (the one we take)": additive_on_pairs,
    "additive, each task alone": additive_on_tasks,
    "boosting without interactions, each task alone": partial(boosting, interactions=False),
    "boosting, each task alone": boosting,
    "boosting, graded": boosting_of_grades,
}


def _features(usual: Usual) -> dict[str, Feature]:
    return place_features(usual) | day_features(usual)


def _some(lists: pl.DataFrame) -> pl.DataFrame:
    return lists if lists.height <= MOST_ROWS else lists.sample(MOST_ROWS, seed=0)


def compare(name: str, lists: pl.DataFrame) -> Table:
    cut = lists["as_of"].sort().item(int(lists.height * 0.6))
    earlier, later = labeled_before(lists, cut - timedelta(days=1)), lists.filter(pl.col("as_of") >= cut)
    usual = usual_of(earlier)
    of_rules = {rule: per_list(gains(later, later.select(each)[:, 0])) for rule, each in rules().items()}
    best = max(of_rules, key=lambda rule: float(of_rules[rule]["ndcg"].to_numpy().mean()))
    table = Table(
        "family", "NDCG@5", f"against {best}", "against ours", "seconds", title=f"{name}: {later.height:,} rows tried"
    )
    table.add_row(best, f"{of_rules[best]['ndcg'].to_numpy().mean():.4f}", "", "", "")
    ours: pl.DataFrame | None = None
    for family, learn in FAMILIES.items():
        begun = time.perf_counter()
        judged = per_list(gains(later, pl.Series(learn(earlier, later, usual))))
        taken = time.perf_counter() - begun
        against = "" if ours is None else _summary(_gain(judged, ours))
        ours = judged if ours is None else ours
        mean = f"{judged['ndcg'].to_numpy().mean():.4f}"
        table.add_row(family, mean, _summary(_gain(judged, of_rules[best])), against, f"{taken:.0f}")
    return table


def _gain(one: pl.DataFrame, other: pl.DataFrame) -> Interval:
    both = one.join(other.select(*LIST, theirs="ndcg"), on=LIST, validate="1:1")
    return bootstrap(both.with_columns(gain=pl.col("ndcg") - pl.col("theirs")), "gain")


def _summary(gain: Interval) -> str:
    return f"{gain.mean:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model_families", description=__doc__)
    parser.add_argument("homes", nargs="*", type=Path, help="homes with a history, e.g. of benchmarks.real_histories")
    console = Console(width=150)
    np.seterr(all="ignore")
    for planted in (1.0, 0.0):
        users = lists_with_outcomes(*connected(lived(users=60, days=90, planted=planted)))
        console.print(compare(f"made-up people, planted {planted:g}", users))
    for home in parser.parse_args().homes:
        lake = Lake(load_settings(home=home).lake_location)
        console.print(compare(home.name, lists_of_lake(lake, duckdb_session(temp_directory=str(home / "tmp")))))


if __name__ == "__main__":
    main()
