"""What the fault tests run and kill: a relay and a lander, and a relay with a fault built in that the tests must notice."""

import signal
import threading
from dataclasses import dataclass

from focusflow.database.session import Database, Role
from focusflow.lake.tables import Lake
from ingestion.kafka import inbox as inbox_module
from ingestion.kafka.broker import Kafka
from ingestion.kafka.inbox import BATCH_ROWS, Inbox
from ingestion.kafka.relay import Delivery, Publisher
from ingestion.kafka.wiring import broker_source, inbox_service, relay_service
from ingestion.landing.service import OutboxMaintenance, open_ingestion
from tests.conftest import BUCKETS
from tests.faults.points import Point


def relay(url: str, lake: str, address: str, prefix: str) -> None:
    with Database(url) as database:
        service = relay_service(
            database, url, Lake(lake), Kafka(address, prefix), buckets=BUCKETS, rows=200, retention_hours=1
        )
        service.run(threading.Event())


def land(url: str, lake: str, address: str, prefix: str) -> None:
    with Database(url) as database, broker_source(database, Kafka(address, prefix)) as source:
        ingestion = open_ingestion(database, Lake(lake), buckets=BUCKETS, rows=200, age_seconds=0, source=source)
        ingestion.run(threading.Event(), OutboxMaintenance(url, due_at=float("inf")))


def read_inbox(url: str, lake: str, address: str, prefix: str) -> None:
    """The inbox."""
    with Database(url) as database:
        inbox_service(database, Lake(lake), Kafka(address, prefix), buckets=BUCKETS, retention_hours=1).run(
            threading.Event()
        )


def read_inbox_until(url: str, lake: str, address: str, prefix: str, point: Point) -> None:
    """One that is killed when it comes to a point."""
    point.strike(signal.SIGKILL)
    read_inbox(url, lake, address, prefix)


def forget_until(url: str, lake: str, address: str, prefix: str, point: Point) -> None:
    """The mutant: it moves on in one transaction and writes in the next."""
    Inbox.take_once = move_on_and_take  # type: ignore[method-assign]
    read_inbox_until(url, lake, address, prefix, point)


def move_on_and_take(inbox, messages, wait_seconds):
    places = inbox._places(messages)
    fetched = messages.read(places, BATCH_ROWS, wait_seconds)
    moves = {each.partition: (places[each.partition], each.records[-1].offset + 1) for each in fetched}
    with inbox.database.transaction(Role.INGESTION) as tx:
        inbox_module._move(tx, moves)
    with inbox.database.transaction(Role.INGESTION) as tx:
        inbox_module._take(tx, fetched)
    return len(moves)


def relay_until(url: str, lake: str, address: str, prefix: str, point: Point) -> None:
    """One that is killed when it comes to a point."""
    point.strike(signal.SIGKILL)
    relay(url, lake, address, prefix)


def land_until(url: str, lake: str, address: str, prefix: str, point: Point) -> None:
    point.strike(signal.SIGKILL)
    land(url, lake, address, prefix)


@dataclass
class OneMore:
    """Says of these partitions that one more was acknowledged than was."""

    delivery: Delivery
    partitions: set[int]

    def acknowledged(self):
        return {
            partition: count + (partition in self.partitions)
            for partition, count in self.delivery.acknowledged().items()
        }


@dataclass
class TakesRefusalForConsent:
    """The mutant: it counts as acknowledged what the broker never got."""

    publisher: Publisher
    sent: int = 0

    def send(self, messages):
        self.sent += 1
        if self.sent % 3:
            return self.publisher.send(messages)
        torn = {partition: [*batch[:-2], batch[-1]] for partition, batch in messages.items() if len(batch) > 1}
        return OneMore(self.publisher.send({**messages, **torn}), set(torn))

    def close(self):
        self.publisher.close()
