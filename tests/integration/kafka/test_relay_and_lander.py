"""Through a real broker into raw: in order, once, and with a word about what is missing."""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import ClassVar

import psycopg
import pytest
from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from focusflow.database import lease as lease_module
from focusflow.database.lease import Lease, lease, renew
from focusflow.errors import SetupProblem, Unavailable
from ingestion.kafka import broker
from ingestion.kafka.broker import Kafka
from ingestion.kafka.messages import Message, message_of
from ingestion.kafka.relay import Publisher
from ingestion.kafka.topic_state import TopicState
from ingestion.kafka.wiring import backfill, broker_source, relay_service
from ingestion.landing.service import open_ingestion
from ingestion.outbox.sequencer import sequence_once
from ingestion.outbox.source import OutboxSource, PositionLost
from ingestion.reconciliation import count, judge
from tests.conftest import BUCKETS
from tests.faults.writers import Writers
from tests.integration.ingestion.conftest import raw_rows_of, write_events
from tests.sizes import dice, sized

pytestmark = pytest.mark.timeout(400)  # a storm takes as long as the machine lets it


def places_of(lake):
    return raw_rows_of(lake, "bucket, log_offset")


def all_places(database):
    return [
        (bucket, offset) for bucket, head in sorted(OutboxSource(database).heads().items()) for offset in range(head)
    ]


def test_what_is_written_lands_once_through_kafka(database, lake, users, relay, ingestion):
    written = {each for user_id in users for each in write_events(database, user_id, 300)}
    assert relay.drain() >= len(written)
    ingestion.drain()
    assert places_of(lake) == all_places(database)
    assert written <= {row[2] for row in raw_rows_of(lake)}


def test_the_topic_has_each_bucket_in_order_with_its_headers(database, users, relay, kafka):
    (event_id,) = write_events(database, users[0])
    relay.drain()
    with kafka.log(kafka.events) as log:
        for bucket, head in TopicState(database, kafka).published().items():
            fetched = log.read({bucket: 0}, 100_000, 5) if head else []
            offsets = [offset for each in fetched for offset in each.log_offsets()]
            assert offsets == list(range(head - len(offsets), head))
            for record in (record for each in fetched for record in each.records):
                headers = dict(record.headers)
                if headers["id"] == event_id.encode():
                    assert headers["type"] == b"task.created"
                    break


def test_an_installation_goes_over_to_kafka_and_back_under_load(here):
    here.relay.drain()
    writers = Writers(here.database, users=4, pause=0.02)  # a slow machine keeps up with them, too
    landed: dict[str, int] = {"kafka": 0, "outbox": 0}
    with closing(here.kafka.publisher(here.kafka.events)) as publisher:
        rounds = here.relay.relay.rounds(publisher, threading.Event())
        for turn in dice(4).choices(["relay", "kafka", "outbox"], weights=[4, 3, 1], k=sized(60, 300)):
            while sequence_once(here.database):
                pass
            if turn == "relay":
                next(rounds)
            else:
                way = here.ingestion if turn == "kafka" else here.directly
                landed[turn] += way.lander.land_once(way.source)
    accepted = writers.finish()
    assert min(landed.values()) > 0
    here.relay.drain()
    here.ingestion.drain()
    assert places_of(here.lake) == all_places(here.database)
    assert accepted <= {row[2] for row in raw_rows_of(here.lake)}
    assert judge(count(here.database, here.lake)).is_sound


def test_what_was_sent_again_lands_once(here):
    for user_id in here.users:
        write_events(here.database, user_id, 100)
    here.relay.drain()
    here.ingestion.drain()
    with psycopg.connect(here.database_url) as owner:
        owner.execute(
            "update relay_position set next = greatest(next - 60, 0)"
        )  # as after a crash between send and note
    for user_id in here.users:
        write_events(here.database, user_id, 10)
    while sequence_once(here.database):
        pass
    sent = 0
    with closing(here.kafka.publisher(here.kafka.events)) as publisher:
        for published in takewhile(bool, here.relay.relay.rounds(publisher, threading.Event())):
            sent += published
    here.ingestion.drain()
    assert sent > 200
    assert places_of(here.lake) == all_places(here.database)


def test_a_topic_that_was_rebuilt_is_refused_until_the_database_has_filled_the_lake(here):
    for user_id in here.users:
        write_events(here.database, user_id, 20)
    here.relay.drain()
    admin = KafkaAdminClient(bootstrap_servers=here.kafka_address)
    admin.delete_topics([here.kafka.events])
    admin.close()
    with broker_source(here.database, here.kafka) as source, pytest.raises(PositionLost, match="verify --repair"):
        source.read(dict.fromkeys(range(BUCKETS), 0), 100)
    with pytest.raises(PositionLost, match="deleted, or made anew"):
        here.relay.drain()
    backfill(here.database, here.lake, here.kafka, buckets=BUCKETS, rows=5_000, retention_hours=24)
    write_events(here.database, here.users[0], 30)
    here.relay.drain()
    with broker_source(here.database, here.kafka) as source:
        open_ingestion(here.database, here.lake, buckets=BUCKETS, rows=5_000, age_seconds=0, source=source).drain()
    assert places_of(here.lake) == all_places(here.database)


