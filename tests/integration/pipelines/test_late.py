"""What comes late, very late, changes the day it is about, its week and its month, and nothing else."""

from datetime import date, timedelta

from pipelines import build, daily
from tests.conftest import BUCKETS
from tests.integration.pipelines.conftest import Person

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
