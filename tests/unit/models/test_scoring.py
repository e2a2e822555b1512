"""What a score says of a task, alone and among others."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from focusflow.clock import start_of
from models.features.task_facts import TASK_COLUMNS
from models.serving.baselines import due_share
from models.serving.scoring import SCORE_COLUMNS, score
from tests.sizes import sized

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

PLAIN = {
    "user_id": "ada",
    "task_id": "a",
    "created_at": NOW,
    "due_at": None,
    "due_date": None,
    "timezone": "UTC",
    "start_at": None,
    "priority": "low",
    "status": "pending",
    "tags": [],
    "goal_id": None,
    "pinned": False,
    "blocked_by": [],
    "blocks": 0,
}


def tasks(*differences):
    return pl.DataFrame([{**PLAIN, **each} for each in differences], schema=TASK_COLUMNS)


def scored(**difference):
    return score(tasks(difference), NOW).row(0, named=True)


def reasons(**difference):
    return {each["code"]: each["text"] for each in scored(**difference)["reasons"]}


def urgency(**difference):
    """The urgency behind a score, by the inverse of its curve."""
    return (12 - 6 * pl.Series([100 / scored(**difference)["score"] - 1]).log()).item()


any_task = st.fixed_dictionaries(
    {
        "created_at": st.integers(0, 900).map(lambda days: NOW - timedelta(days=days)),
        "due_at": st.none() | st.floats(-40, 40).map(lambda days: NOW + timedelta(days=days)),
        "start_at": st.none() | st.floats(-9, 9).map(lambda days: NOW + timedelta(days=days)),
        "timezone": st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata"]),
        "priority": st.sampled_from(["low", "medium", "high", "urgent"]),
        "status": st.sampled_from(["pending", "in_progress"]),
        "tags": st.lists(st.text(max_size=3), max_size=4),
        "goal_id": st.none() | st.just("g"),
        "pinned": st.booleans(),
        "blocked_by": st.lists(st.just("b"), max_size=2),
        "blocks": st.integers(0, 3),
    }
)


@pytest.mark.parametrize(
    ("days_overdue", "share"),
    [
        (-30, 0.2),
        (-14, 0.2),
        (-13.5, 0.2 + 0.5 * 0.8 / 21),
        (6.5, 0.2 + 20.5 * 0.8 / 21),
        (-7, 0.2 + 7 * 0.8 / 21),
        (0, 0.2 + 14 * 0.8 / 21),
        (1, 0.2 + 15 * 0.8 / 21),
        (7, 1.0),
        (90, 1.0),
    ],
)
def test_the_due_term_is_that_of_taskwarrior(days_overdue, share):
    assert pl.select(due_share(pl.lit(float(days_overdue)))).item() == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize(
    ("difference", "term"),
    [
        ({}, 0),
        ({"due_at": NOW}, 8.8),
        ({"due_at": NOW - timedelta(days=7)}, 12),
        ({"blocks": 2}, 8),
        ({"priority": "medium"}, 3.9 - 1.8),
        ({"priority": "high"}, 6.0 - 1.8),
        ({"priority": "urgent"}, 8.1 - 1.8),
        ({"start_at": NOW - timedelta(hours=1)}, 5),
        ({"status": "in_progress"}, 4),
        ({"created_at": NOW - timedelta(days=73)}, 0.4),
        ({"created_at": NOW - timedelta(days=1000)}, 2),
        ({"tags": ["one"]}, 0.8),
        ({"tags": ["one", "two"]}, 0.9),
        ({"tags": ["one", "two", "three"]}, 1),
        ({"goal_id": "g"}, 1),
        ({"pinned": True}, 15),
        ({"start_at": NOW + timedelta(days=1)}, -3),
        ({"blocked_by": ["b"]}, -5),
    ],
)
def test_urgency_is_the_sum_of_taskwarriors_terms(difference, term):
    assert urgency(**difference) == pytest.approx(1.8 + term, abs=1e-9)


@given(st.lists(any_task, min_size=1, max_size=8))
@settings(max_examples=sized(10, 500))
def test_the_points_of_the_reasons_add_up_to_the_score_largest_first(several):
    result = score(tasks(*({**each, "task_id": str(n)} for n, each in enumerate(several))), NOW)
    for row in result.iter_rows(named=True):
        points = [reason["points"] for reason in row["reasons"]]
        assert sum(points) == pytest.approx(row["score"], abs=1e-6)
        assert points == sorted(points, reverse=True)
        assert 0 <= row["score"] <= 100


@given(st.lists(any_task, min_size=2, max_size=8))
@settings(max_examples=sized(7, 500))
def test_one_task_alone_scores_as_it_does_in_a_batch(several):
    batch = tasks(*({**each, "task_id": str(n)} for n, each in enumerate(several)))
    ranks = ["rank", "rank_by_due_date", "rank_by_urgency"]
    alone = pl.concat([score(batch[n], NOW) for n in range(len(batch))]).sort("task_id")
    assert_frame_equal(score(batch, NOW).drop(ranks).sort("task_id"), alone.drop(ranks), rel_tol=1e-12)


@given(any_task, st.floats(0.01, 30))
@settings(max_examples=sized(10, 500))
def test_a_task_never_loses_by_what_makes_it_more_pressing(task, days):
    base = scored(**task)["score"]
    changes: tuple[dict[str, object], ...] = (
        {"pinned": True},
        {"priority": "urgent"},
        {"blocks": 3},
        {"goal_id": "g"},
        {"blocked_by": []},
        {"status": "in_progress"},
    )
    for change in changes:
        assert scored(**{**task, **change})["score"] >= base - 1e-9
    if task["due_at"]:
        assert scored(**{**task, "due_at": task["due_at"] - timedelta(days=days)})["score"] >= base - 1e-9


@given(any_task, any_task)
@settings(max_examples=sized(10, 500))
def test_ranks_follow_the_score(one, other):
    first, second = score(tasks({**one, "task_id": "a"}, {**other, "task_id": "b"}), NOW).iter_rows(named=True)
    assert (first["rank"], second["rank"]) == (1, 2)
    assert first["score"] >= second["score"] - 1e-9


def test_ranks_count_within_each_user_and_equal_tasks_go_by_age_then_id():
    rows = tasks(
        {"task_id": "b"},
        {"task_id": "c", "user_id": "bob"},
        {"task_id": "a"},
        {
            "task_id": "d",
            "due_at": NOW + timedelta(days=60),
            "created_at": NOW - timedelta(hours=1),
            "priority": "medium",
        },
    )
    for shuffled in (rows, rows.reverse()):
        ranks = {row["task_id"]: row["rank"] for row in score(shuffled, NOW).iter_rows(named=True)}
        assert ranks == {"d": 1, "a": 2, "b": 3, "c": 1}


def test_the_rank_by_due_date_puts_tasks_without_one_last():
    rows = tasks(
        {"task_id": "none", "priority": "urgent"},
        {"task_id": "late", "due_date": date(2026, 3, 9)},
        {"task_id": "soon", "due_at": NOW + timedelta(days=1)},
    )
    by_due = score(rows, NOW).sort("rank_by_due_date")["task_id"].to_list()
    assert by_due == ["soon", "late", "none"]


@pytest.mark.parametrize("timezone", ["Pacific/Auckland", "America/Los_Angeles", "Europe/Berlin"])
def test_a_date_is_due_when_its_local_day_ends(timezone):
    by_date = scored(due_date=date(2026, 3, 8), timezone=timezone)
    by_instant = scored(due_at=start_of(date(2026, 3, 9), timezone))
    assert by_date["score"] == pytest.approx(by_instant["score"])


@pytest.mark.parametrize(
    ("difference", "code", "text"),
    [
        ({"due_date": date(2026, 3, 3)}, "due", "due tomorrow"),
        ({"due_date": date(2026, 3, 2)}, "due", "due today"),
        ({"due_date": date(2026, 3, 1)}, "due", "1 day overdue"),
        ({"due_date": date(2026, 2, 27)}, "due", "3 days overdue"),
        ({"due_date": date(2026, 3, 8)}, "due", "due in 6 days"),
        ({"due_at": NOW - timedelta(hours=2)}, "due", "was due earlier today"),
        ({"due_at": NOW + timedelta(hours=7), "timezone": "Asia/Kolkata"}, "due", "due tomorrow"),
        ({"blocks": 2}, "blocking", "blocks 2 other tasks"),
        ({"blocks": 1}, "blocking", "blocks 1 other task"),
        ({"priority": "high"}, "priority", "high priority"),
        ({"created_at": NOW - timedelta(days=40)}, "age", "waiting for 40 days"),
        ({"blocked_by": ["b"]}, "blocked", "waiting for 1 other task"),
    ],
)
def test_a_reason_is_in_plain_words(difference, code, text):
    assert reasons(**difference)[code] == text


def test_what_gives_no_points_is_no_reason():
    assert set(reasons()) == {"open", "priority"}


def test_the_examples_beside_the_curve_are_right():
    assert scored(priority="medium")["score"] == pytest.approx(21, abs=0.5)
    assert scored(priority="medium", due_at=NOW)["score"] == pytest.approx(53, abs=0.5)
    assert scored(priority="medium", pinned=True, due_at=NOW - timedelta(days=3))["score"] == pytest.approx(95, abs=0.5)


def test_an_urgency_of_zero_is_no_hole_in_the_curve():
    task = {"blocked_by": ["b"], "priority": "medium", "goal_id": "g", "created_at": NOW - timedelta(days=18.25)}
    assert urgency(**task) == pytest.approx(0, abs=1e-6)


def test_no_tasks_give_no_scores_in_the_same_columns():
    assert score(tasks(), NOW).schema == pl.Schema(SCORE_COLUMNS)


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        score(tasks({}), NOW.replace(tzinfo=None))
