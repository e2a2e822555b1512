"""`focusflow verify` on a real database and lake: it counts right, and sees what is made to be lost."""

import json
from datetime import timedelta
from functools import partial

import pyarrow as pa
import pytest

from focusflow import clock
from focusflow.backlog import measure
from focusflow.database.session import Role
from focusflow.lake.tables import RAW_EVENTS, TableSpec, position_key
from ingestion.landing.service import open_ingestion
from ingestion.outbox.sequencer import sequence_once
from ingestion.reconciliation import count, judge
from tests.conftest import BUCKETS
from tests.integration.ingestion.conftest import raw_rows_of, write_events

SKEW = timedelta(seconds=5)  # between this machine's clock and the database's

SILVER = TableSpec(
    "silver/events",
    pa.schema([pa.field("bucket", pa.int16()), pa.field("log_offset", pa.int64()), pa.field("event_id", pa.string())]),
    (),
)
QUARANTINE = TableSpec(
    "quarantine/events", pa.schema([pa.field("bucket", pa.int16()), pa.field("log_offset", pa.int64())]), ()
)


@pytest.fixture
def landed(database, lake, users):
    """A lake in which everything has landed; its raw rows."""
    for user_id in users:
        write_events(database, user_id, 5)
    open_ingestion(database, lake, buckets=BUCKETS, rows=5_000, age_seconds=0).drain()
    return raw_rows_of(lake)


def refresh(lake, rows, positions_of, quarantined_event=()):
    """Write rows to silver, as the pipeline would, and some to quarantine; each bucket up to the end of `positions_of`."""
    ends = {position_key(bucket): offset + 1 for bucket, offset, _ in positions_of}
    for spec, these, positions in ((SILVER, rows, ends), (QUARANTINE, quarantined_event, {})):
        columns = [list(column) for column in zip(*these, strict=True)] if these else [[], [], []]
        data = pa.table(dict(zip(("bucket", "log_offset", "event_id"), columns, strict=True)))
        lake.open(spec).append(data.select(spec.schema.names).cast(spec.schema), positions=positions)


def verdict(database, lake):
    return judge(count(database, lake))


def test_an_installation_without_a_lake_is_sound(database, lake):
    assert verdict(database, lake).is_sound


def test_what_is_not_yet_placed_is_on_its_way(database, lake, landed, users):
    write_events(database, users[0], 3)
    assert verdict(database, lake).is_sound
    assert "3 on the way to raw" in verdict(database, lake).sentence


def test_what_has_landed_is_counted_by_bucket(database, lake, landed):
    counts = {each.bucket: (each.landed, each.raw_rows, each.raw_offsets) for each in count(database, lake)}
    rows = {bucket: sum(row[0] == bucket for row in landed) for bucket in range(BUCKETS)}
    assert counts == {bucket: (many, many, many) for bucket, many in rows.items()}


def test_silver_and_quarantine_together_are_raw(database, lake, landed):
    refresh(lake, landed[:-4], landed, quarantined_event=landed[-4:])
    assert verdict(database, lake).sentence == "Nothing is lost, nothing is doubled."


def test_an_event_that_came_twice_is_in_silver_once(database, lake, landed):
    first = landed[0]
    position = lake.open(RAW_EVENTS).position(position_key(first[0]))
    again = {"bucket": first[0], "log_offset": position, "id": first[2].upper(), "value": b"{}"}
    resent = pa.Table.from_pylist([again], schema=RAW_EVENTS.schema)
    lake.open(RAW_EVENTS).append(resent, positions={position_key(first[0]): position + 1})
    refresh(lake, landed, raw_rows_of(lake))
    (bucket,) = [each for each in count(database, lake) if each.bucket == first[0]]
    assert (bucket.repeated, bucket.losses) == (1, ["1 events landed that the database does not know"])


def test_an_event_missing_from_silver_is_seen(database, lake, landed):
    refresh(lake, landed[1:], landed)
    assert verdict(database, lake).losses == [f"bucket {landed[0][0]}: 1 events are missing from silver"]


def test_an_event_missing_from_raw_is_seen(database, lake, landed):
    bucket, offset, _ = landed[2]
    lake.open(RAW_EVENTS).delta.delete(f"bucket = {bucket} and log_offset = {offset}")
    assert verdict(database, lake).losses == [f"bucket {bucket}: 1 events are missing from raw"]


def test_an_event_twice_in_raw_is_seen(database, lake, landed):
    bucket, offset, event_id = landed[2]
    again = {"bucket": bucket, "log_offset": offset, "id": event_id, "value": b"{}"}
    lake.open(RAW_EVENTS).append(pa.Table.from_pylist([again], schema=RAW_EVENTS.schema), positions={})
    assert verdict(database, lake).losses == [f"bucket {bucket}: 1 events stand in raw twice"]


def backlog(database, lake, *, has_kafka=False, alert_seconds=300):
    found = measure(database, lake, has_kafka=has_kafka, alert_seconds=alert_seconds)
    return [(each.stage, each.events, each.is_late) for each in found]


def test_what_waits_is_named_with_its_stage(database, lake, landed, users):
    assert backlog(database, lake) == [("refreshing", len(landed), False)]
    refresh(lake, landed, landed)
    assert backlog(database, lake) == []
    write_events(database, users[0], 3)
    assert backlog(database, lake) == [("sequencing", 3, False)]
    sequence_once(database, 100)
    assert backlog(database, lake) == [("landing", 3, False)]
    assert backlog(database, lake, alert_seconds=0) == [("landing", 3, True)]


def test_with_kafka_what_no_relay_has_published_waits_for_it(database, lake, landed, users):
    refresh(lake, landed, landed)
    with database.transaction(Role.INGESTION) as tx:
        tx.run("insert into relay_position (bucket, next) select bucket, next from outbox_head")
    write_events(database, users[0], 3)
    sequence_once(database, 100)
    stages = backlog(database, lake, has_kafka=True, alert_seconds=0)
    assert ("publishing", 3, True) in stages
    assert "landing" not in [stage for stage, _, _ in stages]


def test_the_oldest_event_tells_since_when(database, lake, landed, users):
    begun = clock.now()
    write_events(database, users[0])
    write_events(database, users[1])
    (waiting, *_) = [
        each for each in measure(database, lake, has_kafka=False, alert_seconds=0) if each.stage == "sequencing"
    ]
    assert begun - SKEW < waiting.since < clock.now() + SKEW
    assert (
        f"Sequencing is behind: {waiting.events} events wait since {waiting.since:%Y-%m-%d %H:%M}" in waiting.sentence
    )


@pytest.fixture
def verify(database_url, lake, focusflow, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_DATABASE_URL", database_url)
    monkeypatch.setenv("FOCUSFLOW_LAKE", lake.location)
    monkeypatch.setenv("FOCUSFLOW_BUCKETS", str(BUCKETS))
    return partial(focusflow, "verify")


def test_the_command_counts_and_its_exit_code_tells(verify, lake, landed, monkeypatch):
    whole = verify("--json")
    assert (whole.returncode, json.loads(whole.stdout)["is_sound"]) == (0, True)
    monkeypatch.setenv("FOCUSFLOW_BACKLOG_ALERT_SECONDS", "1")
    behind = verify("--json")
    assert (behind.returncode, json.loads(behind.stdout)["is_sound"]) == (1, True)
    assert b"Refreshing is behind" in behind.stderr
    lake.open(RAW_EVENTS).delta.delete(f"bucket = {landed[0][0]} and log_offset = {landed[0][1]}")
    broken = verify()
    assert broken.returncode == 1
    assert "Something is lost or doubled" in " ".join(broken.stdout.decode().split())
