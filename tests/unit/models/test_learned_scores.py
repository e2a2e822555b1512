"""A learned score says what it is made of, exactly, and puts it into words."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.features import snapshots
from models.features.matrix import day_features, place_features, risk_features
from models.features.task_facts import derive_facts
from models.serving import scoring
from models.serving.contributions import CODE_OF, parts_of
from models.serving.registry import Served
from models.serving.scoring import BASELINE_VERSION, SCORE_COLUMNS, score
from tests.unit.models.histories import FIRST, connected, lived
from tests.unit.models.made_up import USUAL, model

NOW = FIRST + timedelta(days=25, hours=9)


@pytest.fixture(scope="module")
def tasks():
    with snapshots.chosen(*connected(lived())) as users:
        return users.lists_at(NOW).rows


BENT: Any = {
    "slack": -1.0,
    "newest": -0.6,
    "priority": 0.4,
    "category_done": 0.7,
    "pinned": 0.5,
    "hours_left": 0.3,
    "worked": -0.4,
}


@pytest.mark.parametrize("with_risk", [True, False])
def test_the_points_of_the_reasons_add_up_to_the_score_and_the_parts_do_too(tasks, with_risk):
    served = Served("pr-1.test", model(with_risk=with_risk, **BENT))
    found = score(tasks, NOW, served)
    weights = served.priority.weights
    for row in found.iter_rows(named=True):
        points = [reason["points"] for reason in row["reasons"]]
        assert sum(points) == pytest.approx(row["score"], abs=1e-6)
        assert points == sorted(points, reverse=True)
    assert_frame_equal(found.select("score"), found.select(score=weights.score()), abs_tol=1e-6)
    assert (
        found.select(pl.col("deadline_risk", "importance", "likelihood").is_between(0, 1).all()).row(0) == (True,) * 3
    )


def test_the_parts_are_those_that_training_weighs(tasks):
    served = Served("pr-1.test", model(**BENT))
    found = score(tasks, NOW, served).sort("task_id")
    assert_frame_equal(
        found.select("deadline_risk", "importance", "likelihood"),
        parts_of(served.priority, derive_facts(tasks, NOW).sort("task_id")),
    )


def test_a_model_ranks_by_its_score_and_shows_the_simple_ranks_beside_it(tasks):
    plain, learned = (
        score(tasks, NOW, served).sort("task_id") for served in (None, Served("pr-1.test", model(**BENT)))
    )
    for user, own in learned.group_by("user_id"):
        in_order = own.sort("rank")
        assert in_order["rank"].to_list() == list(range(1, own.height + 1)), user
        assert in_order["score"].is_sorted(descending=True)
    ranks = ["rank_by_due_date", "rank_by_urgency"]
    assert_frame_equal(plain.select(ranks), learned.select(ranks))
    assert set(learned["model_version"]) == {"pr-1.test"}
    assert set(plain["model_version"]) == {BASELINE_VERSION}
    assert (learned["is_baseline"].any(), plain["is_baseline"].all()) == (False, True)


@pytest.mark.parametrize("at_once", [1, 7, 40])
def test_scored_in_pieces_a_list_stays_whole(tasks, at_once, monkeypatch):
    served = Served("pr-1.test", model(**BENT))
    whole = score(tasks, NOW, served)
    monkeypatch.setattr(scoring, "AT_ONCE", at_once)
    assert_frame_equal(score(tasks.sample(fraction=1, shuffle=True, seed=1), NOW, served), whole, abs_tol=1e-9)


def test_the_schema_is_that_of_the_baseline(tasks):
    assert score(tasks.clear(), NOW, Served("pr-1.test", model())).schema == pl.Schema(SCORE_COLUMNS)


def test_each_feature_belongs_to_a_reason():
    every = place_features(USUAL) | day_features(USUAL) | risk_features(USUAL)
    assert set(CODE_OF) == set(every)


def test_a_task_of_which_nothing_is_remembered_is_scored(tasks):
    """As one that was just written is, by somebody who just came."""
    fresh = tasks.head(1).select(
        pl.exclude("all_days_open", "worked_at", "reschedules", "category_done", "goal_behind")
    )
    (row,) = score(fresh, NOW, Served("pr-1.test", model(**BENT))).iter_rows(named=True)
    assert 0 < row["score"] < 100


def test_reasons_are_in_plain_words(tasks):
    said = {
        reason["text"]
        for reasons in score(tasks, NOW, Served("pr-1.test", model(**BENT)))["reasons"]
        for reason in reasons
    }
    assert not any("null" in text or "None" in text for text in said)
    assert said & {"you do tasks in this category soon", "your tasks in this category wait longer"}
