"""Erasure of the caller's account after a grace period, and the certificates of finished erasures. Dagster carries them out."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, BackgroundTasks, Depends

from focusflow.database.queries import load_queries
from focusflow.database.session import Role
from focusflow.erasure import user_hash
from focusflow.errors import Forbidden, Invalid, NotFound, NotSignedIn
from focusflow.identity import new_id
from operational_api.auth import emails
from operational_api.auth.email_dispatch import dispatch, send_later
from operational_api.auth.recovery import WrongPassword, confirm_password
from operational_api.erasures.schemas import Certificate, Erasure, ErasureRequest, Erasures, ErasureStatus
from operational_api.http.errors import problems
from operational_api.http.route import TypedRoute
from operational_api.http.services import Shared
from operational_api.http.unit_of_work import UnitOfWork
from operational_api.security import audit
from operational_api.security.authentication import Credentials, CredentialsDependency, authenticate
from operational_api.security.login_throttle import TooManyAttempts
from operational_api.security.step_up import ConfirmationNeeded

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(prefix="/me", tags=["Accounts"], route_class=TypedRoute)
admin_router = APIRouter(prefix="/admin/erasures", tags=["Admin"], route_class=TypedRoute)


class NoErasure(NotFound):
    """You have not asked to erase your account, or it cannot be cancelled any more."""


class CertificateNotFound(NotFound):
    """No erasure has this id, or it is not finished."""


@router.delete(
    "", status_code=202, responses=problems(NotSignedIn, WrongPassword, ConfirmationNeeded, Invalid, TooManyAttempts)
)
def erase_account(
    body: ErasureRequest,
    credentials: Annotated[Credentials, Depends(CredentialsDependency())],
    shared: Shared,
    later: BackgroundTasks,
) -> Erasure:
    """Erase your account and everything that is stored about you, after a grace period in which you can cancel. Export your data first."""
    with authenticate(shared.database, credentials) as (_, caller):
        me = caller.user_id
    account = confirm_password(shared, caller, body.password, credentials.origin)
    with authenticate(shared.database, credentials) as (tx, _):
        tx.serialize("erasure")
        row = tx.one(QUERIES["waiting"], {"user_id": me})
        if row is None:
            due_at = tx.now + timedelta(days=shared.settings.erasure_grace_days)
            new = {"id": new_id(), "user_id": me, "user_hash": user_hash(me), "now": tx.now, "due_at": due_at}
            row = tx.one(QUERIES["add"], new)
            assert row is not None
            audit.record(
                tx,
                "erasure.requested",
                credentials.origin,
                actor_id=me,
                user_id=me,
                entity="erasure",
                entity_id=row["id"],
            )
            values = (account["locale"], emails.erasure_requested, account["email"], row["due_at"])
            later.add_task(send_later, shared, dispatch, *values)
    return Erasure.from_row(row)


@router.get("/erasure", responses=problems(NotSignedIn, NoErasure))
def get_erasure(uow: UnitOfWork) -> Erasure:
    """Get the erasure of your account that waits for the end of its grace period."""
    row = uow.tx.one(QUERIES["waiting"], {"user_id": uow.caller.user_id})
    if row is None:
        raise NoErasure
    return Erasure.from_row(row)


@router.delete("/erasure", status_code=204, responses=problems(NotSignedIn, NoErasure))
def cancel_erasure(uow: UnitOfWork) -> None:
    """Cancel the erasure of your account."""
    row = uow.tx.one(QUERIES["cancel"], {"user_id": uow.caller.user_id})
    if row is None:
        raise NoErasure
    uow.audit("erasure.cancelled", entity="erasure", entity_id=row["id"])


@admin_router.get("", responses=problems(NotSignedIn, Forbidden))
def list_erasures(uow: UnitOfWork) -> Erasures:
    """List the newest 200 erasures."""
    with uow.acting_as(Role.AUTH):
        rows = uow.tx.all(QUERIES["all"])
    return Erasures(items=[ErasureStatus.from_row(row) for row in rows])


@admin_router.get(
    "/{erasure_id:uuid}/certificate", responses=problems(NotSignedIn, Forbidden, CertificateNotFound, Invalid)
)
def get_certificate(erasure_id: UUID, uow: UnitOfWork) -> Certificate:
    """Get the signed certificate of a finished erasure."""
    with uow.acting_as(Role.AUTH):
        row = uow.tx.one(QUERIES["certificate"], {"id": erasure_id})
    if row is None:
        raise CertificateNotFound
    return Certificate.model_validate_json(orjson.dumps(row["certificate"]))
