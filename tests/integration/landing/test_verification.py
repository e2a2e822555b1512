"""The verdict on counts: each way of losing or doubling an event is seen, and what is on its way is no loss."""

from dataclasses import replace

import pytest

from ingestion.reconciliation import BucketCount, judge

SOUND = BucketCount(
    3, sequenced=10, landed=10, raw_rows=10, raw_offsets=10, refreshed=10, silver=7, quarantined=2, repeated=1
)


def test_equal_counts_are_sound():
    verdict = judge([SOUND])
    assert verdict.is_sound
    assert verdict.sentence == "Nothing is lost, nothing is doubled."


def test_what_is_on_the_way_is_not_lost():
    verdict = judge([replace(SOUND, unsequenced=2, sequenced=15, refreshed=0, silver=0, quarantined=0, repeated=0)])
    assert verdict.is_sound
    assert verdict.sentence == "Nothing is lost, nothing is doubled (7 on the way to raw, 10 on the way to silver)."


@pytest.mark.parametrize(
    ("changed", "loss"),
    [
        ({"raw_rows": 9, "raw_offsets": 9}, "1 events are missing from raw"),
        ({"raw_rows": 11}, "1 events stand in raw twice"),
        ({"raw_rows": 12, "raw_beyond": 2}, "2 events stand in raw outside of its positions"),
        ({"sequenced": 6}, "4 events landed that the database does not know"),
        ({"silver": 6}, "1 events are missing from silver"),
        ({"quarantined": 4}, "2 events too many stand in silver or quarantine"),
        ({"refreshed": 11, "silver": 8}, "1 events are in silver before they are in raw"),
    ],
)
def test_each_loss_is_named_with_its_bucket(changed, loss):
    verdict = judge([replace(SOUND, bucket=2), replace(SOUND, **changed)])
    assert verdict.losses == [f"bucket 3: {loss}"]
    assert loss in verdict.sentence
    assert verdict.as_json()["is_sound"] is False
