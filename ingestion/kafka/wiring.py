"""Puts the ways through Kafka together: outbox → topic, topic → lander, and back onto the way when Kafka lost something."""

from collections.abc import Mapping

from focusflow.database.session import Database
from focusflow.errors import Unavailable
from focusflow.lake.tables import RAW_EVENTS, Lake, position_key
from ingestion.kafka.broker import Kafka, KafkaLog, KafkaPublisher
from ingestion.kafka.dead_letters import DeadLetterPublisher
from ingestion.kafka.inbox import Inbox, InboxService
from ingestion.kafka.relay import Relay, RelayService
from ingestion.kafka.source import BrokerSource
from ingestion.kafka.topic_state import TopicState
from ingestion.landing.service import open_ingestion
from ingestion.outbox.source import OutboxSource


def broker_source(database: Database, kafka: Kafka) -> BrokerSource:
    """The log of the events' topic, as the lander reads it. To be closed."""
    return BrokerSource(TopicState(database, kafka), lambda: kafka.log(kafka.events))


def relay_service(
    database: Database, url: str, lake: Lake, kafka: Kafka, *, buckets: int, rows: int, retention_hours: int
) -> RelayService:
    topic_state = TopicState(database, kafka)

    def connect() -> KafkaPublisher:
        kafka.prepare(buckets, retention_hours)
        topic_state.begin(landed_positions(lake, buckets))
        return kafka.publisher(kafka.events)

    return RelayService(Relay(topic_state, OutboxSource(database), rows), database, url, connect)


def inbox_service(database: Database, lake: Lake, kafka: Kafka, *, buckets: int, retention_hours: int) -> InboxService:
    def connect() -> tuple[KafkaLog, KafkaPublisher]:
        kafka.prepare(buckets, retention_hours)
        deadletters = kafka.publisher(kafka.deadletter)
        try:
            return kafka.log(kafka.inbox), deadletters
        except Unavailable:
            deadletters.close()
            raise

    return InboxService(Inbox(database), DeadLetterPublisher(lake, buckets), connect)


def landed_positions(lake: Lake, buckets: int) -> Mapping[int, int]:
    raw = lake.pinned(RAW_EVENTS.name)
    return {bucket: raw.position(position_key(bucket)) if raw else 0 for bucket in range(buckets)}


def backfill(
    database: Database, lake: Lake, kafka: Kafka | None, *, buckets: int, rows: int, retention_hours: int
) -> int:
    """Land from the outbox what the lake misses, and go on with the topic as it is now. Returns how many events landed.

    The positions are those of the outbox either way, so a lander that is running meanwhile doubles nothing.
    """
    landed = open_ingestion(database, lake, buckets=buckets, rows=rows, age_seconds=0).drain()
    if kafka is not None:
        kafka.prepare(buckets, retention_hours)
        TopicState(database, kafka).accept_topic()
    return landed
