"""Exports and the calendar feed over HTTP."""

import pytest

from ingestion.importers.engine.files import Upload
from ingestion.importers.engine.importing import Account, import_upload
from operational_api.exports.formats import FORMATS
from operational_api.exports.records import NOUNS
from operational_api.exports.tables import COLUMNS
from tests.conftest import add_user


@pytest.fixture
def busy(me):
    """Somebody with one of everything."""
    category = me.call("POST", "/categories", {"name": "Home"}).json()["id"]
    goal = me.call("POST", "/goals", {"title": "Garden", "category_id": category, "target_date": "2027-01-01"}).json()[
        "id"
    ]
    assert me.call("POST", f"/goals/{goal}/milestones", {"title": "Dig"}).status_code == 201
    task = me.task("Plan", goal_id=goal, category_id=category, tags=["a, b", "c"], due_date="2026-12-24")
    me.task(
        "Write",
        parent_task_id=task["id"],
        blocked_by=[task["id"]],
        recurrence="FREQ=WEEKLY",
        due_at="2026-12-24T10:00:00Z",
    )
    habit = me.call(
        "POST", "/habits", {"title": "Stretch", "frequency": "weekdays", "weekdays": [0, 2], "reminder_time": "07:30"}
    ).json()
    assert me.call("PUT", f"/habits/{habit['id']}/logs/{habit['start_date']}", {"mood": 4}).is_success
    spent = {"task_id": task["id"], "started_at": "2026-11-02T08:00:00Z", "ended_at": "2026-11-02T09:00:00Z"}
    assert me.call("POST", "/time", spent).status_code == 201
    me.call(
        "POST", "/calendar", {"title": "Meet", "start_at": "2026-12-01T09:00:00Z", "end_at": "2026-12-01T10:00:00Z"}
    )
    me.call("POST", "/days-off", {"first_date": "2026-12-24", "last_date": "2026-12-26"})
    return me


@pytest.mark.parametrize("name", ["json", "csv", "parquet"])
def test_an_export_brings_all_records_into_another_account_and_none_twice_into_its_own(busy, database, name):
    answer = busy.call("GET", f"/exports?format={name}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, FORMATS[name].media_type)
    upload = Upload(FORMATS[name].file_name, answer.content)
    report = import_upload(database, Account(add_user(database), "Europe/Berlin"), upload)
    expected = {
        "goal": 1,
        "milestone": 1,
        "task": 2,
        "habit": 1,
        "habit_log": 1,
        "time_entry": 1,
        "calendar_event": 1,
        "day_off": 1,
    }
    assert (report.imported, report.findings) == (expected | {"category": 1}, [])
    report = import_upload(database, Account(busy.id, "Europe/Berlin"), upload)
    assert (dict(report.imported), report.known) == ({}, expected)


def test_tables_have_the_columns_that_rows_have(busy):
    exported = busy.call("GET", "/exports").json()
    assert {noun: tuple(exported[noun][0]) for noun in NOUNS} == COLUMNS


def test_every_format_is_written_and_no_other(busy):
    for name in FORMATS:
        answer = busy.call("GET", f"/exports?format={name}")
        assert answer.status_code == 200, name
        assert FORMATS[name].file_name in answer.headers["content-disposition"]
    assert busy.call("GET", "/exports?format=xml").status_code == 422


def test_a_feed_is_read_by_its_address_until_that_is_revoked(busy, http):
    assert busy.call("GET", "/calendar/feed").json() == {"created_at": None}
    url = busy.call("POST", "/calendar/feed").json()["url"]
    path = url[url.index("/api/") :]
    answer = http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    lines = answer.text.splitlines()
    assert {
        "SUMMARY:Due: Plan",
        "DTSTART;VALUE=DATE:20261224",
        "SUMMARY:Stretch",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE",
    } <= set(lines)
    assert "SUMMARY:Meet" not in lines
    etag = {"If-None-Match": answer.headers["etag"]}
    again = http.get(path, headers=etag)
    assert (again.status_code, again.content) == (304, b"")
    busy.task("Another", due_date="2026-12-30")
    assert http.get(path, headers=etag).status_code == 200
    other = busy.call("POST", "/calendar/feed").json()["url"]
    assert http.get(path).status_code == 404
    assert http.get(other[other.index("/api/") :]).status_code == 200
    assert busy.call("DELETE", "/calendar/feed").status_code == 204
    assert http.get(other[other.index("/api/") :]).status_code == 404
    assert http.get("/api/v1/calendar/feed/x.ics").status_code == 404
