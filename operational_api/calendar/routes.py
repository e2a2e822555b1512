"""Appointments over HTTP, and the time between them."""

from collections.abc import Iterator
from datetime import time
from itertools import islice
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from focusflow import availability
from focusflow.database.tables import calendar_events
from focusflow.errors import Invalid, NotFound, NotSignedIn
from operational_api.calendar import rules
from operational_api.calendar.schemas import (
    Conflicts,
    Event,
    EventChange,
    FreeFilter,
    NewEvent,
    Occurrences,
    Slots,
    Span,
)
from operational_api.entities import Entity, filled
from operational_api.http.errors import problems
from operational_api.http.unit_of_work import IfMatch, InOneTransaction, KeyReused, Stale, UnitOfWork, Work, check_match

OCCURRENCES_AT_MOST, CONFLICTS_AT_MOST = 2000, 500

router = APIRouter(prefix="/calendar", tags=["Calendar"], route_class=InOneTransaction)


class EventNotFound(NotFound):
    """There is no such appointment."""


ENTITY = Entity(calendar_events, Event, EventNotFound, "calendar")


@router.post("", status_code=201, response_model=Event, responses=problems(NotSignedIn, KeyReused, Invalid))
def create_appointment(body: NewEvent, work: UnitOfWork) -> Response:
    """Add an appointment."""
    fields = body.model_dump()
    rules.check_event(fields, work.caller.timezone)
    row = ENTITY.add(work, fields)
    return work.reply(ENTITY.shown(row), 201, version=row["version"])


@router.get("", response_model=Occurrences, responses=problems(NotSignedIn, Invalid))
def list_appointments(wanted: Annotated[Span, Query()], work: UnitOfWork) -> Response:
    """What takes place on some days. Recurring appointments are told each time."""
    found = list(islice(taking_place_on(work, wanted), OCCURRENCES_AT_MOST + 1))
    return work.reply({"items": found[:OCCURRENCES_AT_MOST], "has_more": len(found) > OCCURRENCES_AT_MOST})


@router.get("/conflicts", response_model=Conflicts, responses=problems(NotSignedIn, Invalid))
def list_conflicts(wanted: Annotated[Span, Query()], work: UnitOfWork) -> Response:
    """Where busy appointments overlap."""
    return work.reply({"items": list(islice(rules.clashes(taking_place_on(work, wanted)), CONFLICTS_AT_MOST))})


@router.get("/free", response_model=Slots, responses=problems(NotSignedIn, Invalid))
def list_free_time(wanted: Annotated[FreeFilter, Query()], work: UnitOfWork) -> Response:
    """When there is time, within your working hours and not on days off."""
    hours = working_hours(work, (wanted.day_start, wanted.day_end), "query")
    taking = taking_place_on(work, wanted)
    days = availability.workdays(work.tx, work.caller.user_id, (wanted.since, wanted.until))
    free = availability.free_between(taking, days, hours, work.caller.timezone, wanted.minutes)
    return work.reply({"items": list(free)})


@router.get("/{event_id:uuid}", response_model=Event, responses=problems(NotSignedIn, EventNotFound, Invalid))
def get_appointment(event_id: UUID, work: UnitOfWork) -> Response:
    """One appointment."""
    row = ENTITY.one(work.tx, event_id)
    return work.reply(ENTITY.shown(row), version=row["version"])


@router.patch("/{event_id:uuid}", response_model=Event, responses=problems(NotSignedIn, EventNotFound, Stale, Invalid))
def change_appointment(event_id: UUID, body: EventChange, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Change an appointment; of one that recurs, all its times."""
    before = ENTITY.locked(work.tx, event_id)
    check_match(if_match, before["version"])
    wish = filled(body.model_dump(exclude_unset=True), "title", "start_at", "end_at", "all_day", "busy", "attendees")
    rules.check_change(before, wish, work.caller.timezone)
    row = ENTITY.save(work, before, wish)
    return work.reply(ENTITY.shown(row), version=row["version"])


@router.delete("/{event_id:uuid}", status_code=204, responses=problems(NotSignedIn, EventNotFound, Stale, Invalid))
def delete_appointment(event_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete an appointment."""
    row = ENTITY.locked(work.tx, event_id)
    check_match(if_match, row["version"])
    ENTITY.remove(work, row)


def taking_place_on(work: Work, wanted: Span, *, without: str | None = None) -> Iterator[dict[str, Any]]:
    """What takes place on some days, of all calendars but one."""
    rules.check_span(wanted.since, wanted.until)
    who, days = work.caller, (wanted.since, wanted.until)
    return availability.taking_place_on(work.tx, who.user_id, who.timezone, days, without=without)


def working_hours(work: Work, given: tuple[time | None, time | None], where: str) -> tuple[time, time]:
    """From when until when somebody works: as the request says, else as they chose."""
    chosen = availability.working_hours(work.tx, work.caller.user_id)
    first, last = given[0] or chosen[0], given[1] or chosen[1]
    if first.tzinfo or last.tzinfo or first >= last:
        raise Invalid.field(f"{where}.day_end", "it should be later than day_start, on your own clock")
    return first, last
