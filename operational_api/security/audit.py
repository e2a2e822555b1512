"""Entries of the audit log about requests."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from focusflow.database import audit
from focusflow.database.session import Transaction
from operational_api.security.authentication import Origin


def record(
    tx: Transaction,
    action: str,
    origin: Origin,
    *,
    actor_id: UUID | None,
    user_id: UUID | None,
    entity: str | None = None,
    entity_id: UUID | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Note a deed with the request that it came from."""
    audit.record(
        tx, action, actor_id=actor_id, user_id=user_id, ip=origin.ip, user_agent=origin.user_agent, entity=entity,
        entity_id=entity_id, before=before, after=after,
    )  # fmt: skip
