"""Imports in a real database: rows and events with their own dates, once, and taken back."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from focusflow.database.session import Role
from focusflow.errors import Problem
from ingestion.importers.engine import importing
from ingestion.importers.engine.files import Malformed, Upload
from ingestion.importers.engine.importing import Account, import_upload, undo_import
from tests.conftest import add_user

TASKS: list[dict[str, Any]] = [
    {"uuid": "a", "description": "Plan", "status": "completed", "entry": "20250301T080000Z", "end": "20250303T090000Z", "project": "Home"},
    {"uuid": "b", "description": "Dig", "status": "pending", "entry": "20250301T080000Z", "depends": ["a"], "project": "Home"},
]  # fmt: skip

TIME = """User,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,Tags
Ann,a@b.c,,Site,,Draft,No,2025-03-02,09:00:00,2025-03-02,10:30:00,01:30:00,
Ann,a@b.c,,Site,,Send,No,2025-03-03,09:00:00,2025-03-03,10:30:00,01:30:00,
"""


DAY = 1740916800000  # 2025-03-02, noon

HABITS: dict[str, object] = {
    "task": {"entities": {"a": {"title": "A", "timeSpentOnDay": {"2025-03-02": 600000}, "isDone": True, "doneOn": DAY, "created": DAY}}},
    "simpleCounter": {"entities": {"c": {"title": "Coffee", "isEnabled": False, "type": "ClickCounter", "countOnDay": {"2025-03-02": 3, "2025-03-03": 1}}}},
}  # fmt: skip
CALENDAR = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20250302T080000Z\nDTEND:20250302T090000Z\nSUMMARY:A\nEND:VEVENT\nEND:VCALENDAR\n"


@pytest.fixture
def account(database):
    return Account(add_user(database), "Europe/Berlin")


def taskwarrior(tasks):
    return Upload("tasks.json", json.dumps(tasks).encode())


def id_of(report) -> UUID:
    assert report.id is not None
    found: UUID = report.id
    return found


def rows(database, account, table):
    with database.transaction(Role.API, account.id) as tx:
        return tx.all(f"select * from {table} order by id")


def events(database, account):
    with database.transaction(Role.INGESTION) as tx:
        found = tx.all("select value from outbox where user_id = %(user)s order by id", {"user": account.id})
    return [orjson.loads(row["value"]) for row in found]


def test_an_import_writes_rows_and_events_with_their_own_dates(database, account):
    report = import_upload(database, account, taskwarrior(TASKS))
    assert (report.format, report.imported) == ("taskwarrior", {"task": 2, "category": 1})
    plan, dig = sorted(rows(database, account, "tasks"), key=lambda row: row["title"], reverse=True)
    assert (plan["status"], plan["completed_at"]) == ("completed", datetime(2025, 3, 3, 9, tzinfo=UTC))
    assert (dig["blocked_by"], dig["created_at"]) == ([plan["id"]], datetime(2025, 3, 1, 8, tzinfo=UTC))
    assert plan["category_id"] == dig["category_id"] is not None
    told = events(database, account)
    assert [(event["type"], event["localdate"], event["actor"]) for event in told] == [
        ("task.created", "2025-03-01", "import"), ("task.created", "2025-03-01", "import"), ("task.completed", "2025-03-03", "import"),
    ]  # fmt: skip
    done = told[-1]
    assert (done["subject"], done["entityversion"], done["data"]["status"]) == (
        str(plan["id"]),
        plan["version"],
        "completed",
    )


def test_twice_is_once_also_after_edits_on_either_side(database, account):
    import_upload(database, account, taskwarrior(TASKS))
    with database.transaction(Role.API, account.id) as tx:
        tx.run("update tasks set title = 'Mine', version = version + 1 where title = 'Dig'")
        tx.run("update tasks set deleted_at = now() where title = 'Plan'")
    before = rows(database, account, "tasks"), len(events(database, account))
    edited = [TASKS[0], TASKS[1] | {"description": "Dig deep", "status": "completed", "end": "20250401T080000Z"}]
    report = import_upload(database, account, taskwarrior(edited))
    assert (dict(report.imported), report.known) == ({}, {"task": 2})
    assert (rows(database, account, "tasks"), len(events(database, account))) == before
    report = import_upload(database, account, taskwarrior([*edited, TASKS[0] | {"uuid": "c", "depends": "b"}]))
    assert report.imported == {"task": 1}
    by_hand, imported_later = (row for row in rows(database, account, "tasks") if row["deleted_at"] is None)
    assert imported_later["blocked_by"] == [by_hand["id"]] or by_hand["blocked_by"] == [imported_later["id"]]


def test_a_dry_run_tells_the_same_and_writes_nothing(database, account):
    report = import_upload(database, account, taskwarrior([*TASKS, {"uuid": "x", "entry": "1"}]), is_dry_run=True)
    assert (report.id, report.imported) == (None, {"task": 2, "category": 1})
    assert [str(finding.place) for finding in report.findings] == ["line 1"]
    assert rows(database, account, "tasks") == rows(database, account, "imports") == events(database, account) == []


def test_time_of_a_project_is_carried_by_one_archived_task(database, account):
    import_upload(database, account, Upload("toggl.csv", TIME.encode()))
    (task,), entries = rows(database, account, "tasks"), rows(database, account, "time_entries")
    (category,) = rows(database, account, "categories")
    assert (task["title"], task["status"], task["category_id"]) == ("Site", "archived", category["id"])
    assert [(entry["task_id"], entry["note"]) for entry in entries] == [(task["id"], "Draft"), (task["id"], "Send")]


@pytest.mark.parametrize("upload", [taskwarrior(TASKS), Upload("toggl.csv", TIME.encode())], ids=["tasks", "time"])
def test_an_import_that_is_undone_leaves_nothing_and_can_be_repeated(database, account, upload):
    report = import_upload(database, account, upload)
    undone = undo_import(database, account, id_of(report))
    assert undone == report.imported
    assert [row for row in rows(database, account, "tasks") if row["deleted_at"] is None] == []
    assert rows(database, account, "categories") == rows(database, account, "time_entries") == []
    removals = [event for event in events(database, account) if event["type"].endswith(".deleted")]
    assert len(removals) == sum(undone.values()) - undone["category"]
    assert undo_import(database, account, id_of(report)) == {}
    assert import_upload(database, account, upload).imported == report.imported


def test_half_an_import_never_stays(database, account, monkeypatch):
    monkeypatch.setattr(importing, "CHUNK", 1)
    written = []

    def crash(done, total):
        written.append(done)
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_upload(database, account, taskwarrior(TASKS), progress=crash)
    assert written == [0, 1]
    with pytest.raises(Malformed, match="line 2"):
        import_upload(database, account, Upload("tasks.json", b'[{"uuid": "1", "entry": "2", "description": "3"},\n{]'))
    assert rows(database, account, "tasks") == rows(database, account, "imports") == events(database, account) == []


def test_an_import_of_another_user_cannot_be_undone(database, account):
    report = import_upload(database, account, taskwarrior(TASKS))
    with pytest.raises(Problem, match="no such import"):
        undo_import(database, Account(add_user(database), "UTC"), id_of(report))


@pytest.mark.parametrize(
    "upload",
    [Upload("a.json", json.dumps(HABITS).encode()), Upload("a.ics", CALENDAR.encode())],
    ids=["habits", "calendar"],
)
def test_habits_time_and_appointments_come_and_go(database, account, upload):
    report = import_upload(database, account, upload)
    if upload.name == "a.json":
        (habit,) = rows(database, account, "habits")
        assert (habit["start_date"], habit["archived_at"] is None) == (date(2025, 3, 2), False)
        assert sorted(row["value"] for row in rows(database, account, "habit_logs")) == [1, 3]
        assert import_upload(database, account, upload).imported == {}
    assert undo_import(database, account, id_of(report)) == report.imported
    for table in ("habits", "habit_logs", "time_entries", "calendar_events"):
        assert rows(database, account, table) == []
    assert {event["actor"] for event in events(database, account)} == {"import"}


def test_a_column_that_is_named_by_hand_leaves_the_others_guessed(database, account):
    table = Upload("a.csv", b"Name,When,Project\nPay,2025-03-02,Home\n")
    report = import_upload(database, account, table, columns={"due": "When"})
    assert report.columns == {"title": "Name", "category": "Project", "due": "When"}
    (task,) = rows(database, account, "tasks")
    assert task["due_date"] == date(2025, 3, 2)


def test_a_table_with_days_and_clocks_is_imported_as_time(database, account):
    table = Upload("a.csv", b"Date,Start,End,Description\n2025-03-02,09:00,10:00,Draft\n")
    assert import_upload(database, account, table).imported == {"time_entry": 1}
