"""Preferences over HTTP. Unset preferences have defaults."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter

from focusflow.database.queries import load_queries
from focusflow.errors import Invalid, NotSignedIn
from focusflow.notification_kinds import KINDS
from focusflow.preferences import DEFAULTS
from operational_api.entities import require_non_null
from operational_api.http.errors import problems
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import IfMatch, Stale, UnitOfWork, check_match
from operational_api.preferences.schemas import Preferences, PreferencesChange

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

NEVER_EMPTY = [name for name in DEFAULTS if name not in ("quiet_from", "quiet_until")]

router = APIRouter(prefix="/preferences", tags=["Preferences"], route_class=TypedRoute)


@router.get("", responses=problems(NotSignedIn))
def get_preferences(uow: UnitOfWork) -> Preferences:
    """Get your preferences."""
    return _preferences(uow)


@router.patch("", responses=problems(NotSignedIn, Stale, Invalid))
def change_preferences(body: PreferencesChange, uow: UnitOfWork, if_match: IfMatch = None) -> Preferences:
    """Update your preferences. Quiet hours need both ends, or neither."""
    me = {"user_id": uow.caller.user_id, "now": uow.tx.now}
    uow.tx.run(QUERIES["begin"], me)
    before = uow.tx.one(QUERIES["lock"], me)
    assert before is not None
    check_match(if_match, before["version"])
    patch = require_non_null(body.model_dump(exclude_unset=True), *NEVER_EMPTY, "notifications")
    after = {**before, **{name: value for name, value in patch.items() if name != "notifications"}}
    if (after["quiet_from"] is None) != (after["quiet_until"] is None):
        raise Invalid.field("body.quiet_until", "needs quiet_from: set both, or clear both")
    if after["quiet_from"] is not None and after["quiet_from"] == after["quiet_until"]:
        raise Invalid.field("body.quiet_until", "should differ from quiet_from")
    if after["work_from"] >= after["work_until"]:
        raise Invalid.field("body.work_until", "should be later than work_from")
    current = _notification_choices(uow)
    choices = {type_: choice.model_dump() for type_, choice in (body.notifications or {}).items()}
    choices = {type_: choice for type_, choice in choices.items() if choice != current[type_]}
    for type_, choice in choices.items():
        uow.tx.run(QUERIES["choose"], {**me, "type": type_, **choice})
    if after != before or choices:
        uow.tx.run(QUERIES["save"], after | me)
    return _preferences(uow)


def _preferences(uow: UnitOfWork) -> Preferences:
    row = uow.tx.one(QUERIES["chosen"], {"user_id": uow.caller.user_id}) or {**DEFAULTS, "version": 0}
    return Preferences.from_row({**row, "notifications": _notification_choices(uow)})


def _notification_choices(uow: UnitOfWork) -> dict[str, dict[str, Any]]:
    """The channels of each notification kind: the caller's choice or the kind's default."""
    rows = uow.tx.all(QUERIES["notifications"], {"user_id": uow.caller.user_id})
    chosen = {each.pop("type"): dict(each) for each in rows}
    defaults = {name: {"is_enabled": True, "channels": list(kind.default_channels)} for name, kind in KINDS.items()}
    return {name: chosen.get(name, default) for name, default in defaults.items()}
