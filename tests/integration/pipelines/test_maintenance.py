"""The lake and the outbox are kept small while others read and write, and nothing is lost by it."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from focusflow import clock
from focusflow.database import outbox
from focusflow.database.retention import drop_outbox_days
from focusflow.database.session import Role
from focusflow.errors import Conflict
from focusflow.identity import new_id
from focusflow.lake import fsync
from focusflow.lake.session import duckdb_session
from focusflow.lake.tables import RAW_EVENTS, low_watermark_key, position_key
from focusflow.settings import Settings
from ingestion.landing.service import open_ingestion
from ingestion.reconciliation import count, judge
from pipelines.engine import silver
from pipelines.engine.maintenance import Maintenance
from tests.conftest import BUCKETS
from tests.integration.ingestion.conftest import raw_rows_of, write_events

COMMITS = 6


@pytest.fixture
def maintenance(database, lake, user_id):
    """Some commits of one user's events, and all of them in silver."""
    ingestion = open_ingestion(database, lake, buckets=BUCKETS, rows=1_000, age_seconds=0)
    for _ in range(COMMITS):
        write_events(database, user_id, 5)
        ingestion.drain()
    session = duckdb_session()
    silver.load_incremental(lake, session, BUCKETS)
    settings = Settings(buckets=BUCKETS, raw_days=0, _env_file=None)
    return Maintenance(lake, session, database, settings, clock.now())


def keeping(maintenance, **how):
    return replace(maintenance, settings=maintenance.settings.model_copy(update=how))


def done(maintenance):
    return {each.table: each.amounts for each in maintenance.run()}


def assert_sound(maintenance):
    verdict = judge(count(maintenance.database, maintenance.lake))
    assert verdict.is_sound, verdict.sentence


def test_small_files_become_large_ones_and_say_the_same(maintenance, lake):
    before, read_at = raw_rows_of(lake), lake.open(RAW_EVENTS)
    positions = [read_at.position(position_key(bucket)) for bucket in range(BUCKETS)]
    assert done(maintenance)[RAW_EVENTS.name]["files put together"] >= COMMITS
    raw = lake.open(RAW_EVENTS)
    assert len(raw.files()) < len(read_at.files())
    assert raw_rows_of(lake) == before
    assert [raw.position(position_key(bucket)) for bucket in range(BUCKETS)] == positions
    session = duckdb_session()  # whoever began to read before goes on as if nothing had happened
    assert session.row(f"from {read_at.scan()} select count(*)") == (len(before),)
    assert_sound(maintenance)


def test_what_no_version_needs_is_cleared_away_after_its_time(maintenance, lake):
    done(maintenance)
    old = [path for path in folder_of(lake).rglob("*.parquet") if "_delta_log" not in path.parts]
    assert len(old) > len(lake.open(RAW_EVENTS).files())
    lake.open(RAW_EVENTS).vacuum(0)
    left = [path for path in folder_of(lake).rglob("*.parquet") if "_delta_log" not in path.parts]
    assert len(left) == len(lake.open(RAW_EVENTS).files())
    assert_sound(maintenance)


def folder_of(lake):
    return Path(lake.url(RAW_EVENTS.name))


def test_a_table_opens_from_its_checkpoint_and_a_broken_one_is_restored(maintenance, lake):
    before = raw_rows_of(lake)
    done(maintenance)
    (checkpoint,) = folder_of(lake).glob("_delta_log/*.checkpoint.parquet")
    assert raw_rows_of(lake) == before
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[:100])
    lake.repair([RAW_EVENTS.name])
    assert checkpoint.read_bytes() == content
    assert raw_rows_of(lake) == before
    assert_sound(maintenance)


def test_raw_lets_go_what_silver_has_and_is_old(maintenance, database, lake, user_id):
    late = replace(keeping(maintenance, raw_days=30), now=clock.now() + timedelta(days=31))
    write_events(database, user_id, 4)
    open_ingestion(database, lake, buckets=BUCKETS, rows=1_000, age_seconds=0).drain()
    assert done(late)[RAW_EVENTS.name]
    left = raw_rows_of(lake)
    assert len(left) == 4  # as old as the others, and not yet in silver
    assert {lake.open(RAW_EVENTS).position(low_watermark_key(bucket)) for bucket, _, _ in left} == {left[0][1]}
    assert_sound(maintenance)
    taken = silver.load_incremental(lake, maintenance.session, BUCKETS)
    assert (taken.read, taken.kept) == (4, 4)
    assert_sound(maintenance)


def test_young_events_stay(maintenance, lake):
    before = raw_rows_of(lake)
    done(keeping(maintenance, raw_days=1))
    assert raw_rows_of(lake) == before


def test_nothing_goes_from_raw_while_something_is_missing(maintenance, lake):
    late = replace(keeping(maintenance, raw_days=1), now=clock.now() + timedelta(days=2))
    lake.open(silver.EVENTS).forget("log_offset = 1", positions={})
    before = raw_rows_of(lake)
    with pytest.raises(Conflict, match="missing from silver"):
        done(late)
    assert raw_rows_of(lake) == before


