"""A user whose history was found elsewhere: each thing remembers its state from one event to the next, as the API would."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from focusflow.contracts.envelope import Event
from focusflow.database.outbox import event


def identity(*parts: object) -> UUID:
    """The same thing gets the same id in every run.

    >>> identity("sip", "task", 7) == identity("sip", "task", 7)
    True
    """
    return uuid5(NAMESPACE_URL, "/".join(map(str, parts)))


@dataclass(slots=True)
class Found:
    """What happened to one entity: moments, event types, and the fields that changed then. The order of moments is that of versions."""

    id: UUID
    actions: list[tuple[datetime, str, dict[str, Any]]] = field(default_factory=list)

    def happens(self, at: datetime, type_: str, **fields: Any) -> None:
        self.actions.append((at, type_, fields))


def events_of(user: UUID, timezone: str, found: Iterable[Found]) -> Iterator[Event]:
    """The events of one user, each checked against the contract."""
    for thing in found:
        state: dict[str, Any] = {}
        for version, (at, type_, fields) in enumerate(sorted(thing.actions, key=lambda each: each[0]), start=1):
            state |= fields
            yield event(
                type_,
                user_id=user,
                timezone=timezone,
                subject=thing.id,
                version=version,
                data=state,
                recorded_at=at,
                actor="import",
            )


def account(user: UUID, timezone: str, since: datetime) -> Found:
    found = Found(user)
    found.happens(since, "user.registered", email=f"{user}@example.com", display_name="Someone", timezone=timezone)
    return found
