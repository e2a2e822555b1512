"""Requests that take a while, and hold no transaction for it: with an Idempotency-Key they are carried out once all the same.

Whoever comes first leaves the key without an answer while at work, and gives it back where it fails.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, LiteralString

from fastapi import Depends

from focusflow.database.session import Role
from focusflow.errors import Conflict
from operational_api.http.unit_of_work import REPLAYED, Asked, KeyReused, WorkDoor
from operational_api.security.authentication import admitted

#: Longer than any request takes, with retries: one that left no answer by then was cut off, and can be sent again.
CUT_OFF = timedelta(minutes=15)

CLAIM: LiteralString = """
    insert into idempotency_keys (user_id, key, request_hash, created_at)
    values (%(user_id)s, %(key)s, %(request_hash)s, %(now)s)
    on conflict (user_id, key) do update set created_at = %(now)s"""

KEEP: LiteralString = """
    update idempotency_keys set status = 200, response = %(response)s where user_id = %(user_id)s and key = %(key)s"""

GIVE_BACK: LiteralString = (
    "delete from idempotency_keys where user_id = %(user_id)s and key = %(key)s and status is null"
)


class StillAtWork(Conflict):
    """A request with this Idempotency-Key is still being carried out. Send it again in a moment for its answer."""

    retry_after = 2


@dataclass(frozen=True, slots=True)
class Made:
    """What a request made, or had made when it came before."""

    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def once(asked: Asked, make: Callable[[], bytes]) -> Made:
    """What a request makes, or what it made when its key came for the first time."""
    if asked.idempotency_key is None:
        return Made(make())
    kept = _claim(asked)
    if kept is not None:
        return Made(kept.encode(), REPLAYED)
    try:
        content = make()
    except BaseException:
        _say(asked, GIVE_BACK)
        raise
    _say(asked, KEEP, response=content.decode())
    return Made(content)


def _claim(asked: Asked) -> str | None:
    """Take the key, unless there is an answer under it."""
    with admitted(asked.shared.database, asked.asking, asked.idempotency_key) as (tx, caller):
        found = tx.found
        if found["request_hash"] not in (None, asked.request_hash):
            raise KeyReused
        if found["status"] is not None:
            answer: str = found["response"]
            return answer
        if found["key_used_at"] is not None and found["key_used_at"] > tx.now - CUT_OFF:
            raise StillAtWork
        taken = {"user_id": caller.user_id, "key": asked.idempotency_key, "request_hash": asked.request_hash}
        tx.run(CLAIM, {**taken, "now": tx.now})
    return None


def _say(asked: Asked, statement: LiteralString, **more: Any) -> None:
    me = asked.asking.who.user_id
    with asked.shared.database.transaction(Role.API, me) as tx:
        tx.run(statement, {"user_id": me, "key": asked.idempotency_key, **more})


#: A request of a route that opens its own short transactions.
LongRequest = Annotated[Asked, Depends(WorkDoor())]