def test_a_silver_that_was_thrown_away_is_not_made_from_half_of_raw(maintenance, lake, tmp_path):
    done(replace(keeping(maintenance, raw_days=1), now=clock.now() + timedelta(days=2)))
    folder_of(lake).parents[1].joinpath("silver", "events").rename(tmp_path / "away")
    with pytest.raises(Conflict, match="does not have any more"):
        silver.load_incremental(lake, maintenance.session, BUCKETS)


@pytest.mark.parametrize("has_partition", [True, False])
def test_days_of_the_outbox_go_when_all_of_them_has_landed(maintenance, database, user_id, has_partition):
    today = clock.now().date()
    partition = f"outbox_{today - timedelta(days=10):%Y%m%d}"
    with database.owner() as connection:
        first, following = (str(today - timedelta(days=days)) for days in (10, 9))
        if has_partition:
            connection.execute("call partition_outbox(%s, %s, %s)", [partition, first, following])
        connection.execute("select set_config('role', 'focusflow_ingestion', true)")
        head = connection.execute("select bucket, next from outbox_head where next > 0 limit 1").fetchone()
        connection.execute(
            "insert into outbox (event_id, recorded_on, user_id, bucket, log_offset, value) values (gen_random_uuid(), %s, %s, %s, %s, '{}')",
            [first, user_id, head["bucket"], head["next"] + 5],
        )
    landed = {head["bucket"]: head["next"]}
    assert drop_outbox_days(database, landed, 3) == 0
    assert drop_outbox_days(database, {head["bucket"]: head["next"] + 6}, 11) == 0
    with database.owner() as connection:  # not read for webhooks yet
        connection.execute("delete from webhook_positions")
        connection.execute("insert into webhook_positions values (%(bucket)s, %(next)s)", head)
    assert drop_outbox_days(database, {head["bucket"]: head["next"] + 6}, 3) == 0
    with database.transaction(Role.INGESTION) as tx:
        tx.run("update webhook_positions set next = next + 6 where bucket = %(bucket)s", head)
    assert drop_outbox_days(database, {head["bucket"]: head["next"] + 6}, 3) == 1
    with database.owner() as connection:
        assert connection.execute("select to_regclass(%s) as there", [partition]).fetchone()["there"] is None
        assert connection.execute("select count(*) as count from outbox_rest").fetchone()["count"] == 0


def test_landing_goes_on_while_the_lake_is_tidied(maintenance, database, lake, user_id):
    ingestion, written = open_ingestion(database, lake, buckets=BUCKETS, rows=20, age_seconds=0), []
    finished = threading.Event()

    def land():
        while not finished.is_set():
            written.extend(write_events(database, user_id, 5))
            ingestion.drain()

    landing = threading.Thread(target=land)
    landing.start()
    try:
        for _ in range(5):
            done(maintenance)
            silver.load_incremental(lake, maintenance.session, BUCKETS)
    finally:
        finished.set()
        landing.join(30)
    assert written
    assert set(written) <= {row[2] for row in raw_rows_of(lake)}
    silver.load_incremental(lake, maintenance.session, BUCKETS)
    assert_sound(maintenance)


def test_a_checkpoint_is_on_the_disk_before_the_entries_that_it_sums_up_go(maintenance, lake, monkeypatch):
    order = []
    monkeypatch.setattr(fsync, "fsync_checkpoint", lambda *_: order.append("fsynced"))
    raw = lake.open(RAW_EVENTS)
    monkeypatch.setattr(type(raw.delta), "cleanup_metadata", lambda _: order.append("cleared"))
    raw.checkpoint()
    assert order == ["fsynced", "cleared"]


def test_old_months_of_activity_go_once_raw_has_let_them_go(maintenance, database, lake, user_id):
    now = clock.now()
    for at in (now - timedelta(days=100), now):
        tracked = outbox.event(
            "activity.tracked", user_id=user_id, timezone="UTC", subject=new_id(), version=1,
            data={"name": "opened"}, recorded_at=at,
        )  # fmt: skip
        with database.transaction(Role.API, user_id) as tx:
            outbox.append(tx, [tracked])
    open_ingestion(database, lake, buckets=BUCKETS, rows=1_000, age_seconds=0).drain()
    silver.load_incremental(lake, maintenance.session, BUCKETS)
    assert done(keeping(maintenance, activity_days=30))[silver.EVENTS.name].get("activity let go", 0) == 0
    late = replace(keeping(maintenance, activity_days=60, raw_days=1), now=now + timedelta(days=2))
    list(late.delete_expired())
    months = "select month from " + lake.open(silver.EVENTS).scan() + " where noun = 'activity'"
    assert maintenance.session.rows(months) == [(f"{now:%Y-%m}",)]
    assert_sound(maintenance)
