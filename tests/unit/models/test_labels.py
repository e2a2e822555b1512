"""What counts as done, as missed, and as unknown."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from models.evaluation.backtest import figures_of_probability
from models.training.labels import OUTCOMES, labelled

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
INSTANT = pl.Datetime("us", "UTC")

PLAIN = {
    "user_id": "ada", "as_of": NOW, "task_id": "a", "due": NOW + 3 * DAY, "day_ends": NOW + 16 * HOUR, "next_day_ends": NOW + 40 * HOUR,
    "done_at": None, "worked_next_at": None, "gone_at": None, "moved_at": None,
}  # fmt: skip


def label(**outcome):
    schema = dict.fromkeys(("as_of", "due", "day_ends", "next_day_ends", *OUTCOMES), INSTANT)
    return labelled(pl.DataFrame([PLAIN | outcome], schema_overrides=schema)).row(0, named=True)


@pytest.mark.parametrize(
    ("outcome", "gain"),
    [
        ({}, 0),
        ({"done_at": NOW + 2 * HOUR}, 2),
        ({"done_at": NOW + 20 * HOUR}, 1),
        ({"done_at": NOW + 40 * HOUR}, 0),
        ({"worked_next_at": NOW + HOUR}, 2),
        ({"worked_next_at": NOW + 3 * DAY}, 0),
    ],
)
def test_sooner_is_more(outcome, gain):
    found = label(**outcome)
    assert (found["gain"], found["taken_up"]) == (gain, gain > 0)


@pytest.mark.parametrize(
    ("outcome", "missed", "missed_or_moved"),
    [
        ({}, True, True),
        ({"done_at": NOW + 3 * DAY}, False, False),
        ({"done_at": NOW + 4 * DAY}, True, True),
        ({"gone_at": NOW + DAY}, None, None),
        ({"gone_at": NOW + 4 * DAY}, True, True),
        ({"moved_at": NOW + DAY}, None, True),
        ({"moved_at": NOW + DAY, "done_at": NOW + HOUR}, False, False),
        ({"due": NOW - DAY}, None, None),
        ({"due": None}, None, None),
    ],
)
def test_given_up_is_unknown_and_a_moved_date_is_labeled_both_ways(outcome, missed, missed_or_moved):
    found = label(**outcome)
    assert (found["missed"], found["missed_or_moved"]) == (missed, missed_or_moved)


def test_a_due_date_counts_once_however_many_lists_its_task_was_on():
    """One that was missed and stood on 300 lists, and 299 that were kept and stood on one each."""
    missed = {"task_id": ["late"] * 300, "missed": [True] * 300, "deadline_risk": [1.0] * 300}
    kept = {"task_id": [f"{n}" for n in range(299)], "missed": [False] * 299, "deadline_risk": [0.0] * 299}
    rows = pl.concat([pl.DataFrame(missed), pl.DataFrame(kept)])
    rows = rows.with_columns(user_id=pl.lit("ada"), due=pl.lit(NOW), local_date=pl.lit(NOW.date()))
    found = figures_of_probability(rows, "deadline_risk", "missed")
    assert (found["tasks"], found["rows"]) == (300, 599)
    assert found["rate"] == pytest.approx(1 / 300)
    assert [each["tasks"] for each in found["quarters"]] == [300]
