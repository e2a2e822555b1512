"""Accounts, audit log and pipeline status, for admins. Their own actions are in the audit log."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Query

from focusflow.database.outbox import append, event
from focusflow.database.queries import load_queries
from focusflow.database.rows import update_row
from focusflow.database.session import Role
from focusflow.database.tables import users
from focusflow.errors import Conflict, Forbidden, Invalid, NotFound, NotSignedIn
from operational_api.admin.schemas import (
    AuditEntry,
    AuditFilter,
    AuditPage,
    Pipeline,
    Published,
    Refresher,
    User,
    UserChange,
    UserFilter,
    UserPage,
)
from operational_api.auth import store, two_factor
from operational_api.auth.emails import TwoFactorChange
from operational_api.auth.routes import SessionNotFound
from operational_api.auth.schemas import Session, Sessions
from operational_api.entities import require_non_null
from operational_api.http.errors import problems
from operational_api.http.pagination import after_moment, page_of
from operational_api.http.route import TypedRoute
from operational_api.http.services import Shared
from operational_api.http.unit_of_work import IfMatch, Stale, UnitOfWork, check_match
from operational_api.security import audit, step_up
from operational_api.security.step_up import ConfirmationNeeded

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(prefix="/admin", tags=["Admin"], route_class=TypedRoute)


class UserNotFound(NotFound):
    """No account has this id."""


class OwnAccount(Conflict):
    """You cannot change your own role or deactivate yourself: the installation must keep an admin."""


@router.get("/users", responses=problems(NotSignedIn, Forbidden, Invalid))
def list_users(filters: Annotated[UserFilter, Query()], uow: UnitOfWork) -> UserPage:
    """List accounts."""
    values = filters.model_dump() | after_moment(filters.cursor, "users")
    with uow.acting_as(Role.AUTH):
        rows = uow.tx.all(QUERIES["users"], values)
    if filters.q:
        found = {"found": len(rows)}
        audit.record(uow.tx, "users.searched", uow.origin, actor_id=uow.caller.user_id, user_id=None, after=found)
    page = page_of(rows, filters.limit, "users", "created_at")
    return UserPage(items=[User.from_row(row) for row in page.rows], next_cursor=page.next_cursor)


@router.patch(
    "/users/{user_id:uuid}",
    responses=problems(NotSignedIn, Forbidden, ConfirmationNeeded, UserNotFound, OwnAccount, Stale, Invalid),
)
def change_user(user_id: UUID, body: UserChange, uow: UnitOfWork, if_match: IfMatch = None) -> User:
    """Change the role of an account, or activate or deactivate it. Deactivation ends its sessions and revokes its API keys."""
    step_up.require(uow.tx, uow.caller)
    changes = body.model_dump(exclude_unset=True)
    require_non_null(changes, *changes)
    if user_id == uow.caller.user_id:
        raise OwnAccount
    with uow.acting_as(Role.AUTH):
        before = uow.tx.one(QUERIES["user"], {"id": user_id})
        if before is None or before["erased_at"] is not None:
            raise UserNotFound
        check_match(if_match, before["version"])
        row = before
        changed = {name: before[name] for name, value in changes.items() if before[name] != value}
        if changed:
            saved = update_row(uow.tx, users, user_id, changes)
            assert saved is not None
            if changed.get("is_active"):
                store.lock_out(uow.tx, user_id)  # switched on again, the account starts without old sessions and keys
            row = before | {name: saved[name] for name in (*changes, "version")}
            updated = event(
                "user.updated", user_id=user_id, timezone=row["timezone"], subject=user_id, version=row["version"], data=row,
                before=changed, recorded_at=uow.tx.now, actor="system",
            )  # fmt: skip
            append(uow.tx, [updated])
            audit.record(
                uow.tx, "user.changed", uow.origin, actor_id=uow.caller.user_id, user_id=user_id, entity="user",
                entity_id=user_id, before=changed, after=changes,
            )  # fmt: skip
    return User.from_row(row)


@router.delete(
    "/users/{user_id:uuid}/two-factor",
    status_code=204,
    responses=problems(NotSignedIn, Forbidden, ConfirmationNeeded, UserNotFound),
)
def remove_two_factor(user_id: UUID, uow: UnitOfWork, shared: Shared, later: BackgroundTasks) -> None:
    """Turn two-factor authentication of an account off, for a user who has lost both the app and the recovery codes."""
    step_up.require(uow.tx, uow.caller)
    with uow.acting_as(Role.AUTH):
        if not store.remove_second_factor(uow.tx, user_id):
            raise UserNotFound("No account with two-factor authentication has this id.")
        audit.record(
            uow.tx, "two-factor.removed", uow.origin, actor_id=uow.caller.user_id, user_id=user_id, entity="user", entity_id=user_id
        )  # fmt: skip
    two_factor.notify(later, shared, user_id, TwoFactorChange.REMOVED)


@router.get("/users/{user_id:uuid}/sessions", responses=problems(NotSignedIn, Forbidden, NotFound))
def list_sessions_of(user_id: UUID, uow: UnitOfWork, shared: Shared) -> Sessions:
    """List where a user is signed in."""
    idle_since = uow.tx.now - shared.settings.session_idle
    values = {"user_id": user_id, "current": uow.caller.family, "now": uow.tx.now, "idle_since": idle_since}
    with uow.acting_as(Role.AUTH):
        rows = uow.tx.all(store.QUERIES["sessions"], values)
        audit.record(uow.tx, "user.viewed", uow.origin, actor_id=uow.caller.user_id, user_id=user_id, entity="session")
    return Sessions(items=[Session.from_row(row) for row in rows])


@router.delete(
    "/users/{user_id:uuid}/sessions/{session_id:uuid}",
    status_code=204,
    responses=problems(NotSignedIn, Forbidden, SessionNotFound),
)
def end_session_of(user_id: UUID, session_id: UUID, uow: UnitOfWork) -> None:
    """End one sign-in of a user. Deactivating an account ends all of them."""
    with uow.acting_as(Role.AUTH):
        values = {"user_id": user_id, "family": session_id, "now": uow.tx.now}
        if uow.tx.one(store.QUERIES["revoke_session"], values) is None:
            raise SessionNotFound
        audit.record(
            uow.tx, "session.revoked", uow.origin, actor_id=uow.caller.user_id, user_id=user_id, entity="session", entity_id=session_id
        )  # fmt: skip


@router.get("/audit", responses=problems(NotSignedIn, Forbidden, Invalid))
def list_audit_log(filters: Annotated[AuditFilter, Query()], uow: UnitOfWork) -> AuditPage:
    """List the audit log."""
    values = filters.model_dump() | after_moment(filters.cursor, "audit")
    with uow.acting_as(Role.AUTH):
        rows = uow.tx.all(QUERIES["audit"], values)
        if filters.user_id and filters.cursor is None:
            audit.record(
                uow.tx, "user.viewed", uow.origin, actor_id=uow.caller.user_id, user_id=filters.user_id, entity="audit"
            )
    page = page_of(rows, filters.limit, "audit", "at")
    return AuditPage(items=[AuditEntry.from_row(row) for row in page.rows], next_cursor=page.next_cursor)


@router.get("/pipeline", responses=problems(NotSignedIn, Forbidden))
def get_pipeline(uow: UnitOfWork) -> Pipeline:
    """Get the status of the pipeline: backlog and freshness."""
    published = uow.tx.all(QUERIES["published"])
    with uow.acting_as(Role.INGESTION):
        found = {**(uow.tx.one(QUERIES["waiting"]) or {}), **(uow.tx.one(QUERIES["in_log"]) or {})}
    with uow.acting_as(Role.REPORTING):
        state = uow.tx.one(QUERIES["refresher"])
    return Pipeline(
        **found,
        published=[Published.from_row(row) for row in published],
        refresher=Refresher.from_row(state) if state else None,
    )
