"""What an import brought is in all tables, and after its undo in none."""

import json
from datetime import timedelta

import orjson
import pytest

from focusflow import clock
from focusflow.contracts.envelope import Event
from focusflow.database.session import Role
from ingestion.importers.engine.files import Upload
from ingestion.importers.engine.importing import Account, import_upload, undo_import
from pipelines.engine import build, daily
from tests.conftest import BUCKETS, add_user
from tests.integration.pipelines.conftest import Person, World

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
UPLOADS = (
    Upload("tasks.json", json.dumps(TASKS).encode()),
    Upload("toggl.csv", TIME.encode()),
    Upload("a.ics", f"BEGIN:VCALENDAR\n{CALENDAR}END:VCALENDAR\n".encode()),
    Upload("sp.json", json.dumps({"task": {"entities": {}}, "simpleCounter": {"entities": {"c": COUNTER}}}).encode()),
)


class Installation:
    """A lake that is fed by the outbox of a database."""

    def __init__(self, world: World, database, as_of):
        self.world, self._database, self._as_of, self._landed = world, database, as_of, 0

    def refresh(self):
        with self._database.transaction(Role.INGESTION) as tx:
            found = tx.all("select id, value from outbox where id > %(seen)s order by id", {"seen": self._landed})
        self._landed = found[-1]["id"] if found else self._landed
        self.world.land(Event.model_validate(orjson.loads(row["value"])) for row in found)
        self.world.refresh(self._as_of)
        for table in build.TABLES:
            build.load_incremental(self.world.lake, self.world.session, table, BUCKETS, self._as_of)

    def gold(self):
        return {
            name: self.world.rows(name) for name in (daily.DAILY.name, *(table.spec.name for table in build.TABLES))
        }


@pytest.fixture
def person(database):
    """Somebody with some days of their own."""
    found = Person("Europe/Berlin", YEAR_AGO + timedelta(days=360), id_=add_user(database))
    task = found.task(YEAR_AGO + timedelta(days=380))
    task.completed(YEAR_AGO + timedelta(days=381))
    found.time(YEAR_AGO + timedelta(days=390), YEAR_AGO + timedelta(days=390, hours=1))
    return found


def test_gold_after_an_import_and_its_undo_is_gold_before(world, database, person):
    world.land(person.events)
    installation = Installation(world, database, clock.now() + timedelta(minutes=5))
    installation.refresh()
    before = installation.gold()
    account = Account(person.id, "Europe/Berlin")
    imported = [import_upload(database, account, upload).id for upload in UPLOADS]
    installation.refresh()
    between = installation.gold()
    first = min(row["local_date"] for row in between[daily.DAILY.name])
    assert first == clock.local_date(YEAR_AGO, "Europe/Berlin")
    assert sum(row["tasks_completed"] for row in between[daily.DAILY.name]) == 10
    undo_import(database, account, imported[0])
    installation.refresh()
    assert sum(row["tasks_completed"] for row in installation.gold()[daily.DAILY.name]) == 1
    for each in imported[1:]:
        undo_import(database, account, each)
    installation.refresh()
    after = installation.gold()
    assert [name for name in before if after[name] != before[name]] == []
