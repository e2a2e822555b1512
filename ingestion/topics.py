"""Which topics this installation means. A topic that was deleted and made anew has the name of the old one and not its events."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.problems import Unavailable
from ingestion.source import PositionLost

QUERIES = load_queries(Path(__file__).with_name("relay.sql"))

Purpose = Literal["events", "inbox"]


@dataclass(frozen=True, slots=True)
class TopicIdentity:
    """A topic for sure: its name alone may by now belong to another one."""

    name: str
    cluster_id: str
    topic_id: str


class Cluster(Protocol):
    """What is asked of Kafka here."""

    @property
    def events(self) -> str:
        """The name of the topic of the events."""

    def identity(self, topic: str) -> TopicIdentity | None:
        """None when there is no such topic."""

    def holds_messages(self, topic: str) -> bool:
        """Whether anything was ever written to it."""


def begin(database: Database, cluster: Cluster, landed: Mapping[int, int]) -> None:
    """For the relay: a topic under a new name is taken into use where the lake stands; one that was swapped is refused."""
    with database.transaction(Role.INGESTION) as tx:
        known = known_topic(tx, "events")
    if known is None or known.name != cluster.events:
        if cluster.holds_messages(cluster.events):
            raise PositionLost(
                f"The topic {cluster.events} holds events that this installation has not written. Set FOCUSFLOW_KAFKA_TOPIC_PREFIX"
                " to a name that is free, or delete the topic."
            )
        with database.transaction(Role.INGESTION) as tx:
            tx.run(QUERIES["forget"])  # of the topic before: this one has nothing yet
            accept_topic(tx, "events", cluster.identity(cluster.events))
    require_known_topic(database, cluster)
    with database.transaction(Role.INGESTION) as tx:  # what the lake has is not published any more
        tx.run(QUERIES["begin"], {"buckets": list(landed), "landed": list(landed.values())})


def require_known_topic(database: Database, cluster: Cluster) -> None:
    """Refuse a topic that is not the one which the relay took into use."""
    name = cluster.events
    with database.transaction(Role.INGESTION) as tx:
        known = known_topic(tx, "events")
    if known is None or known.name != name:
        raise Unavailable(f"Nothing was published to the topic {name} yet; `focusflow relay` does it.")
    if known != cluster.identity(name):
        raise PositionLost(
            f"The topic {name} is not the one that this installation has written to: it was deleted, or made anew, or"
            " KAFKA_BOOTSTRAP_SERVERS leads to another cluster. `focusflow verify --repair` lands from the database what the lake"
            " misses, and goes on with the topic as it is."
        )


def known_topic(tx: Transaction, purpose: Purpose) -> TopicIdentity | None:
    row = tx.one(QUERIES["topic"], {"purpose": purpose})
    return TopicIdentity(**row) if row else None


def accept_topic(tx: Transaction, purpose: Purpose, topic: TopicIdentity | None) -> None:
    if topic is None:
        raise Unavailable("A topic that was just made is gone.")
    tx.run(QUERIES["accept_topic"], {"purpose": purpose, **asdict(topic)})


def published(database: Database) -> dict[int, int]:
    """Up to where the relay has published each bucket, acknowledged."""
    with database.transaction(Role.INGESTION) as tx:
        return {row["bucket"]: row["next"] for row in tx.all(QUERIES["positions"])}
