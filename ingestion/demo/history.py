"""The whole history of one person, put together from its parts. The same person, seed and moment give the same history."""

from datetime import date, datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from numpy.random import Generator, default_rng

from focusflow.clock import local_date
from ingestion.demo.calendar import calendar_changes
from ingestion.demo.changes import Change, mint, moment
from ingestion.demo.days import day_off_changes, days_of, days_off
from ingestion.demo.goals import GoalLife
from ingestion.demo.habits import habit_changes
from ingestion.demo.journal import History, history
from ingestion.demo.personas import Person
from ingestion.demo.tasks import Places, TaskLife
from ingestion.demo.time import time_changes
from ingestion.demo.titles import COLORS
from ingestion.demo.usage import usage_changes

DAYS_AHEAD = 10  # for which appointments are agreed on already


def life_of(person: Person, *, now: datetime, seed: int, days: int, recorded_at: datetime) -> History:
    """All that happened to a person until now, and was recorded at one moment: when it is written."""
    dice = default_rng([seed, *blake2b(person.email.encode(), digest_size=8).digest()])
    today = local_date(now, person.timezone)
    first = today - timedelta(days=max(1, round(days * person.share_of_history)))
    registered = moment(first, 9.25, person.timezone)
    user_id = mint(dice, registered)
    categories = {name: mint(dice, registered) for name in person.categories}
    lived = history(
        _changes(person, dice, first, today, account=(user_id, registered), categories=categories),
        dice,
        user_id=user_id,
        timezone=person.timezone,
        until=now,
        recorded_at=recorded_at,
    )
    named = [
        {
            "id": id_,
            "user_id": user_id,
            "name": name,
            "color": COLORS[name],
            "version": 1,
            "created_at": registered,
            "updated_at": registered,
        }
        for name, id_ in categories.items()
    ]
    return History(lived.events, {**lived.rows, "categories": named})


def _changes(
    person: Person,
    dice: Generator,
    first: date,
    today: date,
    *,
    account: tuple[UUID, datetime],
    categories: dict[str, UUID],
) -> list[Change]:
    user_id, registered = account
    off = days_off(person, dice, first, today)
    # The day of the registration is left empty: nothing may have happened to an account that was not there yet.
    calendar = days_of(person, dice, first + timedelta(days=1), today + timedelta(days=DAYS_AHEAD), off)
    lived = calendar[:-DAYS_AHEAD]
    goals = GoalLife(person, dice, lived, categories)
    tasks = TaskLife(person, dice, lived, Places(categories, tuple(goals.spans)))
    tasks.live()
    tasks.remaining(today)
    changes = [
        *goals.changes,
        *tasks.changes,
        *time_changes(person, dice, tasks.work),
        *habit_changes(person, dice, lived),
        *calendar_changes(person, dice, calendar, registered + timedelta(hours=1)),
        *day_off_changes(person, dice, off, first),
        *usage_changes(person, dice, lived),
    ]
    return [*_account(person, user_id, registered), *changes]


def _account(person: Person, user_id: UUID, registered: datetime) -> list[Change]:
    fields = {"email": person.email, "display_name": person.name, "timezone": person.timezone, "role": person.role}
    changes = [Change(registered, "user.registered", user_id, fields)]
    if person.focus_goal_minutes:
        later = registered + timedelta(days=30)
        changes.append(Change(later, "user.updated", user_id, {"daily_focus_goal_minutes": person.focus_goal_minutes}))
    return changes
