"""Days off over HTTP. One calendar for scores, streaks, goal pace and emails."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from focusflow.database.queries import load_queries
from focusflow.database.tables import days_off
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from operational_api.days_off.schemas import DaysOff, DaysOffFilter, DaysOffPage, NewDaysOff
from operational_api.entities import Entity
from operational_api.http.errors import problems
from operational_api.http.pagination import BadCursor, cursor, read_cursor
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import IfMatch, KeyReused, Stale, UnitOfWork, check_match

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(prefix="/days-off", tags=["Days off"], route_class=TypedRoute)


class DaysOffNotFound(NotFound):
    """No days off have this id."""


class DaysTaken(Conflict):
    """Some of these days are already days off."""


ENTITY = Entity(days_off, DaysOff, DaysOffNotFound, "dayoff")


@router.get("", responses=problems(NotSignedIn, Invalid))
def list_days_off(filters: Annotated[DaysOffFilter, Query()], uow: UnitOfWork) -> DaysOffPage:
    """List days off."""
    key, after_id = read_cursor(filters.cursor, "days-off")
    try:
        after = None if key is None else date.fromisoformat(key)
    except ValueError as error:
        raise BadCursor from error
    rows = uow.tx.all(QUERIES["page"], filters.model_dump() | {"after_key": after, "after_id": after_id})
    items = rows[: filters.limit]
    more = len(rows) > filters.limit
    following = cursor("days-off", items[-1]["first_date"].isoformat(), items[-1]["id"]) if more else None
    return DaysOffPage(items=ENTITY.to_responses(items), next_cursor=following)


@router.post("", status_code=201, responses=problems(NotSignedIn, DaysTaken, KeyReused, Invalid))
def take_days_off(body: NewDaysOff, uow: UnitOfWork) -> DaysOff:
    """Add days off. Scores of past days are recomputed."""
    fields = body.model_dump()
    _check_free(uow, fields)
    row = ENTITY.add(uow, fields)
    return ENTITY.to_response(row)


@router.get("/{days_off_id:uuid}", responses=problems(NotSignedIn, DaysOffNotFound, Invalid))
def get_days_off(days_off_id: UUID, uow: UnitOfWork) -> DaysOff:
    """Get one range of days off."""
    row = ENTITY.one(uow.tx, days_off_id)
    return ENTITY.to_response(row)


@router.put(
    "/{days_off_id:uuid}",
    responses=problems(NotSignedIn, DaysOffNotFound, DaysTaken, Stale, Invalid),
)
def change_days_off(days_off_id: UUID, body: NewDaysOff, uow: UnitOfWork, if_match: IfMatch = None) -> DaysOff:
    """Replace a range of days off."""
    before = ENTITY.locked(uow.tx, days_off_id)
    check_match(if_match, before["version"])
    fields = body.model_dump()
    _check_free(uow, fields, own=days_off_id)
    row = ENTITY.save(uow, before, fields)
    return ENTITY.to_response(row)


@router.delete("/{days_off_id:uuid}", status_code=204, responses=problems(NotSignedIn, DaysOffNotFound, Stale, Invalid))
def delete_days_off(days_off_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete a range of days off."""
    row = ENTITY.locked(uow.tx, days_off_id)
    check_match(if_match, row["version"])
    ENTITY.remove(uow, row)


def _check_free(uow: UnitOfWork, fields: dict[str, Any], own: UUID | None = None) -> None:
    uow.tx.serialize("days off")
    if uow.tx.one(QUERIES["overlapping"], {**fields, "own": own}):
        raise DaysTaken
