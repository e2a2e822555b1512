"""Habits and their daily logs over HTTP. Logging a day again replaces its entry."""

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path as File
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from focusflow import streaks
from focusflow.clock import Period, local_date
from focusflow.database.queries import load_queries
from focusflow.database.tables import habit_logs, habits
from focusflow.errors import Invalid, NotFound, NotSignedIn
from operational_api.entities import Entity, require_non_null
from operational_api.habits import rules
from operational_api.habits.schemas import (
    DueHabit,
    DueHabits,
    Habit,
    HabitChange,
    HabitDay,
    HabitFilter,
    HabitPage,
    Log,
    LogFilter,
    Logs,
    NewHabit,
    NewLog,
    Streak,
    check_frequency,
)
from operational_api.http.errors import problems
from operational_api.http.pagination import after_moment, page_of
from operational_api.http.route import TypedRoute
from operational_api.http.schema_base import Day
from operational_api.http.unit_of_work import IfMatch, KeyReused, Stale, UnitOfWork, check_match

QUERIES = load_queries(File(__file__).with_name("queries.sql"))

router = APIRouter(prefix="/habits", tags=["Habits"], route_class=TypedRoute)

LocalDay = Annotated[Day, Path(description="A local day.", examples=["2026-11-20"])]


class HabitNotFound(NotFound):
    """No habit has this id."""


class LogNotFound(NotFound):
    """The habit has no entry for this day."""


HABITS = Entity(habits, Habit, HabitNotFound, "habit")
LOGS = Entity(habit_logs, Log, LogNotFound, "habit")


@router.post("", status_code=201, responses=problems(NotSignedIn, KeyReused, Invalid))
def create_habit(body: NewHabit, uow: UnitOfWork) -> Habit:
    """Create a habit."""
    fields = body.model_dump()
    fields["start_date"] = body.start_date or _today(uow)
    _check_order(fields["start_date"], body.end_date)
    row = HABITS.add(uow, fields)
    return HABITS.to_response(row)


@router.get("", responses=problems(NotSignedIn, Invalid))
def list_habits(filters: Annotated[HabitFilter, Query()], uow: UnitOfWork) -> HabitPage:
    """List habits."""
    values = filters.model_dump() | after_moment(filters.cursor, "habits")
    page = page_of(uow.tx.all(QUERIES["page"], values), filters.limit, "habits", "created_at")
    return HabitPage(items=HABITS.to_responses(page.rows), next_cursor=page.next_cursor)


@router.get("/day", responses=problems(NotSignedIn, Invalid))
def list_habits_of_day(filters: Annotated[HabitDay, Query()], uow: UnitOfWork) -> DueHabits:
    """List the habits of a day and whether each is done."""
    day = filters.day or _today(uow)
    account = uow.tx.one(QUERIES["week_start"], {"user_id": uow.caller.user_id})
    assert account is not None
    week = Period.week_of(day, account["week_start"])
    free = _days_off(uow, week.first)
    rows = uow.tx.all(QUERIES["on_day"], {"day": day, "week": week.first})
    return DueHabits(items=[DueHabit.from_row({**row, **rules.on_day(row, day, week, free)}) for row in rows])


@router.get("/{habit_id:uuid}", responses=problems(NotSignedIn, HabitNotFound, Invalid))
def get_habit(habit_id: UUID, uow: UnitOfWork) -> Habit:
    """One habit."""
    row = HABITS.one(uow.tx, habit_id)
    return HABITS.to_response(row)


@router.patch("/{habit_id:uuid}", responses=problems(NotSignedIn, HabitNotFound, Stale, Invalid))
def change_habit(habit_id: UUID, body: HabitChange, uow: UnitOfWork, if_match: IfMatch = None) -> Habit:
    """Update a habit. Logged days are kept."""
    before = HABITS.locked(uow.tx, habit_id)
    check_match(if_match, before["version"])
    patch = dict(
        require_non_null(
            body.model_dump(exclude_unset=True), "title", "frequency", "weekdays", "start_date", "archived"
        )
    )
    archived = patch.pop("archived", before["archived_at"] is not None)
    patch["archived_at"] = (before["archived_at"] or uow.tx.now) if archived else None
    after = {**before, **patch}
    try:
        check_frequency(after["frequency"], after["weekdays"], after["times_per_week"])
    except ValueError as error:
        raise Invalid(f"The habit would be invalid: {error}.") from error
    _check_order(after["start_date"], after["end_date"])
    was_open = before["archived_at"] is None
    row = HABITS.save(uow, before, patch, "archived" if archived and was_open else "updated")
    return HABITS.to_response(row)


