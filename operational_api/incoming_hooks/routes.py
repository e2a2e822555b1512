"""Incoming hooks over HTTP: managing them, and the address itself, which is all that the other program has."""

import re
import secrets
from collections.abc import Mapping
from pathlib import Path as File
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from psycopg.types.json import Jsonb
from uuid_utils.compat import uuid5

from focusflow.database.queries import load_queries
from focusflow.database.rows import insert_row
from focusflow.database.session import Role
from focusflow.database.tables import incoming_hooks
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from focusflow.identity import new_id
from operational_api.calendar import rules as calendar_rules
from operational_api.calendar.routes import ENTITY as EVENTS
from operational_api.entities import Entity, require_non_null
from operational_api.events import incoming
from operational_api.events.routes import Body
from operational_api.http.errors import FieldError, TooLarge, problems
from operational_api.http.route import LenientRoute, TypedRoute
from operational_api.http.services import Services, Shared
from operational_api.http.unit_of_work import IfMatch, KeyReused, Stale, UnitOfWork, check_match
from operational_api.incoming_hooks.mapping import Unmapped, check, mapped
from operational_api.incoming_hooks.schemas import (
    Accepted,
    Hook,
    HookChange,
    HookPreview,
    Hooks,
    HookWithAddress,
    NewHook,
    NewPreview,
)
from operational_api.security.authentication import Caller, Origin, RequestOrigin
from operational_api.security.quota import TooManyRequests
from operational_api.security.tokens import digest
from operational_api.tasks import rules as task_rules
from operational_api.tasks import store as task_store
from operational_api.tasks.store import TASKS

QUERIES = load_queries(File(__file__).with_name("queries.sql"))
AT_MOST = 20

#: The secret has 192 bits; the owner's id comes with it, so that it is looked up under the owner's row-level security.
SHAPE = re.compile(r"[0-9a-f]{48}([0-9a-f]{32})")

router = APIRouter(prefix="/incoming-hooks", tags=["Webhooks"], route_class=TypedRoute)
open_router = APIRouter(prefix="/hooks", tags=["Webhooks"], route_class=LenientRoute)


class HookNotFound(NotFound):
    """There is no such hook. It may have been revoked."""


class TooManyHooks(Conflict):
    """An account has at most 20 incoming hooks. Delete one that is not used any more."""


ENTITY = Entity(incoming_hooks, Hook, HookNotFound)


@router.get("", responses=problems(NotSignedIn))
def list_incoming_hooks(uow: UnitOfWork) -> Hooks:
    """List your incoming hooks."""
    return Hooks(items=ENTITY.to_responses(uow.tx.all(QUERIES["all"])))


@router.post("", status_code=201, responses=problems(NotSignedIn, TooManyHooks, KeyReused, Invalid))
def create_incoming_hook(body: NewHook, uow: UnitOfWork, shared: Shared) -> HookWithAddress:
    """Create an incoming hook. Its address is shown only in this response."""
    check(body.target, body.mapping)
    uow.tx.serialize("incoming hooks")
    found = uow.tx.one(QUERIES["count"])
    if found is not None and found["hooks"] >= AT_MOST:
        raise TooManyHooks
    token = _new_token(uow.caller.user_id)
    new = {"id": new_id(), "name": body.name, "target": body.target, "mapping": Jsonb(body.mapping)}
    row = insert_row(uow.tx, incoming_hooks, new | {"token_hash": digest(token)})
    uow.audit("incoming_hook.created", entity="incoming_hook", entity_id=row["id"], after={"target": row["target"]})
    return _with_address(row, token, shared)


@router.post("/preview", responses=problems(NotSignedIn, KeyReused, Invalid))
def preview_incoming_hook(body: NewPreview, _: UnitOfWork) -> HookPreview:
    """See what a body would become. Nothing is saved."""
    check(body.target, body.mapping)
    found = mapped(body.target, body.mapping, body.body)
    fields = {name: value for name, value in found.fields.items() if name in body.mapping}
    return HookPreview(fields=fields, id=found.id, errors=[FieldError(**each) for each in found.errors])


@router.get("/{hook_id:uuid}", responses=problems(NotSignedIn, HookNotFound, Invalid))
def get_incoming_hook(hook_id: UUID, uow: UnitOfWork) -> Hook:
    """One incoming hook."""
    return ENTITY.to_response(ENTITY.one(uow.tx, hook_id))


@router.patch("/{hook_id:uuid}", responses=problems(NotSignedIn, HookNotFound, Stale, Invalid))
def change_incoming_hook(hook_id: UUID, body: HookChange, uow: UnitOfWork, if_match: IfMatch = None) -> Hook:
    """Change the name or the mapping of an incoming hook."""
    before = ENTITY.locked(uow.tx, hook_id)
    check_match(if_match, before["version"])
    changes = dict(require_non_null(body.model_dump(exclude_unset=True), *HookChange.model_fields))
    if body.mapping is not None:
        check(before["target"], body.mapping)
        changes |= {"mapping": Jsonb(body.mapping), "problem": None}
    return ENTITY.to_response(ENTITY.save(uow, before, changes))


