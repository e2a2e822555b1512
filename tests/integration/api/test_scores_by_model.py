"""A learned score through the API is that of the batch: the same function, on what was known at the same moment."""

import logging
from datetime import datetime, timedelta
from typing import Any

import orjson
import polars as pl
import pytest

from focusflow import clock
from focusflow.database.tag_key import tag_key
from focusflow.lake.session import duckdb_session, scans
from focusflow.lake.tables import Lake
from ingestion.demo import PASSWORD, write_demo
from ingestion.landing.service import open_ingestion
from models.serving.registry import Registry
from models.serving.scoring import BASELINE_VERSION
from pipelines.engine import histories, priorities, publish_scores, silver
from tests.conftest import BUCKETS
from tests.integration.api.conftest import signed_in
from tests.sizes import dice, sized
from tests.unit.models.made_up import model

BENDS: Any = {
    "slack": -0.8, "newest": -0.4, "priority": 0.4, "pinned": 0.5, "worked": -0.4, "often": 0.3, "skipped": -0.3, "reschedules": 0.3,
    "category_done": 0.7, "tag_acts": 0.5, "age_done": 0.6, "priority_acts": 0.4, "tag_lately": 0.5, "own_done": 0.4, "idle": -0.3,
    "same_category": 0.5, "same_tag": 0.3, "effort": 0.4, "goal": 0.2, "open_tasks": 0.2, "hours_left": 0.1,
}  # fmt: skip


TASK_ACTS = ("complete", "reopen", "archive", "restore", "complete")


@pytest.fixture(scope="module")
def settings(http):
    return http.app.state.services.settings


@pytest.fixture(scope="module")
def registry(settings):
    return Registry(settings.models_folder)


@pytest.fixture(scope="module")
def refresh(settings, database, registry):
    """Brings everything that was written so far to the lake, and scores it as of a moment."""

    def run(as_of):
        lake = Lake.of(settings)
        open_ingestion(database, lake, buckets=BUCKETS, rows=50_000, age_seconds=0).drain()
        session = duckdb_session()
        silver.load_incremental(lake, session, BUCKETS, tag_key=tag_key(database))
        for noun in histories.KEPT:
            histories.load_incremental(lake, session, noun, BUCKETS)
        priorities.score_open_tasks(lake, session, BUCKETS, as_of, registry)
        publish_scores.publish_scores(lake, session, database, BUCKETS)
        scores = lake.pinned(priorities.SCORES.name)
        assert scores is not None
        return pl.DataFrame(
            session.run("from gold.priority_scores where as_of = $as_of", scans([scores]), {"as_of": as_of})
        )

    return run


@pytest.fixture(scope="module")
def me(http, database, registry, refresh):
    """Somebody with two months behind them, and a model that serves."""
    write_demo(database, clock.now(), days=60, count=1)
    registry.promote(registry.save(model(**BENDS), {"refused": []}, clock.now()), clock.now())
    refresh(clock.now())
    return signed_in(http, "demo@example.com", PASSWORD)


def scores(user):
    answer = user.call("GET", "/scores?limit=200")
    assert answer.status_code == 200, answer.text
    return {each["task_id"]: each for each in answer.json()["items"]}


def test_what_was_just_written_scores_as_in_the_next_batch(me, refresh, registry):
    batch = scores(me)
    assert not any(each["is_baseline"] for each in batch.values())
    first, second, *_ = batch
    me.call("POST", f"/tasks/{first}/complete")
    me.call("PATCH", f"/tasks/{second}", {"pinned": True, "tags": ["home", "phone"]})
    new = me.task(
        "just written", priority="high", due_date=f"{clock.now():%Y-%m-%d}", tags=["home"], estimated_minutes=25
    )
    found = scores(me)
    assert new["id"] in found
    assert first not in found
    assert {each["model_version"] for each in found.values()} == {registry.current()}
    assert any(
        "wait longer" in reason["text"] or "soon" in reason["text"]
        for each in found.values()
        for reason in each["reasons"]
    )

    assert_scored_as_in_the_next_batch(found, me, refresh)


def test_what_was_done_and_taken_back_counts_as_in_the_next_batch(me, refresh):
    """The day stays one on which something was taken up, and the task stays what was taken up last; only histories still say so."""
    reopened, archived, third, *_ = scores(me)
    me.call("POST", f"/tasks/{archived}/complete")
    me.call("POST", f"/tasks/{archived}/archive")
    me.call("POST", f"/tasks/{reopened}/complete")
    me.call("POST", f"/tasks/{reopened}/reopen")
    refresh(clock.now())
    me.call("PATCH", f"/tasks/{reopened}", {"tags": ["changed since"]})
    me.call("PATCH", f"/tasks/{third}", {"pinned": True})
    assert_scored_as_in_the_next_batch(scores(me), me, refresh)


