"""The whole history of one user, assembled from its parts. The same user, seed and moment give the same history."""

from datetime import date, datetime, timedelta
from functools import partial
from hashlib import blake2b
from uuid import UUID

from numpy.random import Generator, default_rng

from focusflow.clock import local_date
from ingestion.demo.calendar import calendar_changes
from ingestion.demo.changes import mint, moment
from ingestion.demo.days import day_off_changes, days_of, days_off
from ingestion.demo.goals import GoalHistory
from ingestion.demo.habits import habit_changes
from ingestion.demo.personas import Persona
from ingestion.demo.tasks import Places, TaskHistory
from ingestion.demo.time import time_changes
from ingestion.demo.titles import COLORS
from ingestion.demo.usage import usage_changes
from ingestion.replay import Change, History, history

DAYS_AHEAD = 10  # for which appointments are agreed on already


def generate_history(persona: Persona, *, now: datetime, seed: int, days: int, recorded_at: datetime) -> History:
    """All that happened to a user until now, and was recorded at one moment: when it is written."""
    rng = default_rng([seed, *blake2b(persona.email.encode(), digest_size=8).digest()])
    today = local_date(now, persona.timezone)
    first = today - timedelta(days=max(1, round(days * persona.share_of_history)))
    registered = moment(first, 9.25, persona.timezone)
    user_id = mint(rng, registered)
    categories = {name: mint(rng, registered) for name in persona.categories}
    past_days = history(
        _changes(persona, rng, first, today, account=(user_id, registered), categories=categories),
        partial(mint, rng),
        user_id=user_id,
        timezone=persona.timezone,
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
    return History(past_days.events, {**past_days.rows, "categories": named})


def _changes(
    persona: Persona,
    rng: Generator,
    first: date,
    today: date,
    *,
    account: tuple[UUID, datetime],
    categories: dict[str, UUID],
) -> list[Change]:
    user_id, registered = account
    off = days_off(persona, rng, first, today)
    # The day of the registration is left empty: nothing may have happened to an account that was not there yet.
    calendar = days_of(persona, rng, first + timedelta(days=1), today + timedelta(days=DAYS_AHEAD), off)
    past_days = calendar[:-DAYS_AHEAD]
    goals = GoalHistory(persona, rng, past_days, categories)
    tasks = TaskHistory(persona, rng, past_days, Places(categories, tuple(goals.spans)))
    tasks.live()
    tasks.remaining(today)
    changes = [
        *goals.changes,
        *tasks.changes,
        *time_changes(persona, rng, tasks.work),
        *habit_changes(persona, rng, past_days),
        *calendar_changes(persona, rng, calendar, registered + timedelta(hours=1)),
        *day_off_changes(persona, rng, off, first),
        *usage_changes(persona, rng, past_days),
    ]
    return [*_account(persona, user_id, registered), *changes]


def _account(persona: Persona, user_id: UUID, registered: datetime) -> list[Change]:
    fields = {"email": persona.email, "display_name": persona.name, "timezone": persona.timezone, "role": persona.role}
    changes = [Change(registered, "user.registered", user_id, fields)]
    if persona.focus_goal_minutes:
        later = registered + timedelta(days=30)
        changes.append(Change(later, "user.updated", user_id, {"daily_focus_goal_minutes": persona.focus_goal_minutes}))
    return changes
