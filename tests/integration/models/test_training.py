"""What is planted in a history is learned, what is not is not, and a model is its numbers."""

from datetime import timedelta

import numpy as np
import orjson
import polars as pl
import pytest

from models.evaluation.ranking_metrics import bootstrap, gains, ndcg_of_lists, per_list
from models.serving.additive_model import sigmoid, slope_from
from models.serving.baselines import rules
from models.serving.contributions import parts_of
from models.serving.score_components import Priority, Weights, feature_values
from models.training.dataset import lists_with_outcomes
from models.training.fit import _with_due_date_labels, fit
from models.training.labels import labeled_before
from tests.unit.models.histories import connected, lived


@pytest.fixture(scope="module")
def history():
    return lived(users=24, days=60, planted=1.0)


@pytest.fixture(scope="module")
def lists(history):
    return lists_with_outcomes(*connected(history))


def in_time(lists):
    """What is learned from is over, a day before what it is tried on begins."""
    cut = lists["as_of"].sort().item(int(lists.height * 0.7))
    return labeled_before(lists, cut - timedelta(days=1)), lists.filter(pl.col("as_of") >= cut)


@pytest.fixture(scope="module")
def split(lists):
    return in_time(lists)


@pytest.fixture(scope="module")
def model(split):
    return fit(split[0])


def gain_over_best_rule(lists, score):
    """By how much an order is better than that of the best rule, list by list, users drawn again."""
    of_rules = {name: gains(lists, lists.select(score=rule)["score"]) for name, rule in rules().items()}
    best = max(of_rules, key=lambda name: float(ndcg_of_lists(of_rules[name]).to_numpy().mean()))
    theirs, ours = per_list(of_rules[best]), per_list(gains(lists, score))
    both = ours.join(theirs, on=["user_id", "as_of"], validate="1:1")
    return bootstrap(both.select("user_id", value=pl.col("ndcg") - pl.col("ndcg_right")), "value")


def likelihood(model, lists):
    return parts_of(model, lists)["likelihood"]


def test_a_habit_that_was_planted_beats_every_rule(model, split):
    assert gain_over_best_rule(split[1], likelihood(model, split[1])).low > 0


def test_where_nothing_was_planted_no_rule_is_beaten():
    earlier, later = in_time(lists_with_outcomes(*connected(lived(users=24, days=60))))
    assert gain_over_best_rule(later, likelihood(fit(earlier), later)).low <= 0


def test_predictions_are_close_to_outcomes(model, split):
    later = split[1]
    said, came = likelihood(model, later).mean(), later["taken_up"].mean()
    assert said == pytest.approx(came, abs=0.05)


def test_a_history_in_which_nothing_happens_is_refused(lists):
    idle = lists.with_columns(gain=pl.lit(0), taken_up=pl.lit(value=False))
    with pytest.raises(ValueError, match="nothing to learn from"):
        fit(idle)


def test_a_model_written_down_and_read_again_says_the_same(model, split):
    again = Priority.from_json(orjson.loads(orjson.dumps(model.as_json())))
    assert parts_of(again, split[1]).equals(parts_of(model, split[1]))


def break_curve(written):
    written["likelihood"]["curves"]["age"]["heights"][0] = float("nan")


def break_order(written):
    written["likelihood"]["curves"]["age"]["knots"].reverse()


def break_weights(written):
    written["weights"][0] += 0.1


def break_features(written):
    del written["likelihood"]["curves"]["age"]


@pytest.mark.parametrize("damage", [break_curve, break_order, break_weights, break_features])
def test_numbers_that_are_no_model_are_refused(model, damage):
    written = orjson.loads(orjson.dumps(model.as_json()))
    damage(written)
    with pytest.raises(ValueError):
        Priority.from_json(written)


def test_heights_add_up_to_the_probability(model, split):
    """By their share of the way from a start, on the curve, to 1e-9."""
    matrix = pl.DataFrame(feature_values(model, split[1]))
    sums = model.likelihood.sums(matrix)
    heights = sum(model.likelihood.heights(matrix).values())
    start = model.likelihood.intercept
    added = sigmoid(np.array([start]))[0] + heights * slope_from(start, sums)
    assert np.abs(added - model.likelihood.probability(matrix)).max() < 1e-9


def test_weights_that_may_be_chosen_add_up_and_keep_a_quarter_for_importance():
    for weights in Weights.grid():
        assert weights.deadline_risk + weights.importance + weights.likelihood == pytest.approx(1)
        assert weights.importance >= 0.25
        assert weights.deadline_risk >= 0.1


def test_a_list_is_learned_from_once_its_outcome_is_whole(history, lists):
    assert lists["next_day_ends"].max() <= history["task_history"]["valid_from"].max()
    moment = lists["as_of"].max() - timedelta(days=9)
    known = labeled_before(lists, moment)
    assert known["next_day_ends"].max() < moment
    assert known.filter(pl.col("missed").is_not_null())["due"].max() < moment
    assert known["missed"].null_count() > known["due"].null_count()


def test_a_missed_date_is_learned_from_what_scoring_will_see(model, split):
    """Features speak of whole lists, also where only tasks with a due date are learned from."""
    learned, missed, dates = _with_due_date_labels(split[0], model.usual)
    seen = pl.DataFrame(feature_values(model, split[0])).filter(split[0]["missed"].is_not_null())
    assert learned.equals(seen.select(learned.columns))
    assert len(missed) == learned.height < split[0].height
    distinct = split[0].filter(pl.col("missed").is_not_null()).select("user_id", "task_id", "due").n_unique()
    assert dates.sum() == pytest.approx(distinct)
