"""Measures agree with a definition written out by hand, and with scikit-learn's."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import ndcg_score, roc_auc_score

from models.evaluation.ranking_metrics import bootstrap, brier, calibration_error, gains, per_list, reliability

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def lists(gain, user="ada"):
    return pl.DataFrame({"user_id": user, "as_of": NOW, "task_id": [f"t{n}" for n in range(len(gain))], "gain": gain})


def test_places_are_judged_as_scikit_learn_does():
    dice = np.random.default_rng(3)
    for _ in range(20):
        gain, score = dice.integers(0, 3, 12), dice.random(12)
        if not gain.any() or gain.all():
            continue
        found = per_list(gains(lists(gain), pl.Series(score))).row(0, named=True)
        assert found["ndcg"] == pytest.approx(ndcg_score([2.0**gain - 1], [score], k=5))
        assert found["auc"] == pytest.approx(roc_auc_score(gain > 0, score))
        assert found["hit"] == float(gain[score.argmax()] > 0)


@pytest.mark.parametrize("gain", [[2, 0, 0, 0], [0, 0, 0, 0, 0]], ids=["nothing to choose", "nothing chosen"])
def test_a_list_without_a_choice_is_not_judged(gain):
    assert gains(lists(gain), pl.Series(range(len(gain)))).is_empty()


def test_a_rule_that_says_nothing_gains_nothing_by_the_order_of_rows():
    rows = pl.concat(
        lists([2, 0, 0, 0, 0]).with_columns(
            as_of=pl.lit(NOW) + pl.duration(hours=n), task_id=pl.format("{}-{}", "task_id", pl.lit(n))
        )
        for n in range(600)
    )
    hits = per_list(gains(rows, pl.Series(np.zeros(rows.height))))["hit"].to_numpy()
    assert 0.15 < hits.mean() < 0.25


def test_the_interval_counts_users_not_lists():
    """Ten users with a hundred equal lists each know no more than ten users with one."""
    values = np.linspace(-1, 1, 10)
    few = pl.DataFrame({"user_id": [str(n) for n in range(10)], "value": values})
    many = pl.concat([few] * 100)
    one, hundred = bootstrap(few, "value"), bootstrap(many, "value")
    assert (one.low, one.high) == pytest.approx((hundred.low, hundred.high))
    assert one.low < -0.2 < 0.2 < one.high


def test_what_is_said_and_what_comes():
    dice = np.random.default_rng(5)
    said = dice.random(50_000)
    came = (dice.random(50_000) < said).astype(float)
    assert calibration_error(said, came) < 0.01
    assert calibration_error(said * 0.5, came) == pytest.approx(0.25, abs=0.01)
    assert brier(said, came) == pytest.approx(1 / 6, abs=0.01)
    assert reliability(said, came)["tasks"].sum() == 50_000
