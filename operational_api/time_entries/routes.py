"""Time over HTTP: one timer a person, and entries written afterwards."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from focusflow.clock import start_of
from focusflow.database.queries import load_queries
from focusflow.database.tables import time_entries
from focusflow.errors import Invalid, NotFound, NotSignedIn
from operational_api.entities import Entity, filled
from operational_api.http.errors import problems
from operational_api.http.pagination import after_moment, page_of
from operational_api.http.unit_of_work import IfMatch, InOneTransaction, KeyReused, Stale, UnitOfWork, Work, check_match
from operational_api.time_entries import rules
from operational_api.time_entries.schemas import Entry, EntryChange, EntryFilter, EntryPage, NewEntry, NewTimer, Running

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(prefix="/time", tags=["Time"], route_class=InOneTransaction)

Switch = Annotated[bool, Query(description="Stop the timer that runs, and start this one.")]


class EntryNotFound(NotFound):
    """There is no such time entry."""


ENTITY = Entity(time_entries, Entry, EntryNotFound, "time")


@router.post(
    "/start",
    status_code=201,
    response_model=Entry,
    responses=problems(NotSignedIn, rules.TimerRuns, KeyReused, Invalid),
)
def start_timer(body: NewTimer, work: UnitOfWork, switch: Switch = False) -> Response:  # noqa: FBT002 (a query parameter)
    """Start a timer. One runs at a time."""
    _check_task(work, body.task_id)
    work.tx.serialize("timers")
    running = work.tx.one(QUERIES["running"], {"user_id": work.caller.user_id})
    if running is not None and not switch:
        raise rules.TimerRuns(
            f"A timer runs already: {running['id']}, since {running['started_at']:%Y-%m-%dT%H:%M:%SZ}. Stop it first, or start with"
            " ?switch=true."
        )
    if running is not None:
        ENTITY.save(work, running, rules.stopped(running, work.tx.now), "stopped")
    row = ENTITY.add(work, body.model_dump() | {"started_at": work.tx.now}, "started")
    return work.reply(ENTITY.shown(row), 201, version=row["version"])


@router.post("/stop", response_model=Entry, responses=problems(NotSignedIn, rules.NoTimerRuns, KeyReused))
def stop_timer(work: UnitOfWork) -> Response:
    """Stop the timer."""
    running = work.tx.one(QUERIES["running"], {"user_id": work.caller.user_id})
    if running is None:
        raise rules.NoTimerRuns
    row = ENTITY.save(work, running, rules.stopped(running, work.tx.now), "stopped")
    return work.reply(ENTITY.shown(row), version=row["version"])


@router.get("/running", response_model=Running, responses=problems(NotSignedIn))
def get_running_timer(work: UnitOfWork) -> Response:
    """The timer that runs."""
    row = work.tx.one(QUERIES["seen_running"], {"user_id": work.caller.user_id})
    return work.reply({"running": None if row is None else ENTITY.shown(row)})


@router.post("", status_code=201, response_model=Entry, responses=problems(NotSignedIn, KeyReused, Invalid))
def log_time(body: NewEntry, work: UnitOfWork) -> Response:
    """Write down time spent. Where entries overlap, their minutes count once."""
    fields = body.model_dump()
    rules.check_span(fields, work.tx.now)
    _check_task(work, body.task_id)
    row = ENTITY.add(work, fields, "logged")
    return work.reply(ENTITY.shown(row), 201, version=row["version"])


@router.get("", response_model=EntryPage, responses=problems(NotSignedIn, Invalid))
def list_time_entries(wanted: Annotated[EntryFilter, Query()], work: UnitOfWork) -> Response:
    """List time spent."""
    here = work.caller.timezone
    bounds = {
        "since": wanted.since and start_of(wanted.since, here),
        "until": wanted.until and start_of(wanted.until + timedelta(days=1), here),
    }
    values = wanted.model_dump() | after_moment(wanted.cursor, "time") | bounds
    page = page_of(work.tx.all(QUERIES["page"], values), wanted.limit, "time", "started_at")
    return work.reply({**page, "items": [ENTITY.shown(row) for row in page["items"]]})


@router.get("/{entry_id:uuid}", response_model=Entry, responses=problems(NotSignedIn, EntryNotFound, Invalid))
def get_time_entry(entry_id: UUID, work: UnitOfWork) -> Response:
    """One time entry."""
    row = ENTITY.one(work.tx, entry_id)
    return work.reply(ENTITY.shown(row), version=row["version"])


@router.patch(
    "/{entry_id:uuid}",
    response_model=Entry,
    responses=problems(NotSignedIn, EntryNotFound, rules.StillRunning, Stale, Invalid),
)
def change_time_entry(entry_id: UUID, body: EntryChange, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Change a time entry. Of the timer that runs, all but its end."""
    before = ENTITY.locked(work.tx, entry_id)
    check_match(if_match, before["version"])
    wish = filled(body.model_dump(exclude_unset=True), "started_at", "ended_at", "kind")
    if before["ended_at"] is None and "ended_at" in wish:
        raise rules.StillRunning
    rules.check_span({**before, **wish}, work.tx.now)
    _check_task(work, wish.get("task_id"))
    row = ENTITY.save(work, before, wish)
    return work.reply(ENTITY.shown(row), version=row["version"])


@router.delete("/{entry_id:uuid}", status_code=204, responses=problems(NotSignedIn, EntryNotFound, Stale, Invalid))
def delete_time_entry(entry_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete a time entry; of the timer that runs, as if it had never been started."""
    row = ENTITY.locked(work.tx, entry_id)
    check_match(if_match, row["version"])
    ENTITY.remove(work, row)


def _check_task(work: Work, task_id: UUID | None) -> None:
    if task_id is not None and work.tx.one(QUERIES["task"], {"task_id": task_id}) is None:
        raise Invalid.field("body.task_id", "it names something that does not exist")
