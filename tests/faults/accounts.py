"""What was accepted, held against what landed."""

from ingestion.landing.service import open_ingestion
from ingestion.reconciliation import count, judge
from tests.conftest import BUCKETS
from tests.faults.tally import Tally
from tests.integration.ingestion.conftest import raw_rows_of


def verdict_of(database, lake):
    open_ingestion(database, lake, buckets=BUCKETS, rows=5_000, age_seconds=0).drain()
    return judge(count(database, lake))


def assert_nothing_lost_or_doubled(database, lake, accepted, tally: Tally | None = None):
    verdict = verdict_of(database, lake)
    (tally or Tally()).compare(accepted, [event_id for _, _, event_id in raw_rows_of(lake)])
    assert verdict.is_sound, verdict.sentence
    assert all(each.landed == each.sequenced for each in verdict.buckets)
