"""API keys over HTTP. Only somebody who signed in can make or revoke one."""

from pathlib import Path
from uuid import UUID

from fastapi import APIRouter

from focusflow.database.queries import load_queries
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from focusflow.identity import new_id
from operational_api.http.errors import problems
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import KeyReused, UnitOfWork
from operational_api.keys.schemas import Key, Keys, MadeKey, NewKey
from operational_api.security import keys, step_up
from operational_api.security.step_up import ConfirmationNeeded
from operational_api.security.tokens import digest

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
AT_MOST = 50

router = APIRouter(prefix="/keys", tags=["Keys"], route_class=TypedRoute)


class KeyNotFound(NotFound):
    """There is no such key."""


class TooManyKeys(Conflict):
    """An account has at most 50 keys that work. Revoke one that is not used any more."""


@router.post("", status_code=201, responses=problems(NotSignedIn, ConfirmationNeeded, TooManyKeys, KeyReused, Invalid))
def make_key(body: NewKey, uow: UnitOfWork) -> MadeKey:
    """Create an API key. It is shown only in this response."""
    step_up.require(uow.tx, uow.caller)
    me, now = uow.caller.user_id, uow.tx.now
    if body.expires_at is not None and body.expires_at <= now:
        raise Invalid.field("body.expires_at", "it lies in the past")
    uow.tx.serialize("keys")
    usable = uow.tx.one(QUERIES["usable"], {"user_id": me, "now": now})
    if usable is not None and usable["keys"] >= AT_MOST:
        raise TooManyKeys
    key = keys.generate(me)
    new = body.model_dump(mode="python") | {"scopes": [scope.value for scope in body.scopes]}
    stored = {
        "id": new_id(),
        "user_id": me,
        "now": now,
        "prefix": key[: keys.PREFIX_CHARACTERS],
        "key_hash": digest(key),
    }
    row = uow.tx.one(QUERIES["add"], new | stored)
    assert row is not None
    uow.audit("key.made", entity="key", entity_id=row["id"], after={"prefix": row["prefix"], "scopes": row["scopes"]})
    return MadeKey.from_row({**row, "key": key})


@router.get("", responses=problems(NotSignedIn))
def list_keys(uow: UnitOfWork) -> Keys:
    """List your API keys, including revoked ones."""
    rows = uow.tx.all(QUERIES["all"], {"user_id": uow.caller.user_id, "now": uow.tx.now})
    return Keys(items=[Key.from_row(row) for row in rows])


@router.delete("/{key_id:uuid}", status_code=204, responses=problems(NotSignedIn, KeyNotFound, Invalid))
def revoke_key(key_id: UUID, uow: UnitOfWork) -> None:
    """Revoke an API key. It stops working at once."""
    row = uow.tx.one(QUERIES["revoke"], {"id": key_id, "user_id": uow.caller.user_id, "now": uow.tx.now})
    if row is None:
        raise KeyNotFound
    uow.audit("key.revoked", entity="key", entity_id=key_id, before={"prefix": row["prefix"]})
