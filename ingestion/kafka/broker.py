"""Kafka as the platform sees it: topics, a publisher and a log. The only import of kafka-python."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import (
    InvalidReplicationFactorError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    OffsetOutOfRangeError,
)
from kafka.errors import TopicAlreadyExistsError as TopicExists
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket

from focusflow.errors import Problem, SetupProblem, Unavailable
from focusflow.settings import Settings
from ingestion.kafka.messages import Fetched, Message, OutOfRange
from ingestion.kafka.topic_state import TopicIdentity

#: Bounds how long one call may hang: everything is tried again from a position that is known.
ANSWER_SECONDS = 10
DELIVERY_SECONDS = 30
FENCED_SECONDS = 10  # that a broker, just started or starved, may need to take part
MESSAGE_BYTES = 8 * 1024 * 1024

#: Measured in docs/kafka.md: zstd is a fifth more work than lz4, and three fifths of the disk. Batches of 128 KiB instead of 256 are 10 % slower.
SENDING: Mapping[str, Any] = {
    "acks": "all",
    "enable_idempotence": True,  # said aloud: left to the default, a setting that contradicts it would switch it off in silence
    "compression_type": "zstd",
    "batch_size": 256 * 1024,
    "linger_ms": 20,
    "max_request_size": MESSAGE_BYTES,
    "max_block_ms": ANSWER_SECONDS * 1000,
    "request_timeout_ms": ANSWER_SECONDS * 1000,
    "delivery_timeout_ms": DELIVERY_SECONDS * 1000,
    "allow_auto_create_topics": False,
}

#: `none`: a position that the log no longer holds is an error to be looked at, not a reason to begin somewhere else.
READING: Mapping[str, Any] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "none",
    "allow_auto_create_topics": False,
    "request_timeout_ms": ANSWER_SECONDS * 1000,
    "fetch_max_bytes": 16 * 1024 * 1024,  # of one answer; with a batch's rows this is what bounds the memory
    "max_partition_fetch_bytes": 4 * 1024 * 1024,
}


class ClosingSocket(KafkaNetSocket):  # type: ignore[misc] # the library's types are Any
    """A plain connection, by the name under which the library finds it. Closes what was refused; the library leaves that to the garbage."""

    SCHEMES = ("tidy",)

    async def sock_connect(self, net: Any, sock: Any, sockaddr: Any, timeout_at: float | None = None) -> Any:
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at)
        except BaseException:
            sock.close()
            raise


@dataclass(frozen=True, slots=True)
class Kafka:
    """One cluster, and the names of our topics on it."""

    servers: str
    prefix: str = "focusflow"
    access: Mapping[str, Any] = field(default_factory=dict)

    @property
    def events(self) -> str:
        return f"{self.prefix}.events"

    @property
    def inbox(self) -> str:
        return f"{self.prefix}.inbox"

    @property
    def deadletter(self) -> str:
        return f"{self.prefix}.deadletter"

    def prepare(self, buckets: int, retention_hours: int) -> None:
        """Create the topics that are not there. One that has another number of partitions would tear users' order apart."""
        with self._admin() as admin:
            nodes = len(admin.describe_cluster()["brokers"])
            for name in (self.events, self.inbox, self.deadletter):
                present = _described(admin, name)
                if present is None:
                    _create(admin, name, buckets, min(nodes, 3), retention_hours)
                elif name == self.events and len(present["partitions"]) != buckets:
                    raise SetupProblem(
                        f"The topic {name} has {len(present['partitions'])} partitions, and this installation spreads its users over"
                        f" {buckets} buckets. Set FOCUSFLOW_KAFKA_TOPIC_PREFIX to a name that is free."
                    )

    def check(self) -> None:
        """Raise `Unavailable` unless a broker answers."""
        with self._admin() as admin:
            admin.describe_cluster()

    def identity(self, topic: str) -> TopicIdentity | None:
        """None when there is no such topic."""
        with self._admin() as admin:
            present = _described(admin, topic)
            if present is None:
                return None
            return TopicIdentity(topic, admin.describe_cluster()["cluster_id"], str(present["topic_id"]))

    def holds_messages(self, topic: str) -> bool:
        with self.log(topic) as log:
            return any(log.bounds(partition)[1] for partition in log.partitions())

    def publisher(self, topic: str) -> "KafkaPublisher":
        return KafkaPublisher(self.servers, topic, self._client(KafkaProducer, SENDING))

    def log(self, topic: str) -> "KafkaLog":
        return KafkaLog(self.servers, topic, self._client(KafkaConsumer, READING))

    @contextmanager
    def _admin(self) -> Iterator[KafkaAdminClient]:
        with (
            _translated(self.servers),
            closing(self._client(KafkaAdminClient, {"request_timeout_ms": ANSWER_SECONDS * 1000})) as admin,
        ):
            yield admin

    def _client(self, kind: Callable[..., Any], config: Mapping[str, Any]) -> Any:
        """A client of that kind, connected. One that does not get through leaves its thread and sockets behind unless we close them."""
        begun: list[KafkaNetClient] = []

        def connection(**how: Any) -> KafkaNetClient:
            begun.append(KafkaNetClient(**how))
            return begun[-1]

        fixed = {
            "bootstrap_servers": self.servers.split(","),
            "bootstrap_timeout_ms": ANSWER_SECONDS * 1000,
            "proxy_url": f"{ClosingSocket.SCHEMES[0]}://",
        }
        try:
            with _translated(self.servers):
                return kind(kafka_client=connection, **fixed, **config, **self.access)
        except Unavailable:
            for each in begun:
                each.close()
            raise