@pytest.mark.parametrize("number", range(sized(2, 30)))
def test_random_writes_score_as_in_the_next_batch(me, refresh, number):
    """Whatever is done to tasks and entries, in whatever order, and however often a task is touched between two batches."""
    chance = dice(number)
    own, entries = [task for task, _ in zip(scores(me), range(12), strict=False)], []
    for _ in range(sized(25, 60)):
        task = chance.choice(own)
        kind = chance.choice([*TASK_ACTS, "create", "edit", "edit", "move", "log", "log", "correct", "delete"])
        if kind == "create":
            own.append(me.task("made at random", **random_fields(chance))["id"])
        elif kind == "edit":
            assert_written(me.call("PATCH", f"/tasks/{task}", random_fields(chance)))
        elif kind == "move":
            day = clock.now().date() + timedelta(days=chance.randrange(1, 9))
            assert_written(me.call("PATCH", f"/tasks/{task}", {"due_date": f"{day:%Y-%m-%d}"}))
        elif kind == "log":
            entry = me.call("POST", "/time", {"task_id": task, **random_times(chance)})
            assert_written(entry)
            entries += [entry.json()["id"]] if entry.status_code < 300 else []
        elif kind == "correct" and entries:
            changes = chance.choice([random_times(chance), {"task_id": task}])
            assert_written(me.call("PATCH", f"/time/{chance.choice(entries)}", changes))
        elif kind == "delete" and entries:
            assert_written(me.call("DELETE", f"/time/{entries.pop(chance.randrange(len(entries)))}"))
        elif kind in TASK_ACTS:
            assert_written(me.call("POST", f"/tasks/{task}/{kind}"))
        if chance.random() < 0.05:
            refresh(clock.now())
    assert_scored_as_in_the_next_batch(scores(me), me, refresh)


def random_times(chance):
    end = clock.now() - timedelta(minutes=chance.randrange(1, 3_000))
    return {"started_at": (end - timedelta(minutes=chance.randrange(5, 90))).isoformat(), "ended_at": end.isoformat()}


def random_fields(chance):
    """Some fields of a task, among them a due date of today or the past, or none."""
    day = clock.now().date() + timedelta(days=chance.randrange(-3, 8))
    every: dict[str, Any] = {
        "due_date": chance.choice([None, f"{day:%Y-%m-%d}"]),
        "priority": chance.choice(["low", "medium", "high", "urgent"]),
        "pinned": chance.random() < 0.5,
        "tags": chance.sample(["home", "phone", "work"], chance.randrange(3)),
        "estimated_minutes": chance.choice([None, 5, 25, 240]),
    }
    return {name: every[name] for name in chance.sample(sorted(every), chance.randrange(1, len(every) + 1))}


def assert_written(answer):
    """Or refused, as completing a completed task is."""
    assert answer.status_code < 300 or answer.status_code == 409, answer.text


def assert_scored_as_in_the_next_batch(found, me, refresh):
    as_of = datetime.fromisoformat(next(iter(found.values()))["as_of"])
    in_batch = {row["task_id"]: row for row in refresh(as_of).iter_rows(named=True) if row["user_id"] == me.id}
    assert in_batch.keys() == found.keys()
    for task_id, ours in found.items():
        theirs = in_batch[task_id]
        for name in ("score", "deadline_risk", "importance", "likelihood"):
            assert ours[name] == pytest.approx(theirs[name], abs=1e-9), (name, ours, theirs)
        assert (ours["rank"], ours["due_rank"], ours["urgency_rank"], ours["version"]) == (
            theirs["rank"], theirs["rank_by_due_date"], theirs["rank_by_urgency"], theirs["task_version"],
        )  # fmt: skip
        assert [each["text"] for each in ours["reasons"]] == [each["text"] for each in orjson.loads(theirs["reasons"])]
        assert sum(reason["points"] for reason in ours["reasons"]) == pytest.approx(ours["score"], abs=1e-6)


def test_the_published_batch_is_served_as_it_is(me, refresh):
    refresh(clock.now())
    found = scores(me)
    assert scores(me) == found
    assert all(each["likelihood"] is not None and not each["is_baseline"] for each in found.values())


def test_another_model_serves_from_the_next_write_on_and_a_damaged_one_not_at_all(me, registry, caplog):
    better = registry.save(model(pinned=2.0), {"refused": []}, clock.now())
    registry.promote(better, clock.now())
    task = me.task("after the promotion")
    assert scores(me)[task["id"]]["model_version"] == better
    registry.promote(registry.save(model(pinned=1.0), {"refused": []}, clock.now()), clock.now())
    (registry.root / str(registry.current()) / "model.json").write_bytes(b"{")
    with caplog.at_level(logging.WARNING):
        task = me.task("after the damage")
        served = scores(me)[task["id"]]
    assert (served["is_baseline"], served["model_version"]) == (True, "urgency-1")
    assert "the baseline serves" in caplog.text


def test_a_coin_for_each_day_decides_which_order_is_shown_where_both_are_compared(http, me, registry, monkeypatch):
    serving = http.app.state.services.serving
    version = registry.save(model(**BENDS), {"refused": []}, clock.now())
    registry.promote(version, clock.now())
    monkeypatch.setattr(serving, "has_comparison", True)
    for is_baseline in (True, False):
        monkeypatch.setattr("models.serving.registry.is_baseline_day", lambda *_, answer=is_baseline: answer)
        shown = scores(me).values()
        assert {each["is_baseline"] for each in shown} == {is_baseline}
        assert {each["model_version"] for each in shown} == {BASELINE_VERSION if is_baseline else version}
        assert [each["rank"] for each in shown] == list(range(1, len(shown) + 1))
