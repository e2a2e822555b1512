"""What was known at a moment does not know what came after it."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.features import snapshots
from models.features.matrix import Usual, day_features, matrix, place_features, risk_features
from models.features.task_facts import derive_facts
from tests.unit.models.histories import FIRST, connected, lived, with_another_future, without_the_future

SEEN = FIRST + timedelta(days=20, hours=14, minutes=20)
DAYS = snapshots.Span(date(2026, 1, 5), date(2026, 1, 25))
USUAL = Usual(0.1, 0.2)


def lists(tables, days=DAYS):
    with snapshots.chosen(*connected(tables)) as users:
        found = derive_facts(users.lists_of_days(days).rows).filter(pl.col("as_of") <= SEEN)
    every = place_features(USUAL) | day_features(USUAL) | risk_features(USUAL)
    features = matrix(found, every)
    return found.select("user_id", "as_of", "task_id").hstack(features).sort("user_id", "as_of", "task_id")


@pytest.mark.parametrize("change", [without_the_future, with_another_future])
def test_no_feature_moves_when_the_future_does(change):
    tables = lived()
    before, after = lists(tables), lists(change(tables, SEEN))
    # Which of a day's finishes are asked about is drawn from the whole day; what is known at each is what matters.
    moments = (
        before.select("user_id", "as_of")
        .unique()
        .join(after.select("user_id", "as_of").unique(), on=["user_id", "as_of"])
    )
    assert moments.height > 80
    both = [
        each.join(moments, on=["user_id", "as_of"], how="semi").sort("user_id", "as_of", "task_id")
        for each in (before, after)
    ]
    assert_frame_equal(*both, rel_tol=0, abs_tol=1e-9)


def test_the_order_of_rows_changes_no_feature_where_much_happens_in_one_instant():
    tables = {
        name: rows.with_columns(pl.col("valid_from", "valid_to").dt.truncate("6h")) for name, rows in lived().items()
    }
    shuffled = {name: rows.sample(fraction=1, shuffle=True, seed=7) for name, rows in tables.items()}
    assert_frame_equal(lists(tables), lists(shuffled), check_exact=True)


def test_the_past_that_moves_is_noticed():
    tables = lived()
    assert not lists(tables).equals(lists(with_another_future(tables, SEEN - timedelta(days=5))))


def test_features_are_finite_numbers():
    found = lists(lived()).select(pl.exclude("user_id", "as_of", "task_id"))
    assert found.select(pl.all().is_finite().all()).row(0) == (True,) * found.width


def test_a_list_at_one_moment_is_that_of_many():
    tables = lived()
    with snapshots.chosen(*connected(tables)) as users:
        many = derive_facts(users.lists_of_days(DAYS).rows)
        moment = many.filter(pl.col("user_id") == "person-1")["as_of"].sort().item(150)
        alone = derive_facts(users.lists_at(moment).rows).filter(pl.col("user_id") == "person-1").sort("task_id")
    same = many.filter((pl.col("user_id") == "person-1") & (pl.col("as_of") == moment)).sort("task_id")
    every = place_features(USUAL) | day_features(USUAL)
    assert_frame_equal(matrix(alone, every), matrix(same, every), rel_tol=0, abs_tol=1e-9)


def test_who_has_no_history_is_left_out_without_ado():
    with snapshots.chosen(*connected(lived(users=1)), users=["nobody"]) as users:
        assert users.count() == 0
        assert users.days() is None
        assert users.lists_at(datetime(2026, 2, 1, tzinfo=UTC)).rows.is_empty()
