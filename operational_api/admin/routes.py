"""Accounts, the audit log and the pipeline's state, for admins. What they do to others is in the log under their own name."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from focusflow.database.outbox import append, event
from focusflow.database.queries import load_queries
from focusflow.database.rows import update_row
from focusflow.database.session import Role
from focusflow.database.tables import users
from focusflow.errors import Conflict, Forbidden, Invalid, NotFound, NotSignedIn
from operational_api.admin.schemas import AuditFilter, AuditPage, Pipeline, User, UserChange, UserFilter, UserPage
from operational_api.entities import filled
from operational_api.http.errors import problems
from operational_api.http.pagination import after_moment, page_of
from operational_api.http.unit_of_work import IfMatch, InOneTransaction, Stale, UnitOfWork, check_match
from operational_api.security import audit

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(prefix="/admin", tags=["Admin"], route_class=InOneTransaction)


class UserNotFound(NotFound):
    """There is no such account."""


class OwnAccount(Conflict):
    """Nobody takes away their own rights: the installation must keep an admin."""


@router.get("/users", response_model=UserPage, responses=problems(NotSignedIn, Forbidden, Invalid))
def list_users(wanted: Annotated[UserFilter, Query()], work: UnitOfWork) -> Response:
    """List accounts."""
    values = wanted.model_dump() | after_moment(wanted.cursor, "users")
    with work.acting_as(Role.AUTH):
        rows = work.tx.all(QUERIES["users"], values)
    return work.reply(page_of(rows, wanted.limit, "users", "created_at"))


@router.patch(
    "/users/{user_id:uuid}",
    response_model=User,
    responses=problems(NotSignedIn, Forbidden, UserNotFound, OwnAccount, Stale, Invalid),
)
def change_user(user_id: UUID, body: UserChange, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Give an account another role, or switch it off or on. Whoever is switched off is out at once."""
    changes = body.model_dump(exclude_unset=True)
    filled(changes, *changes)
    if user_id == work.caller.user_id:
        raise OwnAccount
    with work.acting_as(Role.AUTH):
        before = work.tx.one(QUERIES["user"], {"id": user_id})
        if before is None or before["erased_at"] is not None:
            raise UserNotFound
        check_match(if_match, before["version"])
        row = before
        changed = {name: before[name] for name, value in changes.items() if before[name] != value}
        if changed:
            saved = update_row(work.tx, users, user_id, changes)
            assert saved is not None
            row = before | {name: saved[name] for name in (*changes, "version")}
            said = event(
                "user.updated", user_id=user_id, timezone=row["timezone"], subject=user_id, version=row["version"], data=row,
                before=changed, recorded_at=work.tx.now, actor="system",
            )  # fmt: skip
            append(work.tx, [said])
            audit.record(
                work.tx, "user.changed", work.origin, actor_id=work.caller.user_id, user_id=user_id, entity="user",
                entity_id=user_id, before=changed, after=changes,
            )  # fmt: skip
    return work.reply({name: row[name] for name in User.model_fields}, version=row["version"])


@router.get("/audit", response_model=AuditPage, responses=problems(NotSignedIn, Forbidden, Invalid))
def list_audit_log(wanted: Annotated[AuditFilter, Query()], work: UnitOfWork) -> Response:
    """Who did what to whom."""
    values = wanted.model_dump() | after_moment(wanted.cursor, "audit")
    with work.acting_as(Role.AUTH):
        rows = work.tx.all(QUERIES["audit"], values)
    return work.reply(page_of(rows, wanted.limit, "audit", "at"))


@router.get("/pipeline", response_model=Pipeline, responses=problems(NotSignedIn, Forbidden))
def get_pipeline(work: UnitOfWork) -> Response:
    """How far events and figures have come."""
    published = work.tx.all(QUERIES["published"])
    with work.acting_as(Role.INGESTION):
        found = {**(work.tx.one(QUERIES["waiting"]) or {}), **(work.tx.one(QUERIES["in_log"]) or {})}
    return work.reply({**found, "published": published})
