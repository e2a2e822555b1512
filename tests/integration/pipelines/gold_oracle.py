"""All gold tables of some users against a slow and obvious computation of the same histories, however their events arrive."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from focusflow.lake.tables import Lake
from models.serving.registry import Registry
from pipelines.engine import build, priorities
from pipelines.engine.checks import CHECKED, VOLUME, judge
from pipelines.reference import days as reference_days
from tests.conftest import BUCKETS
from tests.integration.pipelines import reference_apps, reference_product, reference_users
from tests.integration.pipelines.account import Account, Rows
from tests.integration.pipelines.conftest import SampleUser, World

#: The slow accounts of tables about users, and what tells the rows of a user apart.
OF_USERS: dict[Callable[[Account], Rows], tuple[str, ...]] = {
    reference_days.productivity_daily: ("local_date",),
    reference_days.productivity_weekly: ("first_day",),
    reference_days.productivity_monthly: ("first_day",),
    reference_users.task_outcomes: ("task_id",),
    reference_users.task_flow_daily: ("local_date", "priority", "category_id"),
    reference_users.time_daily: ("local_date", "hour_of_day", "category_id", "kind"),
    reference_users.calendar_load: ("local_date", "hour_of_day"),
    reference_users.goal_progress: ("goal_id", "local_date"),
    reference_users.goal_completion: ("days",),
    reference_users.habit_streaks: ("habit_id",),
    reference_users.estimate_accuracy: ("category_id",),
    reference_users.achievements: ("achievement",),
    reference_users.uplift_people: ("month",),
    reference_users.priority_scores: ("local_date", "task_id"),
    reference_apps.app_user_days: ("app_user_id", "local_date", "event_name"),
    reference_apps.app_users_daily: ("local_date",),
    reference_apps.app_user_features: ("local_date", "event_name"),
    reference_apps.app_user_retention: ("cohort_week", "weeks_since"),
    reference_apps.app_user_funnel: ("cohort_week", "step"),
    reference_apps.app_user_uplift: ("month",),
}

#: And of those about the product.
OF_ALL: dict[Callable[[Sequence[Account]], Rows], tuple[str, ...]] = {
    reference_product.app_activity: ("local_date", "platform"),
    reference_product.retention: ("cohort_week", "weeks_since"),
    reference_product.funnel: ("cohort_week", "step"),
    reference_product.feature_usage: ("local_date", "event_name"),
    reference_product.uplift: ("month",),
}


def compare_all(folder: Path, users: Sequence[SampleUser], days: int, random: Random) -> Counter[str]:
    """Build the tables from the events in two batches, seen some days later, and compare them. Returns the compared cells, by table."""
    world = World(Lake(str(folder)))
    for batch, as_of in arrivals(users, days, random):
        world.land(batch)
        refresh(world, as_of)
    accounts = [Account(user, as_of) for user in users]
    world.lake.open(priorities.SCORES).delta.delete(f"as_of < '{as_of.isoformat()}'")  # what was said then stays said
    cells: Counter[str] = Counter()
    for counted, key in OF_USERS.items():
        found = rows_of(world, counted.__name__, ("user_id", *key))
        expected = {(a.id, *as_tuple(which)): row for a in accounts for which, row in counted(a).items()}
        cells[counted.__name__] += compare(counted.__name__, found, expected)
    for of_all, key in OF_ALL.items():
        expected = {as_tuple(which): row for which, row in of_all(accounts).items()}
        cells[of_all.__name__] += compare(of_all.__name__, rows_of(world, of_all.__name__, key), expected)
    verdicts = [each for table in CHECKED for each in judge(world.lake, world.session, table)]
    assert [each for each in verdicts if not each.passed and each.rule != VOLUME] == []
    world.session.close()
    return cells


def refresh(world: World, as_of: Any) -> None:
    world.refresh(as_of)
    for table in build.TABLES:
        build.load_incremental(world.lake, world.session, table, BUCKETS, as_of)
    nobody = Registry(Path(world.lake.location) / "models")
    priorities.score_open_tasks(world.lake, world.session, BUCKETS, as_of, nobody)


def arrivals(users: Sequence[SampleUser], days: int, random: Random) -> list[tuple[list[Any], Any]]:
    """The events in any order, some of them twice, in two batches, and as of when each is read."""
    events = [event for user in users for event in user.events]
    arrived = events + random.sample(events, 5)
    random.shuffle(arrived)
    cut = random.randrange(1, len(arrived))
    last = max(event.time for event in events)
    return [(arrived[:cut], last), (arrived[cut:], last + timedelta(days=days, hours=3))]


def as_tuple(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def rows_of(world: World, table: str, key: tuple[str, ...]) -> dict[Any, dict[str, Any]]:
    return {tuple(row[name] for name in key): row for row in world.rows(f"gold/{table}")}


def compare(table: str, found: dict[Any, dict[str, Any]], expected: dict[Any, dict[str, Any]]) -> int:
    """How many cells are the same. Raises AssertionError where one is not."""
    assert found.keys() == expected.keys(), table
    for key, row in expected.items():
        told = {name: found[key][name] for name in row}
        assert {name: (told[name], value) for name, value in row.items() if not is_same(told[name], value)} == {}, (
            table,
            key,
        )
    return sum(map(len, expected.values()))


def is_same(found: Any, expected: Any) -> bool:
    is_number = isinstance(expected, int | float) and isinstance(found, int | float)
    return bool(found == pytest.approx(expected, abs=3e-4) if is_number else found == expected)
