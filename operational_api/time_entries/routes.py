"""Time entries over HTTP: one running timer per user, and entries logged afterwards."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from focusflow.clock import start_of
from focusflow.database.queries import load_queries
from focusflow.errors import Invalid, NotSignedIn
from operational_api.entities import require_non_null
from operational_api.http.errors import problems
from operational_api.http.pagination import after_moment, page_of
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import IfMatch, KeyReused, Stale, UnitOfWork, check_match
from operational_api.time_entries import rules
from operational_api.time_entries.schemas import Entry, EntryChange, EntryFilter, EntryPage, NewEntry, NewTimer, Running
from operational_api.time_entries.store import TIME_ENTRIES, EntryNotFound

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(prefix="/time", tags=["Time"], route_class=TypedRoute)

Switch = Annotated[bool, Query(description="Stop the running timer, then start this one.")]


@router.post(
    "/start",
    status_code=201,
    responses=problems(NotSignedIn, rules.TimerRuns, KeyReused, Invalid),
)
def start_timer(body: NewTimer, uow: UnitOfWork, switch: Switch = False) -> Entry:  # noqa: FBT002 (a query parameter)
    """Start a timer. Only one runs at a time."""
    _check_task(uow, body.task_id)
    uow.tx.serialize("timers")
    running = uow.tx.one(QUERIES["running"], {"user_id": uow.caller.user_id})
    if running is not None and not switch:
        raise rules.TimerRuns(
            f"A timer is already running: {running['id']}, since {running['started_at']:%Y-%m-%dT%H:%M:%SZ}. Stop it first, or start with"
            " ?switch=true."
        )
    if running is not None:
        TIME_ENTRIES.save(uow, running, rules.stopped(running, uow.tx.now), "stopped")
    row = TIME_ENTRIES.add(uow, body.model_dump() | {"started_at": uow.tx.now}, "started")
    return TIME_ENTRIES.to_response(row)


@router.post("/stop", responses=problems(NotSignedIn, rules.NoTimerRuns, KeyReused))
def stop_timer(uow: UnitOfWork) -> Entry:
    """Stop the running timer."""
    running = uow.tx.one(QUERIES["running"], {"user_id": uow.caller.user_id})
    if running is None:
        raise rules.NoTimerRuns
    row = TIME_ENTRIES.save(uow, running, rules.stopped(running, uow.tx.now), "stopped")
    return TIME_ENTRIES.to_response(row)


@router.get("/running", responses=problems(NotSignedIn))
def get_running_timer(uow: UnitOfWork) -> Running:
    """Get the running timer."""
    row = uow.tx.one(QUERIES["seen_running"], {"user_id": uow.caller.user_id})
    return Running(running=None if row is None else TIME_ENTRIES.to_response(row))


@router.post(
    "/{entry_id:uuid}/resume",
    responses=problems(NotSignedIn, EntryNotFound, rules.TimerRuns, rules.LongOver, KeyReused, Invalid),
)
def resume_timer(entry_id: UUID, uow: UnitOfWork) -> Entry:
    """Let a timer that was just stopped run on, as if it had not been stopped."""
    uow.tx.serialize("timers")
    before = TIME_ENTRIES.locked(uow.tx, entry_id)
    if uow.tx.one(QUERIES["running"], {"user_id": uow.caller.user_id}) is not None:
        raise rules.TimerRuns
    return TIME_ENTRIES.to_response(TIME_ENTRIES.save(uow, before, rules.resumed(before, uow.tx.now), "updated"))


@router.post("", status_code=201, responses=problems(NotSignedIn, KeyReused, Invalid))
def log_time(body: NewEntry, uow: UnitOfWork) -> Entry:
    """Log time. Overlapping entries count once."""
    fields = body.model_dump()
    rules.check_span(fields, uow.tx.now)
    _check_task(uow, body.task_id)
    row = TIME_ENTRIES.add(uow, fields, "logged")
    return TIME_ENTRIES.to_response(row)


@router.get("", responses=problems(NotSignedIn, Invalid))
def list_time_entries(filters: Annotated[EntryFilter, Query()], uow: UnitOfWork) -> EntryPage:
    """List time entries."""
    here = uow.caller.timezone
    bounds = {
        "since": filters.since and start_of(filters.since, here),
        "until": filters.until and start_of(filters.until + timedelta(days=1), here),
    }
    values = filters.model_dump() | after_moment(filters.cursor, "time") | bounds
    page = page_of(uow.tx.all(QUERIES["page"], values), filters.limit, "time", "started_at")
    return EntryPage(items=TIME_ENTRIES.to_responses(page.rows), next_cursor=page.next_cursor)


@router.get("/{entry_id:uuid}", responses=problems(NotSignedIn, EntryNotFound, Invalid))
def get_time_entry(entry_id: UUID, uow: UnitOfWork) -> Entry:
    """One time entry."""
    row = TIME_ENTRIES.one(uow.tx, entry_id)
    return TIME_ENTRIES.to_response(row)


@router.patch(
    "/{entry_id:uuid}",
    responses=problems(NotSignedIn, EntryNotFound, rules.StillRunning, Stale, Invalid),
)
def change_time_entry(entry_id: UUID, body: EntryChange, uow: UnitOfWork, if_match: IfMatch = None) -> Entry:
    """Update a time entry. The end of a running timer cannot be set."""
    before = TIME_ENTRIES.locked(uow.tx, entry_id)
    check_match(if_match, before["version"])
    patch = require_non_null(body.model_dump(exclude_unset=True), "started_at", "ended_at", "kind")
    if before["ended_at"] is None and "ended_at" in patch:
        raise rules.StillRunning
    rules.check_span({**before, **patch}, uow.tx.now)
    _check_task(uow, patch.get("task_id"))
    row = TIME_ENTRIES.save(uow, before, patch)
    return TIME_ENTRIES.to_response(row)


@router.delete("/{entry_id:uuid}", status_code=204, responses=problems(NotSignedIn, EntryNotFound, Stale, Invalid))
def delete_time_entry(entry_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete a time entry. Deleting a running timer discards it."""
    row = TIME_ENTRIES.locked(uow.tx, entry_id)
    check_match(if_match, row["version"])
    TIME_ENTRIES.remove(uow, row)


def _check_task(uow: UnitOfWork, task_id: UUID | None) -> None:
    if task_id is not None and uow.tx.one(QUERIES["task"], {"task_id": task_id}) is None:
        raise Invalid.field("body.task_id", "does not exist")