class KafkaPublisher:
    """Sends in order and says what was acknowledged. After a refusal it is closed and a new one made: the rest is uncertain."""

    def __init__(self, servers: str, topic: str, producer: KafkaProducer) -> None:
        self._servers, self._topic, self._producer = servers, topic, producer

    def send(self, messages: Mapping[int, Sequence[Message]]) -> "KafkaDelivery":
        """Hand messages over; they leave while the next ones are got ready."""
        futures: dict[int, list[Any]] = {partition: [] for partition in messages}
        send, topic = self._producer.send, self._topic
        try:
            for partition, batch in messages.items():
                add = futures[partition].append
                for headers, value in batch:
                    add(send(topic, value, headers=headers, partition=partition))
        except MessageSizeTooLargeError as error:
            raise Problem(f"An event is larger than the {MESSAGE_BYTES:,} bytes that Kafka takes: {error}") from error
        except KafkaError:
            pass  # what was sent before it may have arrived all the same; the futures know
        return KafkaDelivery(futures)

    def close(self) -> None:
        """At once: what is not acknowledged by now will be sent again. The client would fail over such a batch, and go on sending it."""
        if sender := self._producer._sender:  # noqa: SLF001 - nothing public ends it while a batch is on its way
            sender.force_close()
            sender.join(ANSWER_SECONDS)
        with suppress(KafkaTimeoutError):
            self._producer.close(timeout=0)


@dataclass(frozen=True, slots=True)
class KafkaDelivery:
    """What is on its way to the broker, in the order in which it was sent."""

    futures: Mapping[int, Sequence[Any]]

    def acknowledged(self) -> dict[int, int]:
        """How many of each partition's leading messages were acknowledged, once that is known."""
        deadline = time.monotonic() + DELIVERY_SECONDS + ANSWER_SECONDS
        for sent in self.futures.values():
            if sent:
                with suppress(KafkaError):
                    sent[-1].get(max(deadline - time.monotonic(), 0))
        return {
            partition: sum(1 for _ in takewhile(lambda each: each.succeeded(), sent))
            for partition, sent in self.futures.items()
        }


