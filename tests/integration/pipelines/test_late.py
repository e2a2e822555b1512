"""What comes late, very late, changes the day it is about, its week and its month, and nothing else; and nobody sees it half done."""

import re
import threading
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from pipelines import build, daily
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import Person, World

BY_MONTH = [table for table in build.TABLES if table.is_by_month or table.name in ("app_activity", "goal_progress")]
TABLES = (daily.DAILY.name, *(table.spec.name for table in BY_MONTH))

#: What looks back: the score and its expectations, and what is usual. It may change after the day.
LOOKING_BACK = re.compile(r"score|usual|trend|focus_target")


def bring_up(world: World, as_of: datetime) -> None:
    world.refresh(as_of)
    for table in BY_MONTH:
        build.bring_up(world.lake, world.connection, table, BUCKETS, as_of)


def rows_by_day(world: World) -> dict[tuple[str, date], list[dict[str, Any]]]:
    """Of each table and day, week or month what its rows say of it alone."""
    found = defaultdict(list)
    for name in TABLES:
        for row in world.rows(name):
            told = {column: value for column, value in row.items() if not LOOKING_BACK.search(column)}
            found[name, row.get("local_date") or row["first_day"]].append(told)
    return found


@pytest.mark.timeout(300)
def test_what_comes_200_days_late_changes_its_day_week_and_month_in_every_table_and_nothing_else(world):
    ada = Person(since="2026-01-05 08:00")
    goal = ada.new("goal", title="Read", created_at=ada.moment("2026-01-05 09:00"))
    goal.happens("created", "2026-01-05 09:00", status="active")
    day, today = date(2026, 2, 18), date(2026, 9, 6)  # a Wednesday, 200 days before
    for number in range(0, (today - date(2026, 1, 5)).days, 4):
        then = f"{date(2026, 1, 5) + timedelta(days=number)}"
        ada.task(f"{then} 09:00").completed(f"{then} 10:00")
        ada.time(f"{then} 10:00", f"{then} 10:30")
        ada.new("activity", name="opened").happens("tracked", f"{then} 11:00")
        appointed(ada, f"{then} 14:00", f"{then} 15:00")
    punctual = list(ada.events)
    late = ada.new("activity", name="opened").happens("tracked", f"{day} 12:00")
    ada.time(f"{day} 12:00", f"{day} 12:20")
    ada.task(f"{day} 12:00").completed(f"{day} 12:30")
    appointed(ada, f"{day} 16:00", f"{day} 17:00")
    world.land(punctual)
    bring_up(world, ada.moment(f"{today} 12:10"))
    before, files = rows_by_day(world), {name: set(world.lake.pinned(name).files()) for name in TABLES}
    world.land([*ada.events[ada.events.index(late) :]])
    bring_up(world, ada.moment(f"{today} 12:20"))
    after = rows_by_day(world)
    changed = {place for place in before.keys() | after.keys() if before.get(place) != after.get(place)}
    expected = {
        (name, day)
        for name in TABLES
        if name not in ("gold/productivity_weekly", "gold/productivity_monthly", "gold/goal_progress")
    }
    assert changed == expected | {
        ("gold/productivity_weekly", date(2026, 2, 16)),
        ("gold/productivity_monthly", date(2026, 2, 1)),
    }
    for table in BY_MONTH:
        if table.is_by_month:  # what lies before is not even touched
            name = table.spec.name
            untouched = {file for file in files[name] if "month=2026-01" in file}
            assert untouched
            assert untouched <= set(world.lake.pinned(name).files())


def appointed(person: Person, start: str, end: str) -> None:
    span = {"start_at": person.moment(start), "end_at": person.moment(end)}
    person.new("calendar_event", title="Call", **span).happens("created", f"{start[:10]} 08:00")


def test_who_reads_during_rebuilds_sees_all_of_one_or_all_of_another(world):
    """Each rebuild changes a day in each of three months by one."""
    ada = Person(since="2026-03-01 08:00")
    world.land(ada.events)
    world.refresh(ada.moment("2026-05-20 12:00"))
    months = ("2026-03-10", "2026-04-10", "2026-05-10")
    seen, errors, stop = set(), [], threading.Event()

    def read():
        reader = World(world.lake)
        while not stop.is_set():
            try:
                days = reader.days(ada)
                seen.add(tuple(days[day]["activity_events"] for day in months))
            except Exception as error:  # noqa: BLE001 (whatever it is, nobody should see it)
                errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(6):
        tracked = [ada.new("activity", name="opened").happens("tracked", f"{day} 12:0{number}") for day in months]
        world.land(tracked)
        world.refresh(ada.moment(f"2026-05-20 12:1{number}"))
    stop.set()
    thread.join(60)
    assert errors == []
    assert seen
    assert seen <= {(number,) * 3 for number in range(7)}
    assert [world.days(ada)[day]["activity_events"] for day in months] == [6, 6, 6]
