"""Habits and their days: done, missed, or skipped with a reason. A habit that was done yesterday is likelier today."""

from datetime import date, timedelta
from typing import Any

from numpy.random import Generator

from ingestion.demo.changes import chance, mint, moment
from ingestion.demo.days import Day
from ingestion.demo.personas import HabitPlan, Persona
from ingestion.replay import Change

REASONS = {"holiday": "Holiday", "vacation": "On the road", "sick": "Ill"}


def habit_changes(persona: Persona, rng: Generator, days: list[Day]) -> list[Change]:
    return [change for plan in persona.habits for change in _one(persona, plan, rng, days)]


def _one(persona: Persona, plan: HabitPlan, rng: Generator, days: list[Day]) -> list[Change]:
    past_days = days[min(len(days) - 1, int(plan.begins * len(days))) :]
    begun = moment(past_days[0].date, 12, persona.timezone)
    habit = mint(rng, begun)
    fields = {
        "title": plan.title,
        "frequency": plan.frequency,
        "weekdays": list(plan.weekdays),
        "times_per_week": plan.times_per_week,
        "start_date": past_days[0].date,
        "reminder_time": plan.reminder,
        "created_at": begun,
    }
    changes = [Change(begun, "habit.created", habit, fields)]
    streak_from = past_days[-1].date - timedelta(days=plan.streak_days)
    was_done, done_in_week = True, 0
    for day in past_days[1:]:
        done_in_week = 0 if day.date.weekday() == 0 else done_in_week
        likelihood = _likelihood(plan, day, done_in_week, was_done=was_done)
        if likelihood is None:
            continue
        is_sure = bool(plan.streak_days) and day.date >= streak_from and plan.frequency != "weekly"
        was_done = is_sure or chance(rng, likelihood)
        if was_done:
            done_in_week += 1
            changes += _logged(persona, plan, rng, habit, day.date)
        elif day.off and chance(rng, 0.6):
            changes.append(_skipped(persona, plan, rng, habit, day))
    return changes


def _likelihood(plan: HabitPlan, day: Day, done_in_week: int, *, was_done: bool) -> float | None:
    """None where the habit is not due."""
    if plan.frequency == "weekdays" and day.date.weekday() not in plan.weekdays:
        return None
    likelihood = plan.likelihood * (1.08 if was_done else 0.75) * min(1, 0.55 + 0.6 * day.energy)
    if plan.times_per_week is not None:
        days_left, still = 7 - day.date.weekday(), plan.times_per_week - done_in_week
        likelihood *= min(1, max(0.0, still) / days_left * 1.3)
    return min(0.98, likelihood * (0.25 if day.off else 1))


def _logged(persona: Persona, plan: HabitPlan, rng: Generator, habit: Any, day: date) -> list[Change]:
    at = moment(day, max(5.0, float(rng.normal(plan.hour, 0.5))), persona.timezone)
    fields: dict[str, Any] = {"habit_id": habit, "local_date": day}
    if chance(rng, 0.3):
        fields["mood"] = int(rng.choice(5, p=(0.04, 0.1, 0.26, 0.4, 0.2))) + 1
    changes: list[Change] = []
    if chance(rng, 0.01):  # ticked by mistake, taken back, ticked again
        changes.append(Change(at - timedelta(minutes=2), "habit.logged", mistake := mint(rng, at), fields))
        changes.append(Change(at - timedelta(minutes=1), "habit.unlogged", mistake, {}))
    return [*changes, Change(at, "habit.logged", mint(rng, at), fields)]


def _skipped(persona: Persona, plan: HabitPlan, rng: Generator, habit: Any, day: Day) -> Change:
    at = moment(day.date, plan.hour, persona.timezone)
    fields = {
        "habit_id": habit,
        "local_date": day.date,
        "value": 0,
        "skipped": True,
        "skip_reason": REASONS[day.off or "vacation"],
    }
    return Change(at, "habit.logged", mint(rng, at), fields)
