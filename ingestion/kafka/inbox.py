"""Takes in the events of other producers: into the outbox, once, or into what was refused, with the reason and the bytes.

The position in the topic moves in the transaction that writes them, so a crash neither loses nor doubles one.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from psycopg.rows import DictRow

from focusflow.contracts.envelope import Event
from focusflow.database import outbox
from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.errors import Unavailable
from focusflow.heartbeat import Beat, unwatched
from ingestion.kafka.dead_letters import DeadLetterPublisher, letter
from ingestion.kafka.external_events import ExternalEvent, Refusal, accept, read
from ingestion.kafka.messages import Fetched, Message, OutOfRange, PartitionLog
from ingestion.kafka.relay import RETRY_SECONDS, Publisher
from ingestion.kafka.topic_state import Overtaken

log = logging.getLogger(__name__)

QUERIES = load_queries(Path(__file__).with_name("inbox.sql"))

BATCH_ROWS = 1_000
REPEATED_AT_ONCE = 125  # of each partition
WAIT_SECONDS = 1.0


class InboxLog(PartitionLog, Protocol):
    """The topic that others write to."""

    def partitions(self) -> Sequence[int]: ...


class ClosableInbox(InboxLog, Protocol):
    """One that was opened for the loop."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Refused:
    """What could not be taken, and why."""

    partition: int
    kafka_offset: int
    reason: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Inbox:
    """Everything between the inbox and the outbox, as one piece of work that can be repeated."""

    database: Database

    def take_once(self, messages: InboxLog, wait_seconds: float) -> int:
        """Take what has come, or refuse it. Returns how many messages those were."""
        places = self._places(messages)
        try:
            fetched = messages.read(places, BATCH_ROWS, wait_seconds)
        except OutOfRange:
            self._skip_what_is_gone(messages, places)
            return 0
        if fetched:
            with self.database.transaction(Role.INGESTION) as tx:
                _move(tx, {each.partition: (places[each.partition], each.records[-1].offset + 1) for each in fetched})
                _take(tx, fetched)
        return sum(len(each.records) for each in fetched)

    def repeat_refused(self, publisher: Publisher) -> int:
        """Publish what was refused to the deadletter topic. After a crash one may stand there twice; its headers say where it came from."""
        with self.database.transaction(Role.INGESTION) as tx:
            rows = tx.all(QUERIES["unpublished"], {"limit": REPEATED_AT_ONCE, "now": tx.now})
            dead_letters: dict[int, list[Message]] = {}
            for row in rows:
                headers = [
                    ("reason", row["reason"].encode()),
                    ("partition", b"%d" % row["partition"]),
                    ("offset", b"%d" % row["kafka_offset"]),
                ]
                dead_letters.setdefault(row["partition"], []).append(letter(headers, row["value"]))
            acknowledged = publisher.send(dead_letters).acknowledged() if dead_letters else {}
            done: list[DictRow] = []
            bad: list[DictRow] = []
            for partition, count in acknowledged.items():
                sent = [row for row in rows if row["partition"] == partition]
                done += sent[:count]
                bad += sent[count : count + 1]
            if bad:  # where nothing was taken it may be the broker's fault, so no attempt counts
                tx.run(QUERIES["put_off"], _keys(bad) | {"now": tx.now, "counted": int(bool(done))})
            return tx.run(QUERIES["published"], _keys(done)) if done else 0

    def _places(self, messages: InboxLog) -> dict[int, int]:
        partitions = messages.partitions()
        with self.database.transaction(Role.INGESTION) as tx:
            known = {row["partition"]: row["next"] for row in tx.all(QUERIES["positions"])}
            new = [partition for partition in partitions if partition not in known]
            if new:
                first = [messages.bounds(partition)[0] for partition in new]
                tx.run(QUERIES["begin"], {"partitions": new, "places": first})
                known |= dict(zip(new, first, strict=True))
        return {partition: known[partition] for partition in partitions}

    def _skip_what_is_gone(self, messages: InboxLog, places: Mapping[int, int]) -> None:
        """Nobody else has these events; all that can be done is to say so and go on."""
        for partition, place in places.items():
            first, end = messages.bounds(partition)
            if not first <= place <= end:
                log.error(
                    "The inbox no longer holds messages %d to %d of partition %d. They were never taken in: Kafka dropped them before,"
                    " or the topic was made anew. Going on at %d.", place, first - 1, partition, first,
                )  # fmt: skip
                with self.database.transaction(Role.INGESTION) as tx:
                    _move(tx, {partition: (place, first)})