def test_what_kafka_lost_is_named_and_filled_from_the_database(here):
    for user_id in here.users:
        write_events(here.database, user_id, 20)
    here.relay.drain()
    admin = KafkaAdminClient(bootstrap_servers=here.kafka_address)
    with here.kafka.log(here.kafka.events) as log:
        ends = {bucket: log.bounds(bucket)[1] for bucket in range(BUCKETS)}
    admin.delete_records({TopicPartition(here.kafka.events, bucket): end // 2 for bucket, end in ends.items()})
    admin.close()
    with pytest.raises(PositionLost, match="Kafka has lost events of bucket"):
        here.ingestion.drain()
    backfill(here.database, here.lake, here.kafka, buckets=BUCKETS, rows=5_000, retention_hours=24)
    write_events(here.database, here.users[0], 5)
    here.relay.drain()
    here.ingestion.drain()
    assert places_of(here.lake) == all_places(here.database)


def test_a_publisher_with_a_batch_on_its_way_closes_at_once_and_leaves_no_thread(kafka):
    kafka.prepare(BUCKETS, 24)
    before = set(threading.enumerate())
    publisher = kafka.publisher(kafka.events)
    delivery = publisher.send({0: [message_of(0, b"{}")]})
    assert set(threading.enumerate()) > before
    publisher.close()
    assert set(threading.enumerate()) == before
    assert delivery.acknowledged() == {0: 0}


@dataclass
class RefusesAtFirst:
    """Has the first batch refused while the one behind it is on its way."""

    publisher: Publisher
    sent: ClassVar[int] = 0

    def send(self, messages):
        type(self).sent += 1
        delivery = self.publisher.send(messages)
        return NothingOf(messages) if self.sent == 1 else delivery

    def close(self):
        self.publisher.close()


@dataclass
class NothingOf:
    messages: Mapping[int, Sequence[Message]]

    def acknowledged(self):
        return dict.fromkeys(self.messages, 0)


def test_a_relay_outlives_a_refusal_and_publishes_everything(here, monkeypatch):
    monkeypatch.setattr(RefusesAtFirst, "sent", 0)
    for user_id in here.users:
        write_events(here.database, user_id, 300)
    while sequence_once(here.database):
        pass
    stop, turned = threading.Event(), list[None]()
    service = replace(here.relay, connect=lambda: RefusesAtFirst(here.relay.connect()))
    going = threading.Thread(target=service.run, args=[stop, lambda **_: turned.append(None)])
    going.start()
    try:
        for _ in range(300):
            if TopicState(here.database, here.kafka).published() == OutboxSource(here.database).heads():
                break
            stop.wait(0.1)
    finally:
        stop.set()
        going.join(30)
    assert not going.is_alive()
    assert RefusesAtFirst.sent > 2
    assert len(turned) > 2
    here.ingestion.drain()
    assert places_of(here.lake) == all_places(here.database)


def test_a_topic_that_belongs_to_another_installation_is_refused(database, lake, kafka, database_url, users):
    kafka.prepare(BUCKETS, 24)
    with closing(kafka.publisher(kafka.events)) as stranger:
        stranger.send({0: [message_of(0, b"{}")]}).acknowledged()
    service = relay_service(database, database_url, lake, kafka, buckets=BUCKETS, rows=500, retention_hours=24)
    with pytest.raises(PositionLost, match="FOCUSFLOW_KAFKA_TOPIC_PREFIX"):
        service.drain()


def test_topics_are_made_with_bounded_retention_and_are_never_compacted(kafka, kafka_address):
    kafka.prepare(BUCKETS, 24)
    kafka.prepare(BUCKETS, 24)  # a second time is a rest
    admin = KafkaAdminClient(bootstrap_servers=kafka_address)
    partitions = {
        each["name"]: len(each["partitions"])
        for each in admin.describe_topics([kafka.events, kafka.inbox, kafka.deadletter])
    }
    described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, kafka.events)])
    admin.close()
    assert partitions == dict.fromkeys((kafka.events, kafka.inbox, kafka.deadletter), BUCKETS)
    settings = {name: each["value"] for name, each in described["topic"][kafka.events].items()}
    assert settings["cleanup.policy"] == "delete"
    assert settings["retention.ms"] == str(24 * 3_600_000)
    with pytest.raises(SetupProblem, match="8 partitions"):
        kafka.prepare(BUCKETS * 2, 24)


def test_a_broker_that_is_away_can_be_waited_for(database, lake, database_url, monkeypatch):
    monkeypatch.setattr(broker, "ANSWER_SECONDS", 1)
    nowhere = Kafka("127.0.0.1:1", "nowhere")
    service = relay_service(database, database_url, lake, nowhere, buckets=BUCKETS, rows=500, retention_hours=24)
    before = threading.active_count()
    for attempt in (service.drain, lambda: nowhere.publisher("x"), lambda: nowhere.log("x")):
        with pytest.raises(Unavailable, match=r"KAFKA_BOOTSTRAP_SERVERS \(127.0.0.1:1\)"):
            attempt()
    assert threading.active_count() == before  # an outage of a night is thousands of attempts


def test_an_active_relay_that_is_frozen_is_active_no_more(database_url, monkeypatch):
    monkeypatch.setattr(lease_module, "EXPIRY", "set idle_session_timeout = '200ms'")

    def is_free():
        with lease(database_url, Lease.RELAY) as held:
            return held is not None

    with lease(database_url, Lease.RELAY) as first:
        assert first is not None
        for _ in range(100):
            if is_free():
                break
            time.sleep(0.1)
        assert is_free()
        with pytest.raises(Unavailable, match="is lost"):
            renew(first, Lease.RELAY)


def test_of_two_relays_one_is_active_and_the_other_takes_over(database, database_url, users, relay, kafka):
    for user_id in users:
        write_events(database, user_id, 20)
    with lease(database_url, Lease.RELAY) as first, lease(database_url, Lease.RELAY) as second:
        assert first is not None
        assert second is None
        with pytest.raises(Unavailable, match="Another relay"):
            relay.drain()
    assert relay.drain() > 0
