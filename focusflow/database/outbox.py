"""Appends events to the transactional outbox, in the transaction that changes the row they describe.

Save the row first, then append: the row lock makes the event ids of an entity follow the order of its commits.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import UUID

from focusflow import tracing
from focusflow.clock import local_date
from focusflow.contracts.envelope import Event
from focusflow.contracts.fields import Actor
from focusflow.contracts.registry import BY_TYPE
from focusflow.database.queries import load_queries
from focusflow.database.session import Transaction
from focusflow.identity import bucket_of, new_id

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))


def event(
    type_: str,
    *,
    user_id: UUID,
    timezone: str,
    subject: UUID,
    version: int,
    data: Mapping[str, Any],
    recorded_at: datetime,
    happened_at: datetime | None = None,
    before: Mapping[str, Any] | None = None,
    actor: Actor = "user",
    id_: UUID | None = None,
    source: str = "focusflow",
) -> Event:
    """Build an event whose data is validated and reduced to the fields of the contract."""
    noun = BY_TYPE[type_]
    happened_at = happened_at or recorded_at
    return Event(
        id=id_ or new_id(),
        source=source,
        type=type_,
        subject=subject,
        time=happened_at,
        userid=user_id,
        entityversion=version,
        recordedtime=recorded_at,
        timezone=timezone,
        localdate=local_date(happened_at, timezone),
        actor=actor,
        dataschema=noun.schema,
        data=noun.data.model_validate(data).model_dump(mode="json"),
        before=None
        if before is None
        else {name: value for name, value in before.items() if name in noun.data.model_fields},
        traceparent=tracing.current(),
    )


def append(tx: Transaction, events: Iterable[Event]) -> int:
    """Append events to the outbox; they reach the lake once the transaction commits. Returns the count."""
    rows = [(each.userid, each.id, each.as_bytes().decode()) for each in events]
    if len(rows) == 1:
        ((user, id_, value),) = rows
        tx.run_before_commit(
            QUERIES["one"], {"id": id_, "user": user, "bucket": bucket_of(user, tx.buckets), "value": value}
        )
        return 1
    for user, theirs in groupby(rows, key=itemgetter(0)):
        append_written(tx, user, [(id_, value) for _, id_, value in theirs])
    return len(rows)


def append_written(tx: Transaction, user_id: UUID, events: Sequence[tuple[UUID, str]]) -> None:
    """Append one user's events that are already serialized, as ids and values in order."""
    tx.flush()  # deferred statements come before these
    ids, values = zip(*events, strict=True)
    who = {"user": user_id, "bucket": bucket_of(user_id, tx.buckets)}
    tx.run(QUERIES["many"], {**who, "ids": list(ids), "values": list(values)})
