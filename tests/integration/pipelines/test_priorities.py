"""Scores of the lake: by the model that serves, of now or of a day that is past, with what the API needs until the next batch."""

from datetime import timedelta

import orjson
import pytest
from polars.testing import assert_frame_equal

from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import show
from models.serving.registry import Registry
from pipelines.engine import priorities
from tests.conftest import BUCKETS
from tests.integration.made_up_lake import fill
from tests.unit.models.histories import FIRST, lived
from tests.unit.models.made_up import model

NOON = FIRST + timedelta(days=25, hours=12)
LATER = NOON + timedelta(days=3)


@pytest.fixture(params=["baseline", "model"])
def registry(request, tmp_path):
    registry = Registry(tmp_path / "models")
    if request.param == "model":
        registry.promote(registry.save(model(category_done=0.7, newest=-0.4), {"refused": []}, NOON), NOON)
    return registry


@pytest.fixture
def score(lake, registry):
    fill(lake, lived())
    return lambda as_of: priorities.score_open_tasks(lake, duckdb_session(), BUCKETS, as_of, registry)


def rows(lake, as_of):
    scores, connection = lake.pinned(priorities.SCORES.name), duckdb_session().connection
    show(connection, [scores])
    found = connection.sql(
        "from gold.priority_scores where as_of = $as_of order by user_id, rank", params={"as_of": as_of}
    )
    return found.pl()


def test_a_batch_says_by_what_it_was_scored_and_of_which_version(lake, registry, score):
    assert score(NOON).tasks == rows(lake, NOON).height > 0
    found = rows(lake, NOON)
    assert set(found["is_baseline"]) == {registry.current() is None}
    assert found["task_version"].min() >= 1
    assert not score(NOON + timedelta(minutes=5)).is_fresh


def test_another_model_is_a_reason_to_score_again(lake, registry, score):
    score(NOON)
    registry.promote(registry.save(model(pinned=2.0), {"refused": []}, NOON), NOON)
    assert score(NOON + timedelta(minutes=5)).is_fresh


def test_a_past_day_is_rebuilt_as_it_was_and_others_stay(lake, registry, score):
    score(NOON)
    then = rows(lake, NOON)
    score(LATER)
    now = rows(lake, LATER)
    priorities.rebuild(lake, duckdb_session(), NOON - timedelta(hours=1), registry)
    assert rows(lake, NOON).is_empty()
    priorities.rebuild(lake, duckdb_session(), NOON, registry)
    assert_frame_equal(rows(lake, NOON), then)
    assert_frame_equal(rows(lake, LATER), now)
    assert not score(LATER + timedelta(minutes=5)).is_fresh


def test_a_past_day_is_rebuilt_by_what_served_then(lake, registry, score):
    score(NOON)
    then = rows(lake, NOON)
    registry.promote(registry.save(model(pinned=2.0), {"refused": []}, LATER), LATER)
    rebuilt = priorities.rebuild(lake, duckdb_session(), NOON, registry)
    assert_frame_equal(rows(lake, NOON), then)
    assert set(then["model_version"]) == {rebuilt.by}


def test_a_memory_is_kept_of_all_users_while_a_model_serves(lake, registry, score):
    score(NOON)
    memory = lake.pinned(priorities.MEMORY.name)
    if registry.current() is None:
        assert memory is None
        return
    connection = duckdb_session().connection
    show(connection, [memory])
    found = {
        user: orjson.loads(said)
        for user, said in connection.sql("select user_id, memory from gold.priority_memory").fetchall()
    }
    assert len(found) == 4
    assert all(
        {each["kind"] for each in said["rates"]} >= {"all", "priority", "category", "age"} for said in found.values()
    )
