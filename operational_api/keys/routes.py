"""API keys over HTTP. Only somebody who signed in can make or revoke one."""

from pathlib import Path
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from focusflow.database.queries import load_queries
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from focusflow.identity import new_id
from operational_api.http.errors import problems
from operational_api.http.unit_of_work import InOneTransaction, KeyReused, UnitOfWork
from operational_api.keys.schemas import Keys, MadeKey, NewKey
from operational_api.security import keys
from operational_api.security.tokens import digest

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
AT_MOST = 50

router = APIRouter(prefix="/keys", tags=["Keys"], route_class=InOneTransaction)


class KeyNotFound(NotFound):
    """There is no such key."""


class TooManyKeys(Conflict):
    """An account has at most 50 keys that work. Revoke one that is not used any more."""


@router.post(
    "", status_code=201, response_model=MadeKey, responses=problems(NotSignedIn, TooManyKeys, KeyReused, Invalid)
)
def make_key(body: NewKey, work: UnitOfWork) -> Response:
    """Make an API key. The answer shows it, this once."""
    me, now = work.caller.user_id, work.tx.now
    if body.expires_at is not None and body.expires_at <= now:
        raise Invalid.field("body.expires_at", "it lies in the past")
    work.tx.serialize("keys")
    usable = work.tx.one(QUERIES["usable"], {"user_id": me, "now": now})
    if usable is not None and usable["keys"] >= AT_MOST:
        raise TooManyKeys
    key = keys.made_for(me)
    new = body.model_dump(mode="python") | {"scopes": [scope.value for scope in body.scopes]}
    stored = {"id": new_id(), "user_id": me, "now": now, "prefix": key[: keys.SHOWN], "key_hash": digest(key)}
    row = work.tx.one(QUERIES["add"], new | stored)
    assert row is not None
    work.audit("key.made", entity="key", entity_id=row["id"], after={"prefix": row["prefix"], "scopes": row["scopes"]})
    work.reply({**row, "key": None}, 201)  # what is kept for a repeated request holds no secret
    kept = work.answered
    answer = work.reply({**row, "key": key}, 201)
    work.answered = kept
    return answer


@router.get("", response_model=Keys, responses=problems(NotSignedIn))
def list_keys(work: UnitOfWork) -> Response:
    """List your API keys, those that were revoked too."""
    return work.reply({"items": work.tx.all(QUERIES["all"], {"user_id": work.caller.user_id, "now": work.tx.now})})


@router.delete("/{key_id:uuid}", status_code=204, responses=problems(NotSignedIn, KeyNotFound, Invalid))
def revoke_key(key_id: UUID, work: UnitOfWork) -> None:
    """Revoke an API key. It is refused from now on."""
    row = work.tx.one(QUERIES["revoke"], {"id": key_id, "user_id": work.caller.user_id, "now": work.tx.now})
    if row is None:
        raise KeyNotFound
    work.audit("key.revoked", entity="key", entity_id=key_id, before={"prefix": row["prefix"]})
