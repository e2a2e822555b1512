"""Relays, landers and the broker are killed and frozen: what was accepted lands once; and a relay that cheats is found out."""

import os
import shutil
import signal
import time
from dataclasses import replace

import pytest

from focusflow.errors import Unavailable
from focusflow.lake.tables import RAW_EVENTS
from ingestion.kafka.broker import Kafka
from ingestion.kafka.relay import Publisher
from ingestion.kafka.topic_state import TopicState
from ingestion.kafka.wiring import backfill, broker_source, relay_service
from ingestion.landing.service import open_ingestion
from ingestion.outbox.source import PositionLost
from ingestion.reconciliation import count, judge
from tests.conftest import BUCKETS
from tests.faults.kafka.processes import TakesRefusalForConsent, land, land_until, relay, relay_until
from tests.faults.points import LANDER, READER, RELAY, Point
from tests.faults.tally import Tally
from tests.faults.writers import Writers
from tests.integration.ingestion.conftest import raw_rows_of, write_events
from tests.sizes import dice, sized

pytestmark = pytest.mark.timeout(400)  # a storm takes as long as the machine lets it

KILLS = sized(10, 50)
ENDS = 60  # seconds that the last events may take


def wait_until(condition, seconds=ENDS):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def lands_more(lake):
    before = lake.version(RAW_EVENTS.name) or 0
    return wait_until(lambda: (lake.version(RAW_EVENTS.name) or 0) > before)


def service_of(database, run, rows=200):
    return relay_service(database, run.database_url, run.lake, run.kafka, buckets=BUCKETS, rows=rows, retention_hours=1)


def assert_everything_lands_by_kafka(database, run, accepted, tally=None):
    lake, kafka, service = run.lake, run.kafka, service_of(database, run, rows=5_000)

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
    (tally or Tally()).compare(accepted, landed)
    verdict = judge(count(database, lake))
    assert verdict.is_sound, verdict.sentence
    assert all(each.landed == each.sequenced for each in verdict.buckets)


@pytest.mark.fault("relay and lander killed at random moments, with Kafka")
def test_relays_and_landers_killed_and_frozen_at_any_moment_lose_and_double_nothing(database, lake, run, tally):
    tally.tries = KILLS
    moments, writers = dice(1), Writers(database, pause=0.02)
    running = [(work, run(work)) for work in (relay, land, land)]
    for number in range(KILLS):
        if number % 5 == 0:
            with tally.recovery():
                assert lands_more(lake)  # between the kills
        time.sleep(moments.uniform(0, 0.15))
        work, victim = running.pop(moments.randrange(len(running)))
        assert victim.is_alive()  # it was killed, it did not fail
        if work is land and moments.random() < 0.3:  # then it returns, with others on its buckets, and is killed later
            os.kill(victim.pid, signal.SIGSTOP)
            time.sleep(moments.uniform(0, 0.3))
            os.kill(victim.pid, signal.SIGCONT)
            time.sleep(moments.uniform(0, 0.15))
        victim.kill()
        victim.join(10)
        running.append((work, run(work)))
    accepted = writers.finish()
    for _, process in running:
        process.kill()
        process.join(10)
    assert_everything_lands_by_kafka(database, run, accepted, tally)


@pytest.mark.fault("relay and lander killed at each point, with Kafka")
def test_relays_and_landers_killed_at_every_point_lose_and_double_nothing(database, users, run, tally):
    tally.tries = len(RELAY) + len(READER) + len(LANDER[2:6])
    accepted = set[str]()

    def dies(process, point):
        def is_dead():
            accepted.update(each for user_id in users[:3] for each in write_events(database, user_id, 2))
            return not process.is_alive()

        assert wait_until(is_dead), f"it never came to {point}"
        assert process.exitcode == -signal.SIGKILL

    for point in RELAY:
        dies(run(relay_until, point), point)
    publishing = run(relay)
    for point in (*READER, *LANDER[2:6]):
        dies(run(land_until, point), point)
    publishing.kill()
    publishing.join(10)
    assert_everything_lands_by_kafka(database, run, accepted, tally)


@pytest.mark.fault("broker frozen, and killed")
def test_a_broker_that_freezes_and_dies_holds_up_the_relay_and_nothing_else(database, lake, broker, run, tally):
    tally.tries = 2 * sized(1, 4)
    run.kafka = Kafka(broker.address)
    moments, writers = dice(2), Writers(database, pause=0.05)
    parts = [run(relay), run(land)]

    for _ in range(sized(1, 4)):
        assert lands_more(lake)
        broker.signal(signal.SIGSTOP)
        time.sleep(moments.uniform(0.5, 1.5))
        broker.signal(signal.SIGCONT)
        with tally.recovery():
            assert lands_more(lake)
        broker.kill()
        broker.start()
    accepted = writers.finish()
    for part in parts:
        assert part.is_alive()
        part.kill()
        part.join(10)
    assert_everything_lands_by_kafka(database, run, accepted, tally)


def test_a_relay_killed_between_send_and_note_sends_again_and_it_lands_once(database, kafka, user_id, run):
    accepted = set(write_events(database, user_id, 300))
    point = Point("ingestion.kafka.broker:KafkaDelivery.acknowledged", "after")
    for _ in range(3):
        process = run(relay_until, point)
        process.join(ENDS)
        assert process.exitcode == -signal.SIGKILL
    with kafka.log(kafka.events) as log:
        messages = sum(log.bounds(bucket)[1] for bucket in range(BUCKETS))
    assert messages >= 300  # the first batch of a hundred was sent three times, and none was noted
    assert set(TopicState(database, kafka).published().values()) == {0}
    assert_everything_lands_by_kafka(database, run, accepted)


@pytest.mark.mutant("relay and lander killed at random moments, with Kafka")
def test_a_relay_that_goes_past_what_the_broker_refused_is_detected(database, users, run):
    accepted = {event_id for user_id in users for event_id in write_events(database, user_id, 400)}
    service = service_of(database, run)

    def cheat() -> Publisher:
        return TakesRefusalForConsent(service.connect())

    replace(service, connect=cheat).drain()
    with pytest.raises(PositionLost, match="Kafka has lost events"):
        assert_everything_lands_by_kafka(database, run, accepted)


@pytest.mark.fault("two relays at once")
def test_of_two_relays_the_other_goes_on_when_one_is_killed(database, lake, kafka, run, tally):
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
        with tally.recovery():
            assert wait_until(lands_more)
        pair[1].kill()
        replacement = run(relay)
        assert wait_until(lands_more)
        replacement.kill()
    accepted = writers.finish()
    assert_everything_lands_by_kafka(database, run, accepted, tally)


@pytest.mark.fault("broker lost, and recreated without its data")
def test_what_a_broker_took_along_is_filled_from_the_database(database, lake, broker, run, tally):
    """Relay and lander stop, and say so, rather than to pass over what is gone: `focusflow verify --repair` fills it."""
    run.kafka = Kafka(broker.address)
    tally.tries, writers = sized(1, 3), Writers(database, pause=0.05)
    for _ in range(tally.tries):
        parts = [run(relay), run(land)]
        assert lands_more(lake)
        broker.kill()
        shutil.rmtree(broker.log.parent / "data")
        broker.start()
        assert wait_until(lambda: not any(part.is_alive() for part in parts))  # noqa: B023 (asked at once)
        assert all(part.exitcode == 1 for part in parts)
        with tally.recovery():
            backfill(database, lake, run.kafka, buckets=BUCKETS, rows=5_000, retention_hours=1)
    accepted = writers.finish()
    assert_everything_lands_by_kafka(database, run, accepted, tally)
