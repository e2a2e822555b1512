"""One's own account."""

from typing import Any

from fastapi import APIRouter, Depends

from focusflow.database.rows import update_row
from focusflow.database.tables import users
from focusflow.errors import Invalid, NotSignedIn
from operational_api.auth import store
from operational_api.auth.routes import check_zone_name
from operational_api.entities import require_non_null
from operational_api.http.errors import problems
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import IfMatch, Stale, UnitOfWork, check_match
from operational_api.me.schemas import Me, MeChange
from operational_api.security.permissions import SETTING_UP

router = APIRouter(prefix="/me", tags=["Accounts"], route_class=TypedRoute)


@router.get("", dependencies=[Depends(SETTING_UP)], responses=problems(NotSignedIn))
def get_account(uow: UnitOfWork) -> Me:
    """Your account."""
    row = _account(uow)
    return Me.from_row(row)


@router.patch("", responses=problems(NotSignedIn, Stale, Invalid))
def change_account(body: MeChange, uow: UnitOfWork, if_match: IfMatch = None) -> Me:
    """Change your account. A new time zone counts from now on; days that were stay where they were."""
    uow.tx.run(store.QUERIES["lock"], {"user_id": uow.caller.user_id})
    before = _account(uow)
    check_match(if_match, before["version"])
    changes = body.model_dump(exclude_unset=True)
    require_non_null(changes, "display_name", "timezone", "locale", "week_start")
    if "timezone" in changes:
        check_zone_name(changes["timezone"])
        store.check_zone(uow.tx, changes["timezone"])
    row, changes = before, {name: value for name, value in changes.items() if before[name] != value}
    if changes:
        row = before | (update_row(uow.tx, users, uow.caller.user_id, changes) or {})
        uow.emit("user.updated", row, before=before)
    return Me.from_row(row)


def _account(uow: UnitOfWork) -> Any:
    row = uow.tx.one(store.QUERIES["me"], {"user_id": uow.caller.user_id})
    assert row is not None
    return row | {"lacks_second_factor": uow.caller.lacks_second_factor}
