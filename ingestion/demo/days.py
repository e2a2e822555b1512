"""A user's days: which are off, and how much is done on each. Weeks resemble their neighbours and differ more than chance would have it."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, sqrt
from typing import Literal

from numpy.random import Generator

from ingestion.demo.changes import mint, moment
from ingestion.demo.personas import Persona
from ingestion.replay import Change

LIKENESS = 0.6  # of a week to the one before

Reason = Literal["holiday", "vacation", "sick"]


@dataclass(frozen=True, slots=True)
class DayOffPlan:
    """Some days on which a user does nearly nothing."""

    first: date
    last: date
    reason: Reason


@dataclass(frozen=True, slots=True)
class Day:
    """One local day and its energy: 1 is an ordinary working day."""

    date: date
    energy: float
    off: Reason | None = None


def days_off(persona: Persona, rng: Generator, first: date, last: date) -> list[DayOffPlan]:
    """Disjoint spells, in order. What would touch an earlier one is left out."""
    length = (last - first).days
    plans = [
        DayOffPlan(day, day, "holiday")
        for year in range(first.year, last.year + 1)
        for day in (date(year, month, number) for month, number in persona.holidays)
    ]
    for share, days in persona.vacations:
        begin = first + timedelta(days=int(length * share))
        begin += timedelta(days=-begin.weekday())
        plans.append(DayOffPlan(begin, begin + timedelta(days=days - 1), "vacation"))
    for _ in range(persona.sick_spells):
        begin = first + timedelta(days=int(rng.integers(10, max(11, length - 10))))
        plans.append(DayOffPlan(begin, begin + timedelta(days=int(rng.integers(1, 4)) - 1), "sick"))
    kept: list[DayOffPlan] = []
    for plan in plans:
        apart = all(plan.last < other.first or other.last < plan.first for other in kept)
        if apart and first < plan.first and plan.last <= last + timedelta(days=30):
            kept.append(plan)
    return sorted(kept, key=lambda plan: plan.first)


def days_of(persona: Persona, rng: Generator, first: date, last: date, off: list[DayOffPlan]) -> list[Day]:
    """Every day from first to last."""
    reasons = {
        plan.first + timedelta(days=n): plan.reason for plan in off for n in range((plan.last - plan.first).days + 1)
    }
    days: list[Day] = []
    mood, length = 0.0, max(1, (last - first).days)
    for number in range(length + 1):
        day = first + timedelta(days=number)
        if number % 7 == 0:
            mood = LIKENESS * mood + sqrt(1 - LIKENESS**2) * float(rng.normal())
        share = number / length
        energy = exp(persona.unsteadiness * mood - persona.unsteadiness**2 / 2) * (1 + persona.growth * (share - 0.5))
        energy *= persona.weekend if day.weekday() >= 5 else 1
        if persona.slump and persona.slump[0] <= share <= persona.slump[1]:
            energy *= persona.slump[2]
        reason = reasons.get(day)
        days.append(Day(day, energy * 0.06 if reason else energy, reason))
    return days


def day_off_changes(persona: Persona, rng: Generator, plans: list[DayOffPlan], first: date) -> list[Change]:
    """Vacations are entered weeks before, sickness on its morning. One plan is dropped again."""
    changes: list[Change] = []
    for plan in plans:
        ahead = 0 if plan.reason == "sick" else int(rng.integers(10, 40))
        entered = moment(max(first, plan.first - timedelta(days=ahead)), 11 + float(rng.random()), persona.timezone)
        fields = {"first_date": plan.first, "last_date": plan.last, "reason": plan.reason}
        changes.append(Change(entered, "dayoff.created", mint(rng, entered), fields))
    bridge = first + timedelta(days=45)
    if all(plan.last < bridge or bridge < plan.first for plan in plans):
        entered, dropped = (moment(first + timedelta(days=n), 12, persona.timezone) for n in (20, 40))
        subject = mint(rng, entered)
        fields = {"first_date": bridge, "last_date": bridge, "reason": "vacation"}
        changes += [Change(entered, "dayoff.created", subject, fields), Change(dropped, "dayoff.deleted", subject, {})]
    return changes
