"""Idempotency of long requests, which hold no transaction while they compute.

The first request claims the key, records its answer under it, and releases the key if it fails.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, LiteralString

from focusflow.database.queries import load_queries
from focusflow.database.session import Role
from focusflow.errors import Conflict
from operational_api.http.rendered import Rendered
from operational_api.http.unit_of_work import REPLAYED, KeyReused, RequestContext
from operational_api.security.authentication import authenticate

QUERIES = load_queries(Path(__file__).with_suffix(".sql"))

#: Longer than any request takes, with retries. After that, a claim without an answer belongs to a crashed request.
CLAIM_EXPIRES = timedelta(minutes=15)


class StillAtWork(Conflict):
    """A request with this Idempotency-Key is still running. Send it again in a moment to get its answer."""

    retry_after = 2


def run_once(context: RequestContext, make: Callable[[], bytes]) -> Rendered[Any]:
    """What a request makes, or what it made when its Idempotency-Key came for the first time."""
    if context.idempotency_key is None:
        return Rendered(make())
    recorded = _claim(context)
    if recorded is not None:
        return Rendered(recorded.encode(), headers=REPLAYED)
    try:
        content = make()
    except BaseException:
        _write(context, QUERIES["release"])
        raise
    _write(context, QUERIES["record"], response=content.decode())
    return Rendered(content)


def _claim(context: RequestContext) -> str | None:
    """Claim the key, or return the answer that is recorded under it."""
    with authenticate(context.services.database, context.credentials, context.idempotency_key) as (tx, caller):
        found = tx.found
        if found["request_hash"] not in (None, context.request_hash):
            raise KeyReused
        if found["status"] is not None:
            answer: str = found["response"]
            return answer
        if found["key_used_at"] is not None and found["key_used_at"] > tx.now - CLAIM_EXPIRES:
            raise StillAtWork
        claim = {"user_id": caller.user_id, "key": context.idempotency_key, "request_hash": context.request_hash}
        tx.run(QUERIES["claim"], {**claim, "now": tx.now})
    return None


def _write(context: RequestContext, statement: LiteralString, **more: Any) -> None:
    user_id = context.credentials.claims.user_id
    with context.services.database.transaction(Role.API, user_id) as tx:
        tx.run(statement, {"user_id": user_id, "key": context.idempotency_key, **more})
