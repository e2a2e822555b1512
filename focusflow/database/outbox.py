"""The one door by which events leave the operational database: beside the row they speak of, in the same transaction.

Save the row first, then append: the row's lock then makes the ids of one entity's events follow the order of their commits.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from focusflow.clock import local_date
from focusflow.contracts.envelope import Event
from focusflow.contracts.fields import Actor
from focusflow.contracts.registry import BY_TYPE
from focusflow.database.session import Transaction
from focusflow.identity import bucket_of, new_id

ONE: LiteralString = """
    insert into outbox (event_id, user_id, bucket, value) values (%(id)s, %(user)s, %(bucket)s, %(value)s)"""

#: COPY would be quicker still, but Postgres refuses it under row-level security.
MANY: LiteralString = """
    insert into outbox (event_id, user_id, bucket, value)
    select * from unnest(%(ids)b::uuid[], %(users)b::uuid[], %(buckets)b::smallint[], %(values)b::text[])"""


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
    """An event that keeps the contract: its data is checked, and carries the fields of the contract and no others."""
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
    )


def append(tx: Transaction, events: Iterable[Event]) -> int:
    """Write events to the outbox; they leave for the lake once the transaction commits. Returns how many."""
    rows = [(each.id, each.userid, bucket_of(each.userid, tx.buckets), each.as_bytes().decode()) for each in events]
    if len(rows) == 1:
        tx.at_last(ONE, dict(zip(("id", "user", "bucket", "value"), rows[0], strict=True)))
    elif rows:
        tx.settle()  # what was left for the end came before these
        ids, users, buckets, values = zip(*rows, strict=True)
        tx.run(MANY, {"ids": list(ids), "users": list(users), "buckets": list(buckets), "values": list(values)})
    return len(rows)
