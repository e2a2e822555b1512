"""Appointments: meetings on working days, moved or called off now and then, and some private ones."""

from datetime import datetime, timedelta
from typing import Any

from numpy.random import Generator

from ingestion.demo.changes import chance, mint, moment, pick
from ingestion.demo.days import Day
from ingestion.demo.personas import Persona
from ingestion.demo.titles import MEETINGS, PRIVATE, ROOMS
from ingestion.replay import Change

LENGTHS = (15, 30, 30, 45, 60, 60, 90)


def calendar_changes(persona: Persona, rng: Generator, days: list[Day], since: datetime) -> list[Change]:
    """`days` may reach past today: what was agreed on before now is known already."""
    changes: list[Change] = []
    for day in days:
        is_working = day.date.weekday() < 5 and not day.off
        for _ in range(int(rng.poisson(persona.meetings_per_day)) if is_working else 0):
            hour = 9 + 0.5 * int(rng.integers(0, 17))
            changes += _meeting(persona, rng, moment(day.date, hour, persona.timezone), since)
        if chance(rng, 0.07):
            starts = moment(day.date, 18 + float(rng.integers(0, 4)) / 2, persona.timezone)
            entered = max(since, starts - timedelta(days=float(rng.integers(2, 20))))
            fields = {"title": pick(rng, PRIVATE), "start_at": starts, "end_at": starts + timedelta(hours=2)}
            changes.append(Change(entered, "calendar.created", mint(rng, entered), fields))
        if chance(rng, 0.012):
            begins, ends = (moment(day.date + timedelta(days=n), 0, persona.timezone) for n in (0, 1))
            entered = max(since, begins - timedelta(days=30))
            fields = {"title": "Birthday", "start_at": begins, "end_at": ends, "all_day": True, "busy": False}
            changes.append(Change(entered, "calendar.created", mint(rng, entered), fields))
    return changes


def _meeting(persona: Persona, rng: Generator, starts: datetime, since: datetime) -> list[Change]:
    length = timedelta(minutes=pick(rng, LENGTHS))
    entered = max(since, starts - timedelta(days=0.2 + 7 * float(rng.random())))
    subject = mint(rng, entered)
    fields: dict[str, Any] = {"title": pick(rng, MEETINGS), "start_at": starts, "end_at": starts + length}
    if chance(rng, 0.6):
        fields |= {"source": "google", "calendar_id": f"calendar-of-{persona.name.lower()}", "external_id": subject.hex}
    if chance(rng, 0.4):
        fields["location"] = pick(rng, ROOMS)
    changes = [Change(entered, "calendar.created", subject, fields, "import" if "source" in fields else "user")]
    soon = entered + (starts - entered) / 2
    if chance(rng, 0.05):
        moved = starts + timedelta(hours=1)
        changes.append(Change(soon, "calendar.updated", subject, {"start_at": moved, "end_at": moved + length}))
    elif chance(rng, 0.05):
        changes.append(Change(soon, "calendar.deleted", subject, {}))
    return changes
