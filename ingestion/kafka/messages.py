"""An event as a message of Kafka: its bytes, and headers by which it is ordered and recognised without reading them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from focusflow.errors import Problem

LOG_OFFSET = "log_offset"

#: The door of the outbox writes id and type before anything that a user could have written, and JSON escapes a quote inside a text.
ENVELOPE = re.compile(rb'"id":"([^"\\]+)".*?"type":"([^"\\]+)"', re.DOTALL)


class Message(NamedTuple):
    """What is sent."""

    headers: list[tuple[str, bytes]]
    value: bytes


class OutOfRange(Exception):
    """The log does not hold this place: it was cut at its beginning, or it is another, shorter log."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was received of one partition: records with `offset`, `headers` and `value`, in the log's order."""

    partition: int
    records: Sequence[Any]

    def log_offsets(self) -> list[int]:
        """
        >>> from types import SimpleNamespace as Record
        >>> Fetched(0, [Record(headers=[("log_offset", b"41")]), Record(headers=[("log_offset", b"42")])]).log_offsets()
        [41, 42]
        """
        try:
            return [int(record.headers[0][1]) for record in self.records]
        except (IndexError, ValueError) as error:
            raise Problem(
                f"Somebody else writes into the topic of the events: partition {self.partition} has messages without our"
                f" {LOG_OFFSET}, after place {self.records[0].offset}. Give this installation a topic of its own by"
                " FOCUSFLOW_KAFKA_TOPIC_PREFIX."
            ) from error


class PartitionLog(Protocol):
    """A log that is read by partition and place. A place is Kafka's own count; after a resend it is not the log_offset."""

    def bounds(self, partition: int) -> tuple[int, int]:
        """The first place that is still there, and the one after the last."""

    def read(self, places: Mapping[int, int], limit: int, wait_seconds: float) -> Sequence[Fetched]:
        """What lies at these places and after them, at most `limit` messages in all, when some come within that time."""


def message_of(log_offset: int, value: bytes) -> Message:
    """
    >>> message_of(7, b'{"specversion":"1.0","id":"0190","source":"focusflow","type":"task.created"}').headers
    [('log_offset', b'7'), ('type', b'task.created'), ('id', b'0190')]
    """
    quoted = value.split(b'"', 16)
    if quoted[5:14:8] == [b"id", b"type"]:  # as the door writes it, and three times as quick as to search
        id_, type_ = quoted[7], quoted[15]
    else:
        found = ENVELOPE.search(value)
        id_, type_ = found.groups() if found else (b"", b"")
    return Message([(LOG_OFFSET, b"%d" % log_offset), ("type", type_), ("id", id_)], value)
