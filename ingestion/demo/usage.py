"""How a person uses the apps, and the plans that the platform made for them."""

from datetime import timedelta

from numpy.random import Generator

from ingestion.demo.changes import Change, chance, mint, moment, pick, weighted
from ingestion.demo.days import Day
from ingestion.demo.personas import Person

PLATFORMS = {"web": 5.0, "ios": 3.0, "android": 2.0}
FEATURES = ("page.viewed", "search.used", "timer.opened", "report.viewed", "list.filtered", "calendar.viewed")
VERSIONS = ("2.1.0", "2.2.0", "2.3.1", "2.4.0")


def usage_changes(person: Person, dice: Generator, days: list[Day]) -> list[Change]:
    changes: list[Change] = []
    for number, day in enumerate(days):
        for _ in range(int(dice.poisson(person.opens_app * min(1.5, 0.3 + day.energy)))):
            middle, spread = pick(dice, person.hours)
            at = moment(day.date, max(5.0, float(dice.normal(middle, spread))), person.timezone)
            shared = {
                "session_id": mint(dice, at).hex,
                "platform": weighted(dice, PLATFORMS),
                "app_version": VERSIONS[min(len(VERSIONS) - 1, len(VERSIONS) * number // len(days))],
            }
            changes.append(Change(at, "activity.tracked", mint(dice, at), {"name": "app.opened", **shared}))
            if chance(dice, 0.5):
                later = at + timedelta(seconds=float(dice.integers(5, 300)))
                changes.append(
                    Change(later, "activity.tracked", mint(dice, later), {"name": pick(dice, FEATURES), **shared})
                )
        if chance(dice, person.plans * min(1, day.energy)):
            at = moment(day.date, 7 + float(dice.random()), person.timezone)
            fields = {"kind": "daily_plan", "model": "local-1", "tokens_in": 0, "tokens_out": 0}
            changes.append(Change(at, "ai.plan_generated", mint(dice, at), fields, "ai"))
    return changes
