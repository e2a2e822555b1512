"""The calendar feed over HTTP. Its address is all that a calendar program has, so it is a secret that can be revoked."""

import re
import secrets
from datetime import timedelta
from pathlib import Path as File
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path

from focusflow.contracts.calendar import PLAN_CALENDAR
from focusflow.database.queries import load_queries
from focusflow.database.session import Role
from focusflow.errors import Invalid, NotFound, NotSignedIn
from operational_api.feeds.content import feed
from operational_api.feeds.schemas import Feed, NewFeed
from operational_api.http.conditional import NOT_MODIFIED, IfNoneMatch, if_modified
from operational_api.http.errors import problems
from operational_api.http.rendered import Rendered
from operational_api.http.route import LenientRoute, TypedRoute
from operational_api.http.services import Shared
from operational_api.http.unit_of_work import KeyReused, UnitOfWork
from operational_api.security.tokens import digest

QUERIES = load_queries(File(__file__).with_name("queries.sql"))

#: The plan of so many days that are over is still shown.
PAST = timedelta(days=14)

#: The secret has 192 bits; the owner's id comes with it, so that it is looked up under the owner's row-level security.
SHAPE = re.compile(r"[0-9a-f]{48}([0-9a-f]{32})\.ics")

CALENDAR: dict[int | str, dict[str, Any]] = {200: {"description": "The calendar.", "content": {"text/calendar": {"schema": {"type": "string"}}}}}  # fmt: skip

router = APIRouter(prefix="/calendar/feed", tags=["Calendar"], route_class=TypedRoute)
open_router = APIRouter(prefix="/calendar/feed", tags=["Calendar"], route_class=LenientRoute)


class FeedNotFound(NotFound):
    """There is no calendar under this address. It may have been revoked."""


@router.get("", responses=problems(NotSignedIn))
def get_feed(uow: UnitOfWork) -> Feed:
    """Get whether you have a calendar feed. Its address is shown only when it is created."""
    row = uow.tx.one(QUERIES["current"], {"user_id": uow.caller.user_id})
    return Feed(created_at=row["created_at"] if row else None)


@router.post("", status_code=201, responses=problems(NotSignedIn, KeyReused))
def create_feed(uow: UnitOfWork, shared: Shared) -> NewFeed:
    """Create the address of your calendar feed, with plan, due tasks and habits. An earlier address stops working."""
    me = uow.caller.user_id
    token = f"{secrets.token_hex(24)}{me.hex}"
    uow.tx.run(QUERIES["replace"], {"user_id": me, "token_hash": digest(token), "now": uow.tx.now})
    uow.audit("feed.created", entity="feed", entity_id=me)
    return NewFeed(url=f"{shared.settings.public_api_address}/api/v1/calendar/feed/{token}.ics", created_at=uow.tx.now)


@router.delete("", status_code=204, responses=problems(NotSignedIn))
def revoke_feed(uow: UnitOfWork) -> None:
    """Revoke the address of your calendar feed. It stops working at once."""
    uow.tx.run(QUERIES["revoke"], {"user_id": uow.caller.user_id})
    uow.audit("feed.revoked", entity="feed", entity_id=uow.caller.user_id)


@open_router.get("/{token}", responses=CALENDAR | NOT_MODIFIED | problems(FeedNotFound, Invalid))
def read_feed(
    token: Annotated[str, Path(max_length=100, description="The secret part of the address.")],
    shared: Shared,
    if_none_match: IfNoneMatch = None,
) -> Rendered[Any]:
    """Read a calendar feed. Its address is the permission."""
    found = SHAPE.fullmatch(token)
    if found is None:
        raise FeedNotFound
    me = UUID(found[1])
    with shared.database.transaction(Role.API, me) as tx:
        secret = {"user_id": me, "token_hash": digest(token.removesuffix(".ics"))}
        if tx.one(QUERIES["owner"], secret) is None:
            raise FeedNotFound
        plan = tx.all(QUERIES["plan"], {"plan_calendar": PLAN_CALENDAR, "since": tx.now - PAST})
        content = feed(plan, tx.all(QUERIES["due"]), tx.all(QUERIES["habits"]))
    answer = if_modified(if_none_match, content)
    return Rendered(answer.content, answer.status, answer.headers, "text/calendar; charset=utf-8")
