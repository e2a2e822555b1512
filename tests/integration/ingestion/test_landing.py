"""From the outbox into raw, on a real database."""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
import pytest

from focusflow.database.session import Role
from focusflow.errors import Unavailable
from focusflow.identity import bucket_of
from ingestion.landing import service as service_module
from ingestion.landing.lander import Lander
from ingestion.landing.service import Ingestion, OutboxMaintenance, open_ingestion
from ingestion.outbox import source as source_module
from ingestion.outbox.sequencer import sequence_once
from ingestion.outbox.source import OutboxSource, PositionLost
from tests.conftest import BUCKETS, add_user
from tests.integration.ingestion.conftest import raw_rows_of, write_events


@pytest.fixture
def ingestion(database, lake):
    return open_ingestion(database, lake, buckets=BUCKETS, rows=50, age_seconds=0.01)


def ids(lake):
    return [row[2] for row in raw_rows_of(lake)]


def until(condition):
    for _ in range(200):
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_what_is_written_lands_once(database, lake, ingestion, users):
    written = {each for user_id in users for each in write_events(database, user_id, 30)}
    ingestion.drain()
    assert written <= set(ids(lake))
    assert len(ids(lake)) == len(set(ids(lake)))
    assert ingestion.drain() == 0


def test_bytes_land_as_the_outbox_has_them(database, lake, ingestion, user_id):
    (event_id,) = write_events(database, user_id, title="Größe ✓ \u202e 𝄞 \\u0000 \u0001")
    with database.transaction(Role.INGESTION) as tx:
        row = tx.one("select value from outbox where event_id = %(id)s", {"id": event_id})
    ingestion.drain()
    landed = dict(raw_rows_of(lake, "id, value"))
    assert landed[event_id] == row["value"].encode()
    assert "Größe ✓ \u202e 𝄞 \\\\u0000 \\u0001".encode() in landed[event_id]


def test_a_batch_is_bounded_by_rows_and_by_bytes_over_all_buckets(database, users, monkeypatch):
    for user_id in users:
        write_events(database, user_id, 40)
    while sequence_once(database):
        pass
    source = OutboxSource(database)

    def size(limit):
        return sum(len(run.values) for run in source.read(dict.fromkeys(range(BUCKETS), 0), limit))

    assert size(25) == 25
    monkeypatch.setattr(source_module, "BATCH_BYTES", 10_000)
    assert 1 < size(200) < 20
    monkeypatch.setattr(source_module, "BATCH_BYTES", 1)
    assert size(200) == 1  # one larger than the bound lands alone


def test_landing_that_is_behind_waits_for_no_company(database, lake, users, monkeypatch):
    for user_id in users:
        write_events(database, user_id, 30)
    while sequence_once(database):
        pass
    monkeypatch.setattr(source_module, "BATCH_BYTES", 10_000)  # a batch of large events is a batch, too
    monkeypatch.setattr(service_module, "IDLE_SECONDS", 60)
    ingestion = open_ingestion(database, lake, buckets=BUCKETS, rows=50_000, age_seconds=60)
    ingestion.lander.land_once(ingestion.source)
    stop = threading.Event()
    running = threading.Thread(
        target=ingestion.run, args=(stop, OutboxMaintenance("", due_at=float("inf"))), daemon=True
    )
    running.start()
    heads = sum(ingestion.source.heads().values())
    assert until(lambda: len(ids(lake)) > heads - 20)
    stop.set()
    running.join(10)
    assert not running.is_alive()


