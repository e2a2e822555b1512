"""Appointments: meetings on working days, moved or called off now and then, and some private ones."""

from datetime import datetime, timedelta
from typing import Any

from numpy.random import Generator

from ingestion.demo.changes import Change, chance, mint, moment, pick
from ingestion.demo.days import Day
from ingestion.demo.personas import Person
from ingestion.demo.titles import MEETINGS, PRIVATE, ROOMS

LENGTHS = (15, 30, 30, 45, 60, 60, 90)


def calendar_changes(person: Person, dice: Generator, days: list[Day], since: datetime) -> list[Change]:
    """`days` may reach past today: what was agreed on before now is known already."""
    changes: list[Change] = []
    for day in days:
        is_working = day.date.weekday() < 5 and not day.off
        for _ in range(int(dice.poisson(person.meetings_per_day)) if is_working else 0):
            hour = 9 + 0.5 * int(dice.integers(0, 17))
            changes += _meeting(person, dice, moment(day.date, hour, person.timezone), since)
        if chance(dice, 0.07):
            starts = moment(day.date, 18 + float(dice.integers(0, 4)) / 2, person.timezone)
            entered = max(since, starts - timedelta(days=float(dice.integers(2, 20))))
            fields = {"title": pick(dice, PRIVATE), "start_at": starts, "end_at": starts + timedelta(hours=2)}
            changes.append(Change(entered, "calendar.created", mint(dice, entered), fields))
        if chance(dice, 0.012):
            begins, ends = (moment(day.date + timedelta(days=n), 0, person.timezone) for n in (0, 1))
            entered = max(since, begins - timedelta(days=30))
            fields = {"title": "Birthday", "start_at": begins, "end_at": ends, "all_day": True, "busy": False}
            changes.append(Change(entered, "calendar.created", mint(dice, entered), fields))
    return changes


def _meeting(person: Person, dice: Generator, starts: datetime, since: datetime) -> list[Change]:
    length = timedelta(minutes=pick(dice, LENGTHS))
    entered = max(since, starts - timedelta(days=0.2 + 7 * float(dice.random())))
    subject = mint(dice, entered)
    fields: dict[str, Any] = {"title": pick(dice, MEETINGS), "start_at": starts, "end_at": starts + length}
    if chance(dice, 0.6):
        fields |= {"source": "google", "calendar_id": f"calendar-of-{person.name.lower()}", "external_id": subject.hex}
    if chance(dice, 0.4):
        fields["location"] = pick(dice, ROOMS)
    changes = [Change(entered, "calendar.created", subject, fields, "import" if "source" in fields else "user")]
    soon = entered + (starts - entered) / 2
    if chance(dice, 0.05):
        moved = starts + timedelta(hours=1)
        changes.append(Change(soon, "calendar.updated", subject, {"start_at": moved, "end_at": moved + length}))
    elif chance(dice, 0.05):
        changes.append(Change(soon, "calendar.deleted", subject, {}))
    return changes
