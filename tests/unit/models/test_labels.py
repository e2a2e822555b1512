"""What counts as done, as missed, and as unknown."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

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