@router.delete("/{habit_id:uuid}", status_code=204, responses=problems(NotSignedIn, HabitNotFound, Stale, Invalid))
def archive_habit(habit_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> None:
    """Archive a habit. Its logged days are kept."""
    before = HABITS.locked(uow.tx, habit_id)
    check_match(if_match, before["version"])
    HABITS.save(uow, before, {"archived_at": before["archived_at"] or uow.tx.now}, "archived")


@router.get("/{habit_id:uuid}/logs", responses=problems(NotSignedIn, HabitNotFound, Invalid))
def list_habit_logs(habit_id: UUID, filters: Annotated[LogFilter, Query()], uow: UnitOfWork) -> Logs:
    """List the logged days of a habit."""
    HABITS.one(uow.tx, habit_id)
    rows = uow.tx.all(QUERIES["logs"], {"habit_id": habit_id, **filters.model_dump()})
    return Logs(items=LOGS.to_responses(rows))


@router.put(
    "/{habit_id:uuid}/logs/{local_day}",
    responses=problems(NotSignedIn, HabitNotFound, rules.HabitArchived, Invalid),
)
def log_habit(habit_id: UUID, local_day: LocalDay, body: NewLog, uow: UnitOfWork) -> Log:
    """Log a day as done, or as skipped with a reason. Logging it again replaces the entry."""
    habit = HABITS.locked(uow.tx, habit_id)
    rules.check_day(habit, local_day, _today(uow))
    before = uow.tx.one(QUERIES["log"], {"habit_id": habit_id, "day": local_day})
    if before is None:
        row = LOGS.add(uow, {**body.model_dump(), "habit_id": habit_id, "local_date": local_day}, "logged")
    else:
        row = LOGS.save(uow, before, body.model_dump(), "logged")
    return LOGS.to_response(row)


@router.delete(
    "/{habit_id:uuid}/logs/{local_day}",
    status_code=204,
    responses=problems(NotSignedIn, HabitNotFound, LogNotFound, Invalid),
)
def unlog_habit(habit_id: UUID, local_day: LocalDay, uow: UnitOfWork) -> None:
    """Delete the entry of a day."""
    HABITS.locked(uow.tx, habit_id)
    row = uow.tx.one(QUERIES["log"], {"habit_id": habit_id, "day": local_day})
    if row is None:
        raise LogNotFound
    LOGS.remove(uow, row, "unlogged")


@router.get("/{habit_id:uuid}/streak", responses=problems(NotSignedIn, HabitNotFound, Invalid))
def get_habit_streak(habit_id: UUID, uow: UnitOfWork) -> Streak:
    """Get the streak of a habit up to today, or up to the day it was archived. Skipped days and days off do not break it."""
    habit = HABITS.one(uow.tx, habit_id)
    rows = uow.tx.all(QUERIES["days"], {"habit_id": habit_id})
    account = uow.tx.one(QUERIES["week_start"], {"user_id": uow.caller.user_id})
    assert account is not None
    days = streaks.Days(
        done={row["local_date"] for row in rows if not row["skipped"]},
        free={row["local_date"] for row in rows if row["skipped"]} | _days_off(uow, habit["start_date"]),
    )
    archived = habit["archived_at"] and local_date(habit["archived_at"], uow.caller.timezone)
    return Streak(**asdict(streaks.streak(habit, days, archived or _today(uow), account["week_start"])))


def _days_off(uow: UnitOfWork, since: date) -> set[date]:
    return {
        row["first_date"] + timedelta(days=n)
        for row in uow.tx.all(QUERIES["days_off"], {"since": since})
        for n in range((row["last_date"] - row["first_date"]).days + 1)
    }


def _today(uow: UnitOfWork) -> date:
    return local_date(uow.tx.now, uow.caller.timezone)


def _check_order(first: date, last: date | None) -> None:
    if last is not None and last < first:
        raise Invalid.field("body.end_date", "should not be before start_date")
