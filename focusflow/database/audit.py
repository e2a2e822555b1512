"""The audit log: who did what to whom, and from where. Written in the transaction of the deed, so that neither is there without the other."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from focusflow.database.queries import load_queries
from focusflow.database.session import Transaction
from focusflow.identity import new_id

#: Where an entry of a command or a job comes from.
COMMAND_LINE, SCHEDULE = "command line", "schedule"

#: What an erasure says: how many entries lost what was personal in them.
ERASED, REDACTED = "user.erased", "redacted"

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))


def record(
    tx: Transaction,
    action: str,
    *,
    actor_id: UUID | None,
    user_id: UUID | None,
    ip: str,
    user_agent: str | None = None,
    entity: str | None = None,
    entity_id: UUID | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Note a deed. `before` and `after` hold what changed of rights and states, never a text that a user wrote."""
    tx.run_before_commit(
        QUERIES["record"],
        {
            "id": new_id(),
            "at": tx.now,
            "actor_id": actor_id,
            "user_id": user_id,
            "action": action,
            "entity": entity,
            "entity_id": entity_id,
            "before": None if before is None else orjson.dumps(before).decode(),
            "after": None if after is None else orjson.dumps(after).decode(),
            "ip": ip,
            "user_agent": user_agent,
        },
    )
