"""What Postgres remembers of Kafka: which topic is meant, and up to where each bucket was published to it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role
from focusflow.errors import Unavailable
from ingestion.outbox.source import OutboxSource, PositionLost

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class TopicIdentity:
    """A topic for sure: one that was deleted and rebuilt has the name of the old one, and not its events."""

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


class Overtaken(Unavailable):
    """Another relay has moved on from this position. This one starts again from where that one is."""


@dataclass(frozen=True, slots=True)
class TopicState:
    """Kept by the relay, and believed by the lander."""

    database: Database
    cluster: Cluster

    def begin(self, landed: Mapping[int, int]) -> None:
        """Take a topic under a new name into use where the lake stands; refuse one that was swapped for another."""
        name = self.cluster.events
        known = self._recorded_topic()
        if known is None or known.name != name:
            if self.cluster.holds_messages(name):
                raise PositionLost(
                    f"The topic {name} holds events that this installation has not written. Set FOCUSFLOW_KAFKA_TOPIC_PREFIX to a"
                    " name that is free, or delete the topic."
                )
            with self.database.transaction(Role.INGESTION) as tx:
                tx.run(QUERIES["forget"])  # of the topic before: this one has nothing yet
            self.accept_topic()
        self.require_topic()
        with self.database.transaction(Role.INGESTION) as tx:  # what the lake has is not published any more
            tx.run(QUERIES["begin"], {"buckets": list(landed), "landed": list(landed.values())})

    def require_topic(self) -> None:
        """Refuse a topic that is not the one which the relay took into use."""
        name = self.cluster.events
        known = self._recorded_topic()
        if known is None or known.name != name:
            raise Unavailable(f"Nothing was published to the topic {name} yet; `focusflow relay` does it.")
        if known != self.cluster.identity(name):
            raise PositionLost(
                f"The topic {name} is not the one that this installation has written to: it was deleted, or made anew, or"
                " KAFKA_BOOTSTRAP_SERVERS leads to another cluster. `focusflow verify --repair` lands from the database what the"
                " lake misses, and goes on with the topic as it is."
            )

    def accept_topic(self) -> None:
        """From now on, the topic that has the name is the one that is meant."""
        topic = self.cluster.identity(self.cluster.events)
        if topic is None:
            raise Unavailable("A topic that was just made is gone.")
        with self.database.transaction(Role.INGESTION) as tx:
            tx.run(QUERIES["accept_topic"], asdict(topic))

    def heads(self) -> Mapping[int, int]:
        return OutboxSource(self.database).heads()

    def published(self) -> Mapping[int, int]:
        with self.database.transaction(Role.INGESTION) as tx:
            return {row["bucket"]: row["next"] for row in tx.all(QUERIES["positions"])}

    def advance(self, moves: Mapping[int, tuple[int, int]]) -> None:
        """Move each bucket from one position to another; all of them or none, and only from where they were."""
        values = {
            "buckets": list(moves),
            "before": [before for before, _ in moves.values()],
            "next": [after for _, after in moves.values()],
        }
        with self.database.transaction(Role.INGESTION) as tx:
            if tx.run(QUERIES["advance"], values) != len(moves):
                raise Overtaken

    def _recorded_topic(self) -> TopicIdentity | None:
        with self.database.transaction(Role.INGESTION) as tx:
            row = tx.one(QUERIES["topic"])
        return TopicIdentity(**row) if row else None
