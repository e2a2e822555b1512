"""Notifications over HTTP: those of the platform, and reminders that users set."""

from pathlib import Path
from typing import Annotated, get_args
from uuid import UUID

from fastapi import APIRouter, Query
from psycopg.types.json import Jsonb

from focusflow.database.queries import load_queries
from focusflow.database.tables import notifications
from focusflow.errors import Conflict, Invalid, NotFound, NotSignedIn
from operational_api.entities import Entity, require_non_null
from operational_api.http.errors import problems
from operational_api.http.pagination import after_moment, page_of
from operational_api.http.route import TypedRoute
from operational_api.http.unit_of_work import IfMatch, KeyReused, Stale, UnitOfWork, check_match
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

router = APIRouter(prefix="/notifications", tags=["Notifications"], route_class=TypedRoute)


class NotificationNotFound(NotFound):
    """No notification has this id."""


class NoReminderToCome(Conflict):
    """Only an upcoming reminder can be changed."""


class TooManyReminders(Conflict):
    """An account has at most 1000 upcoming reminders."""


ENTITY = Entity(notifications, Notification, NotificationNotFound)


@router.get("", responses=problems(NotSignedIn, Invalid))
def list_notifications(filters: Annotated[NotificationFilter, Query()], uow: UnitOfWork) -> NotificationPage:
    """List delivered notifications, or upcoming reminders with `upcoming`."""
    values = filters.model_dump() | after_moment(filters.cursor, "notifications") | {"now": uow.tx.now}
    page = page_of(uow.tx.all(QUERIES["page"], values), filters.limit, "notifications", "scheduled_at")
    return NotificationPage(items=ENTITY.to_responses(page.rows), next_cursor=page.next_cursor)


@router.post(
    "",
    status_code=201,
    responses=problems(NotSignedIn, TooManyReminders, KeyReused, Invalid),
)
def set_reminder(body: NewReminder, uow: UnitOfWork) -> Notification:
    """Set a reminder. It is delivered through the channels in your preferences."""
    about = body.model_dump(include={"task_id", "goal_id"}, mode="json", exclude_none=True)
    there = uow.tx.one(QUERIES["is_there"], {"task_id": None, "goal_id": None} | about)
    if there is None or not there["found"]:
        raise Invalid.field(f"body.{next(iter(about))}", "does not exist")
    uow.tx.serialize("reminders")
    waiting = uow.tx.one(QUERIES["waiting"])
    if waiting is not None and waiting["count"] >= WAITING_AT_MOST:
        raise TooManyReminders
    row = ENTITY.add(uow, body.model_dump(exclude={"task_id", "goal_id"}) | {"data": Jsonb(about)})
    return ENTITY.to_response(row)


@router.post("/read-all", responses=problems(NotSignedIn, KeyReused))
def read_all_notifications(uow: UnitOfWork) -> Read:
    """Mark all notifications as read."""
    return Read(read=uow.tx.run(QUERIES["read_all"], {"now": uow.tx.now}))


@router.get(
    "/{notification_id:uuid}",
    responses=problems(NotSignedIn, NotificationNotFound, Invalid),
)
def get_notification(notification_id: UUID, uow: UnitOfWork) -> Notification:
    """One notification."""
    row = ENTITY.one(uow.tx, notification_id)
    return ENTITY.to_response(row)


@router.patch(
    "/{notification_id:uuid}",
    responses=problems(NotSignedIn, NotificationNotFound, NoReminderToCome, Stale, Invalid),
)
def change_reminder(
    notification_id: UUID, body: ReminderChange, uow: UnitOfWork, if_match: IfMatch = None
) -> Notification:
    """Update or snooze an upcoming reminder."""
    before = ENTITY.locked(uow.tx, notification_id)
    check_match(if_match, before["version"])
    if before["status"] != "scheduled" or before["type"] not in get_args(Reminder):
        raise NoReminderToCome
    changes = require_non_null(body.model_dump(exclude_unset=True), "title", "scheduled_at")
    if "scheduled_at" in changes:  # a new time resets the failed attempts
        changes = {**changes, "attempts": 0, "next_attempt_at": None}
    row = ENTITY.save(uow, before, changes)
    return ENTITY.to_response(row)


@router.post(
    "/{notification_id:uuid}/read",
    responses=problems(NotSignedIn, NotificationNotFound, KeyReused, Stale, Invalid),
)
def read_notification(notification_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> Notification:
    """Mark a notification as read. Idempotent."""
    before = ENTITY.locked(uow.tx, notification_id)
    check_match(if_match, before["version"])
    row = ENTITY.save(uow, before, {"read_at": before["read_at"] or uow.tx.now})
    return ENTITY.to_response(row)


@router.delete(
    "/{notification_id:uuid}", status_code=204, responses=problems(NotSignedIn, NotificationNotFound, Stale, Invalid)
)
def delete_notification(notification_id: UUID, uow: UnitOfWork, if_match: IfMatch = None) -> None:
    """Delete one."""
    row = ENTITY.locked(uow.tx, notification_id)
    check_match(if_match, row["version"])
    ENTITY.remove(uow, row)
