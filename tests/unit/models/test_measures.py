"""Measures agree with a definition written out by hand, and with scikit-learn's."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import ndcg_score, roc_auc_score

from models.evaluation.backtest import by_quarter
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


def home(dice, users, weeks=10):
    """Lists whose gain is nothing on the whole: users differ, and each has good and bad weeks that follow each other."""
    rows = []
    for user in range(users):
        own, week = dice.normal(0, 0.03) if users > 1 else 0.0, 0.0
        for number in range(weeks):
            week = 0.3 * week + dice.normal(0, 0.05)
            days = dice.uniform(0, 7, 8)
            rows += [
                (str(user), NOW + timedelta(days=7 * number + day), own + week + dice.normal(0, 0.3)) for day in days
            ]
    columns = pl.DataFrame(rows, schema=["user_id", "as_of", "gain"], orient="row")
    return columns.with_columns(pl.col("as_of").cast(pl.Datetime("us", "UTC")))


@pytest.mark.parametrize(("users", "homes"), [(1, 100), (2, 60), (5, 40), (50, 10)])
def test_a_gain_of_nothing_is_taken_for_one_in_few_homes_of_any_size(users, homes):
    dice = np.random.default_rng(users)
    found = [bootstrap(home(dice, users), "gain", draws=200) for _ in range(homes)]
    assert sum(each.low > 0 for each in found) <= 0.05 * homes + 2 * (0.05 * 0.95 * homes) ** 0.5
    assert all(each.low < each.mean < each.high for each in found)


def test_a_gain_that_one_user_has_every_week_is_one():
    assert bootstrap(home(np.random.default_rng(1), users=1).with_columns(pl.col("gain") + 0.2), "gain").low > 0


def test_of_a_few_weeks_of_one_user_nothing_is_known():
    found = bootstrap(home(np.random.default_rng(1), users=1, weeks=3), "gain")
    assert np.isnan([found.low, found.high]).all()


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-01-01", "2026-06-30", {"2026-Q1": 90, "2026-Q2": 91}),
        ("2026-03-18", "2026-06-30", {"2026-Q1 to 2026-Q2": 105}),
        ("2026-01-01", "2026-04-27", {"2026-Q1 to 2026-Q2": 117}),
        ("2026-01-01", "2026-04-28", {"2026-Q1": 90, "2026-Q2": 28}),
        ("2026-03-18", "2026-07-08", {"2026-Q1 to 2026-Q3": 113}),
        ("2026-03-18", "2026-03-20", {"2026-Q1": 3}),
    ],
)
def test_a_few_days_of_a_quarter_are_judged_with_the_quarter_beside_it(first, last, expected):
    """Two weeks of four users say too little of a probability. No day is left out."""
    days = pl.DataFrame({"local_date": pl.date_range(date.fromisoformat(first), date.fromisoformat(last), eager=True)})
    assert {name: each.height for name, each in by_quarter(days)} == expected


def test_what_counts_half_is_half_in_a_calibration_error():
    said, came = np.full(4, 0.5), np.array([1.0, 1.0, 1.0, 0.0])
    assert calibration_error(said, came, bins=1) == pytest.approx(0.25)
    assert calibration_error(said, came, bins=1, weights=np.array([1, 1, 1, 3.0])) == pytest.approx(0)
    assert brier(said, came, np.array([1, 1, 1, 3.0])) == pytest.approx(0.25)


def test_predictions_and_outcomes():
    dice = np.random.default_rng(5)
    said = dice.random(50_000)
    came = (dice.random(50_000) < said).astype(float)
    assert calibration_error(said, came) < 0.01
    assert calibration_error(said * 0.5, came) == pytest.approx(0.25, abs=0.01)
    assert brier(said, came) == pytest.approx(1 / 6, abs=0.01)
    assert reliability(said, came)["tasks"].sum() == 50_000
