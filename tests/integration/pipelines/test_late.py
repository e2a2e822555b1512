"""What comes late, very late, changes the day it is about, its week and its month, and nothing else."""

import re
from collections import defaultdict
from datetime import date, datetime
from typing import Any

import pytest

from models.serving.registry import Registry
from pipelines.engine import build, daily, priorities
from tests.conftest import BUCKETS
from tests.integration.pipelines.busy import Busy
from tests.integration.pipelines.conftest import SampleUser, World

TABLES = {table.spec.name: table for table in build.TABLES}
GOLD = (daily.DAILY.name, *TABLES, priorities.SCORES.name)

#: What looks back: the score and its expectations, and what is usual. It may change after the day.
LOOKING_BACK = re.compile(r"score|usual|trend|focus_target")

SINCE, DAY, TODAY = date(2026, 1, 5), date(2026, 2, 18), date(2026, 9, 6)  # a Wednesday, 200 days before

#: Where each table tells of that day, of something made on it, or of all days together: no other row of it may change.
EXPECTED = {
    "productivity_daily": {DAY},
    "task_flow_daily": {DAY},
    "time_daily": {DAY},
    "calendar_load": {DAY},
    "app_activity": {DAY},
    "feature_usage": {DAY},
    "task_outcomes": {DAY},
    "productivity_weekly": {date(2026, 2, 16)},
    "productivity_monthly": {date(2026, 2, 1)},
    "achievements": {SINCE},
    "estimate_accuracy": {SINCE},
}


def refresh_tables(world: World, as_of: datetime, registry: Registry) -> None:
    world.refresh(as_of)
    for table in build.TABLES:
        build.load_incremental(world.lake, world.session, table, BUCKETS, as_of)
    priorities.score_open_tasks(world.lake, world.session, BUCKETS, as_of, registry)


def rows_by_day(world: World) -> dict[tuple[str, date], list[dict[str, Any]]]:
    """Of each table and day what its rows say of it alone."""
    found = defaultdict(list)
    for name in GOLD:
        day = TABLES[name].day if name in TABLES else "local_date"
        for row in world.rows(name):
            told = {column: value for column, value in row.items() if not LOOKING_BACK.search(column)}
            found[name, row[day]].append(told)
    return found


def files(world: World) -> dict[str, set[str]]:
    return {name: set(found.files()) for name in GOLD if (found := world.lake.pinned(name))}


def settled(name: str, bucket: int) -> re.Pattern[str]:
    """The files that hold nothing of the user's last 200 days, of a table's: those of other users, and of earlier months."""
    by_person = name not in TABLES or TABLES[name].is_personal
    by_month = name not in TABLES or TABLES[name].is_by_month
    return re.compile("|".join([rf"bucket=(?!{bucket}/)"] * by_person + ["month=2026-01"] * by_month) or "nothing")


@pytest.mark.timeout(300)
def test_what_comes_200_days_late_changes_its_day_week_and_month_in_every_table_and_nothing_else(world, tmp_path):
    ada = SampleUser(since=f"{SINCE} 08:00")
    bob = next(bob for bob in iter(lambda: SampleUser(since=f"{SINCE} 08:00"), None) if bob.bucket != ada.bucket)
    busy, other = Busy(ada, f"{SINCE}"), Busy(bob, f"{SINCE}")
    busy.every(4, SINCE, TODAY)
    other.every(14, SINCE, TODAY)
    world.land([*ada.events, *bob.events])
    registry = Registry(tmp_path / "models")
    refresh_tables(world, ada.moment(f"{TODAY} 12:10"), registry)
    before, there = rows_by_day(world), files(world)
    world.land(busy.day(DAY))
    refresh_tables(world, ada.moment(f"{TODAY} 12:20"), registry)
    after = rows_by_day(world)
    changed = defaultdict(set)
    for name, day in before.keys() | after.keys():
        if before.get((name, day)) != after.get((name, day)):
            changed[name.removeprefix("gold/")].add(day)
    assert changed == EXPECTED
    for name, now in files(world).items():
        untouched = {file for file in there[name] if settled(name, ada.bucket).search(file)}
        assert untouched <= now, name
