"""Time entries for the work that was done: timers, pomodoros, and logs by hand where a timer was already running."""

from datetime import datetime, timedelta

from numpy.random import Generator

from ingestion.demo.changes import chance, mint
from ingestion.demo.personas import Persona
from ingestion.demo.tasks import Work
from ingestion.replay import Change

POMODORO_MINUTES, BREAK_MINUTES = 25, 5


def time_changes(persona: Persona, rng: Generator, work: list[Work]) -> list[Change]:
    """At most one timer runs at a time, so work that overlaps was logged by hand afterwards."""
    changes: list[Change] = []
    free_from = datetime.min.replace(tzinfo=work[0].started_at.tzinfo) if work else None
    for each in sorted(work, key=lambda stretch: stretch.started_at):
        assert free_from is not None
        ends = each.started_at + timedelta(minutes=each.minutes)
        if each.started_at < free_from or chance(rng, 0.12):
            entry = mint(rng, ends)
            fields = {"task_id": each.task_id, "kind": "manual", "started_at": each.started_at, "ended_at": ends}
            changes.append(Change(ends, "time.logged", entry, fields))
            if chance(rng, 0.1):
                earlier = each.started_at - timedelta(minutes=10)
                changes.append(Change(ends + timedelta(minutes=2), "time.updated", entry, {"started_at": earlier}))
            elif chance(rng, 0.03):
                changes.append(Change(ends + timedelta(minutes=3), "time.deleted", entry, {}))
            continue
        free_from = ends
        if each.minutes >= POMODORO_MINUTES and chance(rng, persona.pomodoro):
            changes += _pomodoros(rng, each)
        else:
            changes += _timer(rng, each, "focus", each.started_at, each.minutes)
    return changes


def _pomodoros(rng: Generator, work: Work) -> list[Change]:
    """As many as fit; the last may be broken off."""
    changes: list[Change] = []
    minutes = work.minutes
    for begin in range(0, minutes - 4, POMODORO_MINUTES + BREAK_MINUTES):
        started = work.started_at + timedelta(minutes=begin)
        changes += _timer(rng, work, "pomodoro", started, min(POMODORO_MINUTES, minutes - begin))
    return changes


def _timer(rng: Generator, work: Work, kind: str, started: datetime, minutes: int) -> list[Change]:
    entry = mint(rng, started)
    fields = {"task_id": work.task_id, "kind": kind, "started_at": started}
    stopped = started + timedelta(minutes=minutes)
    return [
        Change(started, "time.started", entry, fields),
        Change(stopped, "time.stopped", entry, {"ended_at": stopped}),
    ]
