"""Notifications over HTTP: what the platform tells, and reminders that a person sets."""

from pathlib import Path
from typing import Annotated, get_args
from uuid import UUID

from fastapi import APIRouter, Query
from psycopg.types.json import Jsonb
from starlette.responses import Response

from focusflow.database.queries import load_queries
from focusflow.database.tables import notifications
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from operational_api.entities import Entity, filled
from operational_api.http.errors import problems
from operational_api.http.pagination import after_moment, page_of
from operational_api.http.unit_of_work import IfMatch, InOneTransaction, KeyReused, Stale, UnitOfWork, check_match
from operational_api.notifications.schemas import (
    NewReminder,
    Notification,
    NotificationFilter,
    NotificationPage,
    Read,
    Reminder,
    ReminderChange,
)

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
WAITING_AT_MOST = 1000

router = APIRouter(prefix="/notifications", tags=["Notifications"], route_class=InOneTransaction)


class NotificationNotFound(NotFound):
    """There is no such notification."""


class NoReminderToCome(Conflict):
    """Only a reminder that is still to come can be changed."""


class TooManyReminders(Conflict):
    """An account has at most 1000 reminders that were not told yet."""


ENTITY = Entity(notifications, Notification, NotificationNotFound)


@router.get("", response_model=NotificationPage, responses=problems(NotSignedIn, Invalid))
def list_notifications(wanted: Annotated[NotificationFilter, Query()], work: UnitOfWork) -> Response:
    """List what you were told, or with `upcoming` what you will be."""
    values = wanted.model_dump() | after_moment(wanted.cursor, "notifications") | {"now": work.tx.now}
    page = page_of(work.tx.all(QUERIES["page"], values), wanted.limit, "notifications", "scheduled_at")
    return work.reply({**page, "items": [ENTITY.shown(row) for row in page["items"]]})


@router.post(
    "",
    status_code=201,
    response_model=Notification,
    responses=problems(NotSignedIn, TooManyReminders, KeyReused, Invalid),
)
def set_reminder(body: NewReminder, work: UnitOfWork) -> Response:
    """Be reminded of something, where your preferences for it say."""
    about = body.model_dump(include={"task_id", "goal_id"}, mode="json", exclude_none=True)
    there = work.tx.one(QUERIES["is_there"], {"task_id": None, "goal_id": None} | about)
    if there is None or not there["found"]:
        raise Invalid.field(f"body.{next(iter(about))}", "it names something that does not exist")
    work.tx.serialize("reminders")
    waiting = work.tx.one(QUERIES["waiting"])
    if waiting is not None and waiting["count"] >= WAITING_AT_MOST:
        raise TooManyReminders
    row = ENTITY.add(work, body.model_dump(exclude={"task_id", "goal_id"}) | {"data": Jsonb(about)})
    return work.reply(ENTITY.shown(row), 201, version=row["version"])


@router.post("/read-all", response_model=Read, responses=problems(NotSignedIn, KeyReused))
def read_all_notifications(work: UnitOfWork) -> Response:
    """Mark all as read."""
    return work.reply({"read": work.tx.run(QUERIES["read_all"], {"now": work.tx.now})})


@router.get(
    "/{notification_id:uuid}",
    response_model=Notification,
    responses=problems(NotSignedIn, NotificationNotFound, Invalid),
)
def get_notification(notification_id: UUID, work: UnitOfWork) -> Response:
    """One notification."""
    row = ENTITY.one(work.tx, notification_id)
    return work.reply(ENTITY.shown(row), version=row["version"])


@router.patch(
    "/{notification_id:uuid}",
    response_model=Notification,
    responses=problems(NotSignedIn, NotificationNotFound, NoReminderToCome, Stale, Invalid),
)
def change_reminder(
    notification_id: UUID, body: ReminderChange, work: UnitOfWork, if_match: IfMatch = None
) -> Response:
    """Change a reminder that is still to come, or put it off."""
    before = ENTITY.locked(work.tx, notification_id)
    check_match(if_match, before["version"])
    if before["status"] != "scheduled" or before["type"] not in get_args(Reminder):
        raise NoReminderToCome
    changes = filled(body.model_dump(exclude_unset=True), "title", "scheduled_at")
    if "scheduled_at" in changes:  # a new moment gets its attempts anew
        changes = {**changes, "attempts": 0, "next_attempt_at": None}
    row = ENTITY.save(work, before, changes)
    return work.reply(ENTITY.shown(row), version=row["version"])


@router.post(
    "/{notification_id:uuid}/read",
    response_model=Notification,
    responses=problems(NotSignedIn, NotificationNotFound, KeyReused, Stale, Invalid),
)
def read_notification(notification_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> Response:
    """Mark one as read. Once is enough; twice does no harm."""
    before = ENTITY.locked(work.tx, notification_id)
    check_match(if_match, before["version"])
    row = ENTITY.save(work, before, {"read_at": before["read_at"] or work.tx.now})
    return work.reply(ENTITY.shown(row), version=row["version"])


@router.delete(
    "/{notification_id:uuid}", status_code=204, responses=problems(NotSignedIn, NotificationNotFound, Stale, Invalid)
)
def delete_notification(notification_id: UUID, work: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete one."""
    row = ENTITY.locked(work.tx, notification_id)
    check_match(if_match, row["version"])
    ENTITY.remove(work, row)