@router.post("/{hook_id:uuid}/rotate-address", responses=problems(NotSignedIn, HookNotFound, KeyReused, Stale, Invalid))
def rotate_incoming_hook_address(
    hook_id: UUID, uow: UnitOfWork, shared: Shared, if_match: IfMatch = None
) -> HookWithAddress:
    """Replace the address of an incoming hook. The old one stops working at once."""
    before = ENTITY.locked(uow.tx, hook_id)
    check_match(if_match, before["version"])
    token = _new_token(uow.caller.user_id)
    row = ENTITY.save(uow, before, {"token_hash": digest(token)})
    uow.audit("incoming_hook.address_rotated", entity="incoming_hook", entity_id=hook_id)
    return _with_address(row, token, shared)


@router.delete("/{hook_id:uuid}", status_code=204, responses=problems(NotSignedIn, HookNotFound, Stale, Invalid))
def delete_incoming_hook(hook_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete an incoming hook. Its address stops working at once; what it created stays."""
    row = ENTITY.locked(uow.tx, hook_id)
    check_match(if_match, row["version"])
    ENTITY.remove(uow, row)
    uow.audit("incoming_hook.deleted", entity="incoming_hook", entity_id=hook_id)


def _described() -> dict[str, Any]:
    example = {"issue": {"title": "Fix it", "number": 7}}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": {}, "example": example}}}}


@open_router.post(
    "/{token}",
    responses=problems(HookNotFound, Unmapped, TooLarge, TooManyRequests),
    openapi_extra=_described(),
)
def post_to_hook(
    token: Annotated[str, Path(max_length=100, description="The secret part of the address.")],
    body: Body,
    origin: RequestOrigin,
    shared: Shared,
) -> Accepted:
    """Leave a task or an appointment. The address is the permission; what a body becomes is set in the hook."""
    found = SHAPE.fullmatch(token)
    if found is None:
        raise HookNotFound
    me = UUID(found[1])
    with shared.database.transaction(Role.API, me) as tx:
        hook = tx.one(QUERIES["by_token"], {"token_hash": digest(token)})
    if hook is None:
        raise HookNotFound
    shared.quota.count(me)
    try:
        return _take(hook, incoming.parsed(body), origin, shared)
    except Invalid as problem:
        with shared.database.transaction(Role.API, me) as tx:
            tx.run(QUERIES["note"], {"id": hook["id"], "now": tx.now, "problem": str(problem)[:500]})
        raise


def _take(hook: Mapping[str, Any], body: Any, origin: Origin, shared: Services) -> Accepted:
    me = hook["user_id"]
    item = mapped(hook["target"], hook["mapping"], body)
    if item.errors:
        first = item.errors[0]
        problem = Unmapped(f"The field {first['field']} cannot be filled: {first['message']}.")
        problem.errors = item.errors
        raise problem
    with shared.database.transaction(Role.API, me) as tx:
        uow = UnitOfWork(tx, Caller(me, hook["timezone"], hook["role"]), origin, shared.serving)
        tx.run(QUERIES["note"], {"id": hook["id"], "now": tx.now, "problem": None})
        if item.id is None:
            return Accepted(id=_created(uow, hook["target"], item.fields), is_new=True)
        key = {"hook_id": hook["id"], "source_key": uuid5(hook["id"], item.id)}
        tx.serialize(f"incoming hook {hook['id']}")
        known = tx.one(QUERIES["known"], key)
        if known is not None:
            return Accepted(id=known["entity_id"], is_new=False)
        entity_id = _created(uow, hook["target"], item.fields)
        tx.run(QUERIES["keep"], key | {"user_id": me, "entity_id": entity_id})
    return Accepted(id=entity_id, is_new=True)


def _created(uow: UnitOfWork, target: str, fields: Mapping[str, Any]) -> UUID:
    if target == "task":
        task_rules.check_recurrence({**fields, "created_at": uow.tx.now}, uow.caller.timezone)
        task_store.check_links(uow.tx, None, fields)
        task_id: UUID = TASKS.add(uow, fields)["id"]
        return task_id
    calendar_rules.check_event(fields, uow.caller.timezone)
    event_id: UUID = EVENTS.add(uow, fields)["id"]
    return event_id


def _new_token(user_id: UUID) -> str:
    return f"{secrets.token_hex(24)}{user_id.hex}"


def _with_address(row: Mapping[str, Any], token: str, shared: Services) -> HookWithAddress:
    return HookWithAddress.from_row({**row, "url": f"{shared.settings.public_api_address}/hooks/{token}"})
