"""A database full of events, a broker, and the client alone, for what is measured of Kafka."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from focusflow.database.embedded import embedded_server
from focusflow.database.migrate import prepare
from focusflow.database.session import Database
from focusflow.lake.tables import Lake
from ingestion.kafka.broker import READING, SENDING, Kafka
from ingestion.kafka.local_broker.server import local_broker

BUCKETS = 8

#: Written straight into the log with their places: what is measured begins behind the sequencer.
FILL = """
    insert into outbox (event_id, user_id, bucket, value, log_offset)
    select id, user_id, bucket, format('{"specversion":"1.0","id":"%%s","source":"focusflow","type":"task.created","subject":"%%s",'
        '"time":"2026-03-02T08:00:00Z","userid":"%%s","entityversion":1,"recordedtime":"2026-03-02T08:00:00.123456Z",'
        '"timezone":"Europe/Berlin","localdate":"2026-03-02","actor":"user","dataschema":"focusflow:task:1",'
        '"datacontenttype":"application/json","data":{"title":"Buy milk %%s","priority":"medium","status":"pending"},"before":null}',
        id, subject, user_id, n), n / 8
    from (select n, (n %% 8)::smallint as bucket, gen_random_uuid() as id, gen_random_uuid() as user_id, gen_random_uuid() as subject
          from generate_series(0, %(last)s) as n) as rows"""


@dataclass(frozen=True, slots=True)
class Place:
    """All that the two ways need."""

    database: Database
    url: str
    lake: Lake
    kafka: Kafka


@contextmanager
def filled(events: int) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="focusflow-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        with embedded_server(home) as server, local_broker(home / "kafka") as broker, Database(server.url) as database:
            prepare(server.url, BUCKETS)
            with psycopg.connect(server.url, autocommit=True) as owner:
                owner.execute(FILL, {"last": events - 1})
                owner.execute("update outbox_head set next = %s", [events // BUCKETS])
                owner.execute("vacuum analyze outbox")
            yield Place(database, server.url, Lake(str(home / "lake")), Kafka(broker.address))


Messages = list[tuple[int, bytes, list[tuple[str, bytes]]]]


def messages_of(place: Place) -> Messages:
    """The topic's messages as the relay left them."""
    found: Messages = []
    with place.kafka.log(place.kafka.events) as log:
        places = dict.fromkeys(range(BUCKETS), 0)
        while fetched := log.read(places, 50_000, 2):
            for each in fetched:
                found += [(each.partition, record.value, record.headers) for record in each.records]
                places[each.partition] = each.records[-1].offset + 1
    return found


def produce(place: Place, topic: str, messages: Messages) -> None:
    """The client alone, with the relay's settings and the relay's messages."""
    producer = KafkaProducer(bootstrap_servers=place.kafka.servers, **SENDING)
    for partition, value, headers in messages:
        producer.send(topic, value, headers=headers, partition=partition)
    producer.flush()
    producer.close()


def consume(place: Place, topic: str, events: int) -> None:
    """The client alone, with the lander's settings; what it reads is dropped."""
    consumer = KafkaConsumer(bootstrap_servers=place.kafka.servers, max_poll_records=50_000, **READING)
    partitions = [TopicPartition(topic, bucket) for bucket in range(BUCKETS)]
    consumer.assign(partitions)
    for partition in partitions:
        consumer.seek(partition, 0)
    count = 0
    while count < events:
        count += sum(map(len, consumer.poll(5_000).values()))
    consumer.close()