class Waits(threading.Event):
    """Waits for nothing, and keeps for how long it was to."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def wait(self, timeout=None):
        self.seconds.append(timeout)
        return False


def test_the_first_event_after_a_pause_lands_at_once_and_the_next_waits_for_company(database, lake, user_id):
    source, stop = OutboxSource(database), Waits()
    service = Ingestion(database, source, Lander(lake, range(BUCKETS), rows=5_000), age_seconds=60)
    for _ in range(2):
        (written,) = write_events(database, user_id)
        service.turn(source, stop)
        assert written in ids(lake)
    first, second = stop.seconds
    assert first == 0
    assert second > 30


@dataclass(frozen=True, slots=True)
class CountedSource(OutboxSource):
    """Counts how often the log is read."""

    reads: list[int] = field(default_factory=list)

    def read(self, positions, limit):
        self.reads.append(limit)
        return OutboxSource.read(self, positions, limit)


def test_an_idle_lander_reads_the_log_now_and_then_and_lands_what_others_placed(database, lake, user_id, monkeypatch):
    monkeypatch.setattr(service_module, "IDLE_SECONDS", 0)
    source, stop = CountedSource(database), threading.Event()
    service = Ingestion(database, source, Lander(lake, range(BUCKETS), rows=5_000), age_seconds=0)
    service.drain()
    source.reads.clear()
    for _ in range(service_module.IDLE_TURNS):
        service.turn(source, stop)
    assert len(source.reads) == 1
    (by_us,) = write_events(database, user_id)
    service.turn(source, stop)
    assert by_us in ids(lake)
    for _ in range(3):
        service.turn(source, stop)
    (by_others,) = write_events(database, user_id)
    sequence_once(database)
    for _ in range(service_module.IDLE_TURNS):
        service.turn(source, stop)
    assert by_others in ids(lake)


def test_events_that_are_gone_from_the_log_stop_their_bucket(database, database_url, lake):
    user_id = add_user(database)
    bucket = bucket_of(user_id, BUCKETS)
    write_events(database, user_id, 5)
    while sequence_once(database):
        pass
    source = OutboxSource(database)
    position = source.heads()[bucket] - 5
    with psycopg.connect(database_url) as owner:
        gone = owner.execute(
            "delete from outbox where bucket = %s and log_offset >= %s returning recorded_on, event_id, user_id, bucket, value, log_offset",
            [bucket, position],
        ).fetchall()
    try:
        with pytest.raises(
            PositionLost, match=f"{position} to {position + 4} of bucket {bucket} are in the log no more"
        ):
            source.read({bucket: position}, 100)
    finally:
        with psycopg.connect(database_url) as owner:
            owner.cursor().executemany(
                "insert into outbox (recorded_on, event_id, user_id, bucket, value, log_offset) values (%s, %s, %s, %s, %s, %s)",
                gone,
            )


def test_a_database_from_before_the_lake_is_refused_and_given_no_places(database, database_url, lake, ingestion, users):
    write_events(database, users[0], 5)
    ingestion.drain()
    write_events(database, users[0])
    with psycopg.connect(database_url) as owner:
        owner.execute("update outbox_head set next = next - 3")
    try:
        with pytest.raises(PositionLost, match="The database is older than the lake"):
            ingestion.run(threading.Event(), OutboxMaintenance(database_url))
        with database.transaction(Role.INGESTION) as tx:
            assert tx.one("select count(*) as waiting from outbox where log_offset is null")["waiting"] == 1
    finally:
        with psycopg.connect(database_url) as owner:
            owner.execute("update outbox_head set next = next + 3")


def test_two_landers_and_their_sequencers_double_nothing(database, lake, users):
    pair = [open_ingestion(database, lake, buckets=BUCKETS, rows=20, age_seconds=0) for _ in range(2)]
    stop = threading.Event()
    written: set[str] = set()
    threads = [
        threading.Thread(target=each.run, args=(stop, OutboxMaintenance("", due_at=float("inf"))), daemon=True)
        for each in pair
    ]
    for thread in threads:
        thread.start()
    for _ in range(20):
        written |= {each for user_id in users for each in write_events(database, user_id, 3)}
    landed = until(lambda: written <= set(ids(lake)))
    stop.set()
    for thread in threads:
        thread.join(10)
    assert landed
    heads = OutboxSource(database).heads()
    expected = [(bucket, offset) for bucket, head in sorted(heads.items()) for offset in range(head)]
    assert raw_rows_of(lake, "bucket, log_offset") == expected


@dataclass(frozen=True)
class SourceThatIsAway(OutboxSource):
    """Cannot be reached the first two times."""

    answers: Iterator[bool] = field(default_factory=lambda: iter([False, False]))

    def read(self, positions, limit):
        if not next(self.answers, True):
            raise Unavailable
        return super().read(positions, limit)


def test_the_service_waits_for_a_database_that_is_away(database, lake, users, caplog):
    written = write_events(database, users[0])
    stop, turned = threading.Event(), list[None]()
    service = Ingestion(database, SourceThatIsAway(database), Lander(lake, range(BUCKETS), rows=5_000), 0.01)
    how = (stop, OutboxMaintenance("", due_at=float("inf")), lambda **_: turned.append(None))
    thread = threading.Thread(target=service.run, args=how, daemon=True)
    with caplog.at_level(logging.WARNING, logger="ingestion.landing.service"):
        thread.start()
        landed = until(lambda: set(written) <= set(ids(lake)))
    stop.set()
    thread.join(10)
    assert landed
    assert not thread.is_alive()
    assert [record.getMessage()[-22:] for record in caplog.records] == [
        "Trying again in 0.5 s.",
        "Trying again in 1.0 s.",
    ]
    assert len(turned) >= 3  # who waits is alive


def test_partitions_of_the_coming_days_are_there_after_upkeep(database, database_url):
    OutboxMaintenance(database_url).when_due()
    with database.transaction(Role.INGESTION) as tx:
        names = tx.all("select inhrelid::regclass::text as name from pg_inherits where inhparent = 'outbox'::regclass")
    assert len(names) >= 4  # the rest, today, and two days more


def test_upkeep_without_a_database_can_be_tried_again(database_url):
    maintenance = OutboxMaintenance(database_url.replace("/test_", "/no_such_"))
    with pytest.raises(Unavailable):
        maintenance.when_due()
    assert maintenance.due_at == 0
