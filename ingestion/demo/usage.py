"""How a user uses the apps, and the plans that the platform made for them."""

from datetime import timedelta

from numpy.random import Generator

from ingestion.demo.changes import chance, mint, moment, pick, weighted
from ingestion.demo.days import Day
from ingestion.demo.personas import Persona
from ingestion.replay import Change

PLATFORMS = {"web": 5.0, "ios": 3.0, "android": 2.0}
FEATURES = ("page.viewed", "search.used", "timer.opened", "report.viewed", "list.filtered", "calendar.viewed")
VERSIONS = ("2.1.0", "2.2.0", "2.3.1", "2.4.0")


def usage_changes(persona: Persona, rng: Generator, days: list[Day]) -> list[Change]:
    changes: list[Change] = []
    for number, day in enumerate(days):
        for _ in range(int(rng.poisson(persona.opens_app * min(1.5, 0.3 + day.energy)))):
            middle, spread = pick(rng, persona.hours)
            at = moment(day.date, max(5.0, float(rng.normal(middle, spread))), persona.timezone)
            shared = {
                "session_id": mint(rng, at).hex,
                "platform": weighted(rng, PLATFORMS),
                "app_version": VERSIONS[min(len(VERSIONS) - 1, len(VERSIONS) * number // len(days))],
            }
            changes.append(Change(at, "activity.tracked", mint(rng, at), {"name": "app.opened", **shared}))
            if chance(rng, 0.5):
                later = at + timedelta(seconds=float(rng.integers(5, 300)))
                changes.append(
                    Change(later, "activity.tracked", mint(rng, later), {"name": pick(rng, FEATURES), **shared})
                )
        if chance(rng, persona.plans * min(1, day.energy)):
            at = moment(day.date, 7 + float(rng.random()), persona.timezone)
            fields = {"kind": "daily_plan", "model": "local-1", "tokens_in": 0, "tokens_out": 0}
            changes.append(Change(at, "ai.plan_generated", mint(rng, at), fields, "ai"))
    return changes
