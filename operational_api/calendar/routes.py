"""Appointments, conflicts and free time over HTTP."""

from collections.abc import Iterator
from datetime import time
from itertools import islice
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from focusflow import availability
from focusflow.database.tables import calendar_events
from focusflow.errors import Invalid, NotFound, NotSignedIn
from operational_api.calendar import rules
from operational_api.calendar.schemas import (
    Conflict,
    Conflicts,
    Event,
    EventChange,
    FreeFilter,
    NewEvent,
    Occurrence,
    Occurrences,
    Slot,
    Slots,
    Span,
)
from operational_api.entities import Entity, require_non_null
from operational_api.http.errors import problems
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import IfMatch, KeyReused, Stale, UnitOfWork, check_match

OCCURRENCES_AT_MOST, CONFLICTS_AT_MOST = 2000, 500

router = APIRouter(prefix="/calendar", tags=["Calendar"], route_class=TypedRoute)


class EventNotFound(NotFound):
    """No appointment has this id."""


ENTITY = Entity(calendar_events, Event, EventNotFound, "calendar")


@router.post("", status_code=201, responses=problems(NotSignedIn, KeyReused, Invalid))
def create_appointment(body: NewEvent, uow: UnitOfWork) -> Event:
    """Add an appointment."""
    fields = body.model_dump()
    rules.check_event(fields, uow.caller.timezone)
    row = ENTITY.add(uow, fields)
    return ENTITY.to_response(row)


@router.get("", responses=problems(NotSignedIn, Invalid))
def list_appointments(filters: Annotated[Span, Query()], uow: UnitOfWork) -> Occurrences:
    """List the appointments of a range of local days. Recurring appointments are expanded."""
    found = list(islice(taking_place_on(uow, filters), OCCURRENCES_AT_MOST + 1))
    items = [Occurrence(**each) for each in found[:OCCURRENCES_AT_MOST]]
    return Occurrences(items=items, has_more=len(found) > OCCURRENCES_AT_MOST)


@router.get("/conflicts", responses=problems(NotSignedIn, Invalid))
def list_conflicts(filters: Annotated[Span, Query()], uow: UnitOfWork) -> Conflicts:
    """List pairs of busy appointments that overlap."""
    clashes = islice(rules.clashes(taking_place_on(uow, filters)), CONFLICTS_AT_MOST)
    return Conflicts(items=[Conflict(**each) for each in clashes])


@router.get("/free", responses=problems(NotSignedIn, Invalid))
def list_free_time(filters: Annotated[FreeFilter, Query()], uow: UnitOfWork) -> Slots:
    """List free time within your working hours, days off excluded."""
    hours = working_hours(uow, (filters.day_start, filters.day_end), "query")
    taking = taking_place_on(uow, filters)
    days = availability.workdays(uow.tx, uow.caller.user_id, (filters.since, filters.until))
    free = availability.free_between(taking, days, hours, uow.caller.timezone, filters.minutes)
    return Slots(items=[Slot(**each) for each in free])


@router.get("/{event_id:uuid}", responses=problems(NotSignedIn, EventNotFound, Invalid))
def get_appointment(event_id: UUID, uow: UnitOfWork) -> Event:
    """One appointment."""
    row = ENTITY.one(uow.tx, event_id)
    return ENTITY.to_response(row)


@router.patch("/{event_id:uuid}", responses=problems(NotSignedIn, EventNotFound, rules.Subscribed, Stale, Invalid))
def change_appointment(event_id: UUID, body: EventChange, uow: UnitOfWork, if_match: IfMatch = None) -> Event:
    """Update an appointment. For a recurring one, every occurrence changes."""
    before = ENTITY.locked(uow.tx, event_id)
    check_match(if_match, before["version"])
    rules.check_writable(before)
    patch = require_non_null(
        body.model_dump(exclude_unset=True),
        "title", "start_at", "end_at", "all_day", "busy", "attendees", "extra_rrules", "rdates", "exdates",
    )  # fmt: skip
    rules.check_change(before, patch, uow.caller.timezone)
    row = ENTITY.save(uow, before, patch)
    return ENTITY.to_response(row)


@router.delete(
    "/{event_id:uuid}",
    status_code=204,
    responses=problems(NotSignedIn, EventNotFound, rules.Subscribed, Stale, Invalid),
)
def delete_appointment(event_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete an appointment."""
    row = ENTITY.locked(uow.tx, event_id)
    check_match(if_match, row["version"])
    rules.check_writable(row)
    ENTITY.remove(uow, row)


def taking_place_on(uow: UnitOfWork, filters: Span, *, without: str | None = None) -> Iterator[dict[str, Any]]:
    """Occurrences of a range of local days, of all calendars but one."""
    rules.check_span(filters.since, filters.until)
    who, days = uow.caller, (filters.since, filters.until)
    return availability.taking_place_on(uow.tx, who.user_id, who.timezone, days, without=without)


def working_hours(uow: UnitOfWork, given: tuple[time | None, time | None], where: str) -> tuple[time, time]:
    """Working hours from the request, else from the user's preferences."""
    chosen = availability.working_hours(uow.tx, uow.caller.user_id)
    first, last = given[0] or chosen[0], given[1] or chosen[1]
    if first.tzinfo or last.tzinfo or first >= last:
        raise Invalid.field(f"{where}.day_end", "should be later than day_start, in local time")
    return first, last
