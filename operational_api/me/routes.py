"""One's own account."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from focusflow.database.rows import update_row
from focusflow.database.tables import users
from focusflow.errors import Invalid, NotSignedIn
from operational_api.auth import store
from operational_api.auth.routes import check_zone_name
from operational_api.entities import filled
from operational_api.http.errors import problems
from operational_api.http.unit_of_work import IfMatch, InOneTransaction, Stale, UnitOfWork, Work, check_match
from operational_api.me.schemas import Me, MeChange

router = APIRouter(prefix="/me", tags=["Accounts"], route_class=InOneTransaction)


@router.get("", response_model=Me, responses=problems(NotSignedIn))
def get_account(work: UnitOfWork) -> Response:
    """Your account."""
    row = _account(work)
    return work.reply(_shown(row), version=row["version"])


@router.patch("", response_model=Me, responses=problems(NotSignedIn, Stale, Invalid))
def change_account(body: MeChange, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Change your account. A new time zone counts from now on; days that were stay where they were."""
    work.tx.run(store.QUERIES["lock"], {"user_id": work.caller.user_id})
    before = _account(work)
    check_match(if_match, before["version"])
    changes = body.model_dump(exclude_unset=True)
    filled(changes, "display_name", "timezone", "locale", "week_start")
    if "timezone" in changes:
        check_zone_name(changes["timezone"])
        store.check_zone(work.tx, changes["timezone"])
    row, changes = before, {name: value for name, value in changes.items() if before[name] != value}
    if changes:
        row = before | (update_row(work.tx, users, work.caller.user_id, changes) or {})
        work.emit("user.updated", row, before=before)
    return work.reply(_shown(row), version=row["version"])


def _shown(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in Me.model_fields}


def _account(work: Work) -> Any:
    row = work.tx.one(store.QUERIES["me"], {"user_id": work.caller.user_id})
    assert row is not None
    return row