class KafkaLog:
    """Reads partitions of one topic from where it is told, and keeps no position of its own on the broker."""

    def __init__(self, servers: str, topic: str, consumer: KafkaConsumer) -> None:
        self._servers, self._topic, self._consumer = servers, topic, consumer
        self._at: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def partitions(self) -> list[int]:
        with _translated(self._servers):
            return sorted(self._consumer.partitions_for_topic(self._topic) or ())

    def bounds(self, partition: int) -> tuple[int, int]:
        """The first place that is still there, and the one after the last."""
        where = TopicPartition(self._topic, partition)
        with _translated(self._servers):
            milliseconds = ANSWER_SECONDS * 1000
            first = self._consumer.beginning_offsets([where], timeout_ms=milliseconds)[where]
            end = self._consumer.end_offsets([where], timeout_ms=milliseconds)[where]
        return first, end

    def read(self, places: Mapping[int, int], limit: int, wait_seconds: float) -> list[Fetched]:
        """What lies at these places and after them, at most `limit` messages in all, when some come within that time."""
        with _translated(self._servers):
            self._stand(places)
            try:
                polled = self._consumer.poll(int(wait_seconds * 1000), max_records=limit)
            except OffsetOutOfRangeError as error:
                self._at.clear()
                raise OutOfRange from error
        fetched = [Fetched(each.partition, records) for each, records in polled.items()]
        self._at |= {each.partition: each.records[-1].offset + 1 for each in fetched}
        return fetched

    def _stand(self, places: Mapping[int, int]) -> None:
        if self._at.keys() != places.keys():
            self._consumer.assign([TopicPartition(self._topic, partition) for partition in places])
            self._at = {}
        for partition, place in places.items():
            if self._at.get(partition) != place:
                self._consumer.seek(TopicPartition(self._topic, partition), place)
                self._at[partition] = place

    def close(self) -> None:
        self._consumer.close()


def kafka_of(settings: Settings) -> Kafka | None:
    """The cluster that the settings name, if they name one."""
    if settings.kafka_bootstrap_servers is None:
        return None
    access: dict[str, Any] = {"security_protocol": settings.kafka_security_protocol}
    if settings.kafka_ca_file:
        access["ssl_cafile"] = str(settings.kafka_ca_file)
    if settings.kafka_security_protocol.startswith("SASL"):
        password = settings.kafka_password
        access |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": password.get_secret_value() if password else None,
        }
    return Kafka(settings.kafka_bootstrap_servers, settings.kafka_topic_prefix, access)


def _described(admin: KafkaAdminClient, topic: str) -> dict[str, Any] | None:
    (described,) = admin.describe_topics([topic])
    return described if described["topic_id"] and not described["error_code"] else None


def _create(admin: KafkaAdminClient, topic: str, partitions: int, replicas: int, retention_hours: int) -> None:
    settings = {
        "cleanup.policy": "delete",  # compaction would keep one event of a key and drop the rest
        "retention.ms": str(retention_hours * 3_600_000),
        "min.insync.replicas": str(max(replicas - 1, 1)),
        "max.message.bytes": str(MESSAGE_BYTES),
    }
    wanted = {topic: {"num_partitions": partitions, "replication_factor": replicas, "configs": settings}}
    until = time.monotonic() + FENCED_SECONDS
    with suppress(TopicExists):  # somebody made it at the same moment
        while True:
            try:
                admin.create_topics(wanted, wait_for_metadata=True)
                return
            except InvalidReplicationFactorError:  # also of brokers that are there and do not take part yet
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)


@contextmanager
def _translated(servers: str) -> Iterator[None]:
    try:
        yield
    except KafkaTimeoutError as error:
        raise Unavailable(f"Kafka does not answer under KAFKA_BOOTSTRAP_SERVERS ({servers}).") from error
    except KafkaError as error:
        raise Unavailable(f"Kafka at {servers} refused: {error}") from error
