"""Days off over HTTP: one calendar, for the score, streaks, the pace of goals, and mails."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from focusflow.database.queries import load_queries
from focusflow.database.tables import days_off
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from operational_api.days_off.schemas import DaysOff, DaysOffFilter, DaysOffPage, NewDaysOff
from operational_api.entities import Entity
from operational_api.http.errors import problems
from operational_api.http.pagination import BadCursor, cursor, read_cursor
from operational_api.http.unit_of_work import IfMatch, InOneTransaction, KeyReused, Stale, UnitOfWork, Work, check_match

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(prefix="/days-off", tags=["Days off"], route_class=InOneTransaction)


class DaysOffNotFound(NotFound):
    """There are no such days off."""


class DaysTaken(Conflict):
    """Some of these days are off already."""


ENTITY = Entity(days_off, DaysOff, DaysOffNotFound, "dayoff")


@router.get("", response_model=DaysOffPage, responses=problems(NotSignedIn, Invalid))
def list_days_off(wanted: Annotated[DaysOffFilter, Query()], work: UnitOfWork) -> Response:
    """List days off."""
    key, after_id = read_cursor(wanted.cursor, "days-off")
    try:
        after = None if key is None else date.fromisoformat(key)
    except ValueError as error:
        raise BadCursor from error
    rows = work.tx.all(QUERIES["page"], wanted.model_dump() | {"after_key": after, "after_id": after_id})
    items = rows[: wanted.limit]
    more = len(rows) > wanted.limit
    following = cursor("days-off", items[-1]["first_date"].isoformat(), items[-1]["id"]) if more else None
    return work.reply({"items": [ENTITY.shown(row) for row in items], "next_cursor": following})


@router.post(
    "", status_code=201, response_model=DaysOff, responses=problems(NotSignedIn, DaysTaken, KeyReused, Invalid)
)
def take_days_off(body: NewDaysOff, work: UnitOfWork) -> Response:
    """Take days off. Scores of days that were are made anew without them."""
    fields = body.model_dump()
    _check_free(work, fields)
    row = ENTITY.add(work, fields)
    return work.reply(ENTITY.shown(row), 201, version=row["version"])


@router.get("/{days_off_id:uuid}", response_model=DaysOff, responses=problems(NotSignedIn, DaysOffNotFound, Invalid))
def get_days_off(days_off_id: UUID, work: UnitOfWork) -> Response:
    """Some days off."""
    row = ENTITY.one(work.tx, days_off_id)
    return work.reply(ENTITY.shown(row), version=row["version"])


@router.put(
    "/{days_off_id:uuid}",
    response_model=DaysOff,
    responses=problems(NotSignedIn, DaysOffNotFound, DaysTaken, Stale, Invalid),
)
def change_days_off(days_off_id: UUID, body: NewDaysOff, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Put other days in the place of these."""
    before = ENTITY.locked(work.tx, days_off_id)
    check_match(if_match, before["version"])
    fields = body.model_dump()
    _check_free(work, fields, own=days_off_id)
    row = ENTITY.save(work, before, fields)
    return work.reply(ENTITY.shown(row), version=row["version"])


@router.delete("/{days_off_id:uuid}", status_code=204, responses=problems(NotSignedIn, DaysOffNotFound, Stale, Invalid))
def delete_days_off(days_off_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> None:
    """Work on these days after all."""
    row = ENTITY.locked(work.tx, days_off_id)
    check_match(if_match, row["version"])
    ENTITY.remove(work, row)


def _check_free(work: Work, fields: dict[str, Any], own: UUID | None = None) -> None:
    work.tx.serialize("days off")
    if work.tx.one(QUERIES["overlapping"], {**fields, "own": own}):
        raise DaysTaken
