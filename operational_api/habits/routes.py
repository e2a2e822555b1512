"""Habits over HTTP, and their days. A day is logged as often as one likes and is one day."""

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path as File
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from focusflow import streaks
from focusflow.clock import local_date
from focusflow.database.queries import load_queries
from focusflow.database.tables import habit_logs, habits
from focusflow.errors import Invalid, NotFound, NotSignedIn
from operational_api.entities import Entity, filled
from operational_api.habits import rules
from operational_api.habits.schemas import (
    Habit,
    HabitChange,
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
from operational_api.http.schema_base import Day
from operational_api.http.unit_of_work import IfMatch, InOneTransaction, KeyReused, Stale, UnitOfWork, Work, check_match

QUERIES = load_queries(File(__file__).with_name("queries.sql"))

router = APIRouter(prefix="/habits", tags=["Habits"], route_class=InOneTransaction)

LocalDay = Annotated[Day, Path(description="A local day.", examples=["2026-11-20"])]


class HabitNotFound(NotFound):
    """There is no such habit."""


class LogNotFound(NotFound):
    """This day of the habit is not logged."""


HABITS = Entity(habits, Habit, HabitNotFound, "habit")
LOGS = Entity(habit_logs, Log, LogNotFound, "habit")


@router.post("", status_code=201, response_model=Habit, responses=problems(NotSignedIn, KeyReused, Invalid))
def create_habit(body: NewHabit, work: UnitOfWork) -> Response:
    """Take up a habit."""
    fields = body.model_dump()
    fields["start_date"] = body.start_date or _today(work)
    _check_order(fields["start_date"], body.end_date)
    row = HABITS.add(work, fields)
    return work.reply(HABITS.shown(row), 201, version=row["version"])


@router.get("", response_model=HabitPage, responses=problems(NotSignedIn, Invalid))
def list_habits(wanted: Annotated[HabitFilter, Query()], work: UnitOfWork) -> Response:
    """List habits."""
    values = wanted.model_dump() | after_moment(wanted.cursor, "habits")
    page = page_of(work.tx.all(QUERIES["page"], values), wanted.limit, "habits", "created_at")
    return work.reply({**page, "items": [HABITS.shown(row) for row in page["items"]]})


@router.get("/{habit_id:uuid}", response_model=Habit, responses=problems(NotSignedIn, HabitNotFound, Invalid))
def get_habit(habit_id: UUID, work: UnitOfWork) -> Response:
    """One habit."""
    row = HABITS.one(work.tx, habit_id)
    return work.reply(HABITS.shown(row), version=row["version"])


@router.patch("/{habit_id:uuid}", response_model=Habit, responses=problems(NotSignedIn, HabitNotFound, Stale, Invalid))
def change_habit(habit_id: UUID, body: HabitChange, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Change a habit. What was logged stays."""
    before = HABITS.locked(work.tx, habit_id)
    check_match(if_match, before["version"])
    wish = dict(filled(body.model_dump(exclude_unset=True), "title", "frequency", "weekdays", "start_date", "archived"))
    archived = wish.pop("archived", before["archived_at"] is not None)
    wish["archived_at"] = (before["archived_at"] or work.tx.now) if archived else None
    after = {**before, **wish}
    try:
        check_frequency(after["frequency"], after["weekdays"], after["times_per_week"])
    except ValueError as error:
        raise Invalid(f"The habit would not be whole: {error}.") from error
    _check_order(after["start_date"], after["end_date"])
    was_open = before["archived_at"] is None
    row = HABITS.save(work, before, wish, "archived" if archived and was_open else "updated")
    return work.reply(HABITS.shown(row), version=row["version"])


@router.delete("/{habit_id:uuid}", status_code=204, responses=problems(NotSignedIn, HabitNotFound, Stale, Invalid))
def archive_habit(habit_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> None:
    """Archive a habit. Its days stay in your history."""
    before = HABITS.locked(work.tx, habit_id)
    check_match(if_match, before["version"])
    HABITS.save(work, before, {"archived_at": before["archived_at"] or work.tx.now}, "archived")


@router.get("/{habit_id:uuid}/logs", response_model=Logs, responses=problems(NotSignedIn, HabitNotFound, Invalid))
def list_habit_logs(habit_id: UUID, wanted: Annotated[LogFilter, Query()], work: UnitOfWork) -> Response:
    """The days of a habit."""
    HABITS.one(work.tx, habit_id)
    rows = work.tx.all(QUERIES["logs"], {"habit_id": habit_id, **wanted.model_dump()})
    return work.reply({"items": [LOGS.shown(row) for row in rows]})


@router.put(
    "/{habit_id:uuid}/logs/{local_day}",
    response_model=Log,
    responses=problems(NotSignedIn, HabitNotFound, rules.HabitArchived, Invalid),
)
def log_habit(habit_id: UUID, local_day: LocalDay, body: NewLog, work: UnitOfWork) -> Response:
    """Log a day: done, or skipped for a reason. Logging it again changes it."""
    habit = HABITS.locked(work.tx, habit_id)
    rules.check_day(habit, local_day, _today(work))
    before = work.tx.one(QUERIES["log"], {"habit_id": habit_id, "day": local_day})
    if before is None:
        row = LOGS.add(work, {**body.model_dump(), "habit_id": habit_id, "local_date": local_day}, "logged")
    else:
        row = LOGS.save(work, before, body.model_dump(), "logged")
    return work.reply(LOGS.shown(row))


@router.delete(
    "/{habit_id:uuid}/logs/{local_day}",
    status_code=204,
    responses=problems(NotSignedIn, HabitNotFound, LogNotFound, Invalid),
)
def unlog_habit(habit_id: UUID, local_day: LocalDay, work: UnitOfWork) -> None:
    """Take back that a day was done or skipped."""
    HABITS.locked(work.tx, habit_id)
    row = work.tx.one(QUERIES["log"], {"habit_id": habit_id, "day": local_day})
    if row is None:
        raise LogNotFound
    LOGS.remove(work, row, "unlogged")


@router.get("/{habit_id:uuid}/streak", response_model=Streak, responses=problems(NotSignedIn, HabitNotFound, Invalid))
def get_habit_streak(habit_id: UUID, work: UnitOfWork) -> Response:
    """How a habit holds, up to today or to when it was archived. Skipped days and days off break nothing."""
    habit = HABITS.one(work.tx, habit_id)
    rows = work.tx.all(QUERIES["days"], {"habit_id": habit_id})
    account = work.tx.one(QUERIES["week_start"], {"user_id": work.caller.user_id})
    assert account is not None
    days = streaks.Days(
        done={row["local_date"] for row in rows if not row["skipped"]},
        free={row["local_date"] for row in rows if row["skipped"]} | _days_off(work, habit["start_date"]),
    )
    archived = habit["archived_at"] and local_date(habit["archived_at"], work.caller.timezone)
    return work.reply(asdict(streaks.streak(habit, days, archived or _today(work), account["week_start"])))


def _days_off(work: Work, since: date) -> set[date]:
    return {
        row["first_date"] + timedelta(days=n)
        for row in work.tx.all(QUERIES["days_off"], {"since": since})
        for n in range((row["last_date"] - row["first_date"]).days + 1)
    }


def _today(work: Work) -> date:
    return local_date(work.tx.now, work.caller.timezone)


def _check_order(first: date, last: date | None) -> None:
    if last is not None and last < first:
        raise Invalid.field("body.end_date", "it should not lie before start_date")
