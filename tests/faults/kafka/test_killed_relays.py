"""Relays, landers and the broker are killed and frozen: what was accepted lands once; and a relay that cheats is found out."""

import random
import signal
import time
from dataclasses import replace

import pytest

from focusflow.lake import RAW_EVENTS
from focusflow.problems import Unavailable
from ingestion.relay import Publisher
from ingestion.routes import broker_source, relay_service
from ingestion.service import open_ingestion
from ingestion.source import PositionLost
from ingestion.verification import count, judge
from tests.conftest import BUCKETS
from tests.faults.kafka.processes import DiesAfterSending, TakesRefusalForConsent, land, relay
from tests.faults.writers import Writers
from tests.integration.ingestion.conftest import raw_rows_of, write_events

KILLS = 24
ENDS = 60  # seconds that the last events may take


def wait_until(condition, seconds=ENDS):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def service_of(database, database_url, lake, kafka):
    return relay_service(database, database_url, lake, kafka, buckets=BUCKETS, rows=200, retention_hours=1)


def assert_everything_lands_by_kafka(database, database_url, lake, kafka, accepted):
    service = service_of(database, database_url, lake, kafka)

    def drained():
        try:
            service.drain()
        except Unavailable:  # the broker has just come back
            return False
        return True

    assert wait_until(drained)
    with broker_source(database, kafka) as source:
        open_ingestion(database, lake, buckets=BUCKETS, rows=5_000, age_seconds=0, source=source).drain()
    landed = [event_id for _, _, event_id in raw_rows_of(lake)]
    assert len(landed) == len(set(landed))
    assert accepted <= set(landed)
    verdict = judge(count(database, lake))
    assert verdict.is_sound, verdict.sentence
    assert all(each.landed == each.sequenced for each in verdict.buckets)


def test_relays_and_landers_killed_at_any_moment_lose_and_double_nothing(database, database_url, lake, kafka, run):
    moments, writers = random.Random(1), Writers(database)
    running = {relay: run(relay), land: run(land)}
    assert wait_until(lambda: lake.pinned("raw/events") and raw_rows_of(lake))
    commits = lake.open(RAW_EVENTS).version
    for _ in range(KILLS):
        time.sleep(moments.uniform(0.1, 1.2))
        work = moments.choice([relay, land])
        assert running[work].is_alive()  # it was killed, it did not fail
        running[work].kill()
        running[work].join(10)
        running[work] = run(work)
    accepted = writers.finish()
    assert len(accepted) > 1_000
    assert lake.open(RAW_EVENTS).version > commits  # it did land between the kills
    for process in running.values():
        process.kill()
        process.join(10)
    assert_everything_lands_by_kafka(database, database_url, lake, kafka, accepted)


def test_a_broker_that_freezes_and_dies_holds_up_the_relay_and_nothing_else(database, database_url, lake, broker, run):
    kafka = run.kafka
    moments, writers = random.Random(2), Writers(database)
    parts = [run(relay), run(land)]
    assert wait_until(lambda: lake.pinned("raw/events") and raw_rows_of(lake))
    for _ in range(3):
        broker.signal(signal.SIGSTOP)
        time.sleep(moments.uniform(0.5, 2))
        broker.signal(signal.SIGCONT)
        time.sleep(moments.uniform(0.2, 1))
        broker.kill()
        time.sleep(moments.uniform(0.1, 1))
        broker.start()
        time.sleep(moments.uniform(0.5, 2))
    accepted = writers.finish()
    assert all(part.is_alive() for part in parts)
    for part in parts:
        part.kill()
        part.join(10)
    assert_everything_lands_by_kafka(database, database_url, lake, kafka, accepted)


def test_a_relay_killed_between_send_and_note_sends_again_and_it_lands_once(database, database_url, lake, user_id, run):
    kafka, accepted = run.kafka, set(write_events(database, user_id, 300))
    for _ in range(3):
        process = run(relay_that_dies)
        process.join(30)
        assert process.exitcode == 137
    with kafka.log(kafka.events) as log:
        messages = sum(log.bounds(bucket)[1] for bucket in range(BUCKETS))
    assert messages == 300  # three times the first batch, which is half of what may be on its way
    assert_everything_lands_by_kafka(database, database_url, lake, kafka, accepted)


def relay_that_dies(url, lake, address, prefix):
    from focusflow.database.session import Database
    from focusflow.lake import Lake
    from ingestion.broker import Kafka

    with Database(url) as database:
        service = service_of(database, url, Lake(lake), Kafka(address, prefix))
        replace(service, connect=lambda: DiesAfterSending(service.connect())).drain()


def test_a_relay_that_goes_past_what_the_broker_refused_is_found_out(database, database_url, lake, kafka, users):
    accepted = {event_id for user_id in users for event_id in write_events(database, user_id, 400)}
    service = service_of(database, database_url, lake, kafka)

    def cheat() -> Publisher:
        return TakesRefusalForConsent(service.connect())

    replace(service, connect=cheat).drain()
    with pytest.raises(PositionLost, match="Kafka has lost events"):
        assert_everything_lands_by_kafka(database, database_url, lake, kafka, accepted)


def test_of_two_relays_the_other_goes_on_when_one_is_killed(database, database_url, lake, kafka, run):
    writers = Writers(database)
    pair = [run(relay), run(relay)]
    with broker_source(database, kafka) as source:
        ingestion = open_ingestion(database, lake, buckets=BUCKETS, rows=500, age_seconds=0, source=source)

        def lands_more():
            before = sum(ingestion.lander.positions.values())
            try:
                ingestion.lander.land_once(source)
            except Unavailable:
                return False
            return sum(ingestion.lander.positions.values()) > before

        assert wait_until(lands_more)
        pair[0].kill()
        assert wait_until(lands_more)
        pair[1].kill()
        replacement = run(relay)
        assert wait_until(lands_more)
        replacement.kill()
    accepted = writers.finish()
    assert_everything_lands_by_kafka(database, database_url, lake, kafka, accepted)
