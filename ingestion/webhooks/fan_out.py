"""Writes down a delivery for each event of the log and each endpoint that wants it, together with how far the log was read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
from psycopg.types.json import Jsonb

from focusflow.database.queries import load_queries
from focusflow.database.session import Database, Role, Transaction
from focusflow.identity import new_id
from focusflow.webhooks import NOT_SENT_ACTOR, message_data, sent_type

QUERIES: Final = load_queries(Path(__file__).with_name("queries.sql"))

#: Positions of a bucket that one transaction reads. Of them, only the events of users with endpoints are loaded.
SPAN: Final = 5_000


@dataclass(frozen=True, slots=True)
class FanOut:
    """Follows the log. Several may be at it: a bucket is read by one at a time, and a delivery is written once."""

    database: Database

    def drain(self) -> int:
        """Read the log to its end. Returns how many deliveries were written."""
        count = 0
        while (found := self._step()) is not None:
            count += found
        return count

    def _step(self) -> int | None:
        with self.database.transaction(Role.INGESTION) as tx:
            tx.run(QUERIES["begin"])
            behind = tx.one(QUERIES["behind"])
            if behind is None:
                return None
            span = {"bucket": behind["bucket"], "first": behind["position"]}
            end = min(behind["head"], behind["position"] + SPAN)
            events = tx.all(QUERIES["events"], span | {"end": end})
            written = sum(_write(tx, row) for row in events)
            tx.run(QUERIES["advance"], span | {"end": end})
        return written


def _write(tx: Transaction, row: Mapping[str, Any]) -> int:
    event = orjson.loads(row["value"])
    type_ = sent_type(event["type"])
    if type_ not in row["event_types"] or event["actor"] == NOT_SENT_ACTOR:
        return 0
    return tx.run(
        QUERIES["write"],
        {
            "id": new_id(),
            "user_id": row["user_id"],
            "endpoint_id": row["endpoint_id"],
            "event_id": row["event_id"],
            "type": type_,
            "now": tx.now,
            "happened_at": datetime.fromisoformat(event["time"]),
            "data": Jsonb(message_data(event, has_text=row["has_text"])),
        },
    )
