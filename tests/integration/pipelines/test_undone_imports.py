"""What an import brought is in all tables, and after its undo in none."""

import json
from datetime import timedelta

from focusflow import clock
from focusflow.clock import zone
from focusflow.identity import new_id, new_id_at
from ingestion.importers.engine.changes import PROJECT, Links, changes_of
from ingestion.importers.engine.files import Upload
from ingestion.importers.engine.formats import find_format, formats
from ingestion.importers.engine.importing import UNDO_ORDER, Account, removal
from ingestion.importers.engine.normalize import normalize
from ingestion.importers.engine.records import Finding, Habit, Surroundings
from ingestion.replay import TABLES, history
from pipelines.engine import build, daily
from tests.integration.pipelines.conftest import SampleUser

YEAR_AGO = clock.now().replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=400)


def stamp(days, hours=0):
    return f"{YEAR_AGO + timedelta(days=days, hours=hours):%Y%m%dT%H%M%SZ}"


TASKS = [
    {"uuid": f"{n}", "description": "x", "status": "completed", "entry": stamp(n), "end": stamp(n + 2), "due": stamp(n + 3), "project": "Home"}
    for n in range(0, 60, 7)
] + [{"uuid": "open", "description": "x", "status": "pending", "entry": stamp(350), "due": stamp(399)}]  # fmt: skip
TIME = "Start date,Start time,End date,End time,Duration,Project,Description\n" + "".join(
    f"{day:%Y-%m-%d},09:00:00,{day:%Y-%m-%d},10:30:00,01:30:00,Site,x\n"
    for day in (YEAR_AGO + timedelta(days=n) for n in (30, 31, 390))
)
CALENDAR = "".join(
    f"BEGIN:VEVENT\nUID:{n}\nDTSTART:{stamp(n)}\nDTEND:{stamp(n, 1)}\nSUMMARY:A\nEND:VEVENT\n" for n in (100, 200, 395)
)
COUNTER = {"title": "Coffee", "type": "ClickCounter", "countOnDay": {f"{YEAR_AGO + timedelta(days=n):%Y-%m-%d}": 1 for n in (5, 6, 396)}}  # fmt: skip
TIMED = {
    "title": "A",
    "timeSpentOnDay": {f"{YEAR_AGO + timedelta(days=7):%Y-%m-%d}": 600000},
    "isDone": False,
    "created": int(YEAR_AGO.timestamp() * 1000),
}
UPLOADS = (
    Upload("tasks.json", json.dumps(TASKS).encode()),
    Upload("toggl.csv", TIME.encode()),
    Upload("a.ics", f"BEGIN:VCALENDAR\n{CALENDAR}END:VCALENDAR\n".encode()),
    Upload(
        "sp.json",
        json.dumps({"task": {"entities": {"a": TIMED}}, "simpleCounter": {"entities": {"c": COUNTER}}}).encode(),
    ),
)

ZONE = "Europe/Berlin"


class Installation:
    """A lake, refreshed after each step, and what was imported into it."""

    def __init__(self, world, as_of):
        self.world, self._as_of = world, as_of

    def refresh(self, events):
        self.refresh_days(events)
        self.world.build(self._as_of)

    def refresh_days(self, events):
        self.world.land(events)
        self.world.refresh(self._as_of)

    def gold(self):
        names = (daily.DAILY.name, *(table.spec.name for table in build.TABLES))
        return {name: self.world.rows(name) for name in names}

    def days(self):
        return self.world.rows(daily.DAILY.name)


def imported(upload, account, now):
    """The events of an import, and those of its undo."""
    surroundings = Surroundings(zone(ZONE), now)
    read = formats()[find_format(upload)].read(upload, surroundings)
    found = [each for item in read if not isinstance(item, Finding) for each in normalize(item, surroundings)]
    records = [each for each in found if not isinstance(each, Finding)]
    for each in records:
        if isinstance(each, Habit):
            each.start_date = each.start_date or YEAR_AGO.date()
    ids = {(each.noun, each.source_id): new_id() for each in records} | {("task", PROJECT + "Site"): new_id()}
    changes = [
        change
        for each in records
        for change in changes_of(each, ids[each.noun, each.source_id], Links(ids, {}), surroundings)
    ]
    past = history(changes, new_id_at, user_id=account.id, timezone=ZONE, until=now, recorded_at=now)
    undo = [
        removal(noun, row | {"version": row["version"] + (noun in {"task", "goal"})}, account, now)
        for noun in UNDO_ORDER
        for row in past.rows.get(TABLES.get(noun, ""), [])
    ]
    return past.events, undo


def test_gold_after_an_import_and_its_undo_is_gold_before(world):
    person = SampleUser(ZONE, YEAR_AGO + timedelta(days=360))
    task = person.task(YEAR_AGO + timedelta(days=380))
    task.completed(YEAR_AGO + timedelta(days=381))
    person.time(YEAR_AGO + timedelta(days=390), YEAR_AGO + timedelta(days=390, hours=1))
    now = clock.now()
    installation = Installation(world, now + timedelta(minutes=5))
    installation.refresh(person.events)
    before = installation.gold()
    account = Account(person.id, ZONE)
    pasts = [imported(upload, account, now) for upload in UPLOADS]
    installation.refresh([event for past, _ in pasts for event in past])
    assert min(row["local_date"] for row in installation.days()) == clock.local_date(YEAR_AGO, ZONE)
    assert sum(row["tasks_completed"] for row in installation.days()) == 10
    installation.refresh_days(pasts[0][1])
    assert sum(row["tasks_completed"] for row in installation.days()) == 1
    installation.refresh([event for _, undo in pasts[1:] for event in undo])
    after = installation.gold()
    assert [name for name in before if after[name] != before[name]] == []