def _keys(rows: Sequence[DictRow]) -> dict[str, list[Any]]:
    return {
        "partitions": [row["partition"] for row in rows],
        "offsets": [row["kafka_offset"] for row in rows],
        "received": [row["received_at"] for row in rows],
    }


def _move(tx: Transaction, moves: Mapping[int, tuple[int, int]]) -> None:
    values = {
        "partitions": list(moves),
        "before": [before for before, _ in moves.values()],
        "next": [after for _, after in moves.values()],
    }
    if tx.run(QUERIES["advance"], values) != len(moves):
        raise Overtaken


def _take(tx: Transaction, fetched: Sequence[Fetched]) -> None:
    readable: list[tuple[Refused, ExternalEvent]] = []
    refused: list[Refused] = []
    for each in fetched:
        for record in each.records:
            bad = Refused(each.partition, record.offset, "", record.value or b"")
            try:
                readable.append((bad, read(record.value, tx.now)))
            except Refusal as refusal:
                refused.append(_because(bad, refusal))
    timezones = _timezones(tx, {event.userid for _, event in readable})
    events: list[Event] = []
    for bad, event in readable:
        try:
            events.append(accept(event, timezones, tx.now))
        except Refusal as refusal:
            refused.append(_because(bad, refusal))
    outbox.append(tx, _first_time(tx, events))
    _refuse(tx, refused)


def _because(bad: Refused, refusal: Refusal) -> Refused:
    return Refused(bad.partition, bad.kafka_offset, str(refusal), bad.value)


def _timezones(tx: Transaction, ids: set[UUID]) -> dict[UUID, str]:
    return {row["id"]: row["timezone"] for row in tx.all(QUERIES["people"], {"ids": list(ids)})}


def _first_time(tx: Transaction, events: Sequence[Event]) -> list[Event]:
    """Those that have not come before; of several in this batch the first one."""
    different = {(event.userid, event.id): event for event in reversed(events)}
    users, ids = [user for user, _ in different], [id_ for _, id_ in different]
    new = {
        (row["user_id"], row["event_id"])
        for row in tx.all(QUERIES["first_time"], {"users": users, "ids": ids, "now": tx.now})
    }
    return [event for key, event in reversed(different.items()) if key in new]


def _refuse(tx: Transaction, refused: Sequence[Refused]) -> None:
    if refused:
        values = {
            "now": tx.now,
            "partitions": [each.partition for each in refused],
            "offsets": [each.kafka_offset for each in refused],
            "reasons": [each.reason for each in refused],
            "values": [each.value for each in refused],
        }
        tx.run(QUERIES["refuse"], values)


@dataclass(frozen=True, slots=True)
class InboxService:
    """Its loop, beside the relay's; what is bad, here or in the lake, goes to the deadletter topic. Only one takes at a time: the other's move of the position fails, and it looks again."""

    inbox: Inbox
    dead_letters: DeadLetterPublisher
    connect: Callable[[], tuple[ClosableInbox, Publisher]]

    def run(self, stop: threading.Event, beat: Beat = unwatched) -> None:
        """Until told to stop. Kafka or Postgres being away is waited for."""
        retry_seconds = RETRY_SECONDS[0]
        while not stop.is_set():
            beat()
            try:
                messages, deadletters = self.connect()
                with closing(messages), closing(deadletters):
                    while not stop.is_set():
                        beat()
                        self.inbox.take_once(messages, WAIT_SECONDS)
                        self.inbox.repeat_refused(deadletters)
                        self.dead_letters.publish_when_due(deadletters)
                        beat(has_worked=True)
                        retry_seconds = RETRY_SECONDS[0]
            except Unavailable as problem:
                log.warning("Inbox: %s Trying again in %.1f s.", problem, retry_seconds)
                stop.wait(retry_seconds)
                retry_seconds = min(retry_seconds * 2, RETRY_SECONDS[1])
