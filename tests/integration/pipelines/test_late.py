"""What comes late, very late, changes the day it is about, its week and its month, and nothing else; and nobody sees it half done."""

import threading
from datetime import date, timedelta

from pipelines import build, daily
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import Person, World

TABLES = (daily.DAILY.name, "gold/productivity_weekly", "gold/productivity_monthly")


def test_an_event_of_200_days_ago_changes_its_day_week_and_month_and_nothing_else(world):
    ada = Person(since="2026-01-05 08:00")
    day, today = date(2026, 2, 18), date(2026, 9, 6)  # a Wednesday
    for number in range((today - ada.moment("2026-01-05 08:00").date()).days):
        ada.task(ada.moment("2026-01-05 09:00") + timedelta(days=number)).completed(
            ada.moment("2026-01-05 10:00") + timedelta(days=number)
        )
    late = ada.new("activity", name="opened").happens("tracked", f"{day} 12:00")

    def after(events, as_of):
        world.land(events)
        world.refresh(ada.moment(as_of))
        for table in build.TABLES:
            if table.spec.name in TABLES:
                build.bring_up(world.lake, world.connection, table, BUCKETS, ada.moment(as_of))
        rows = {(name, row.get("local_date") or row["first_day"]): row for name in TABLES for row in world.rows(name)}
        return rows, {name: set(world.lake.pinned(name).files()) for name in TABLES}

    rows, files = after(ada.events[:-1], f"{today} 12:10")
    rows_later, files_later = after([late], f"{today} 12:20")
    assert {place for place in rows | rows_later if rows.get(place) != rows_later.get(place)} == set(
        zip(TABLES, (day, date(2026, 2, 16), date(2026, 2, 1)), strict=True)
    )
    assert rows_later[TABLES[0], day]["activity_events"] == 1
    for name in TABLES:  # what lies before is not even touched
        untouched = {file for file in files[name] if "month=2026-01" in file}
        assert untouched
        assert untouched <= files_later[name]


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
