"""Imports over HTTP. The work itself is done as `focusflow land` has it done."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from focusflow import clock
from focusflow.database.retention import delete_expired
from ingestion.importers.engine import jobs

TABLE = b"Name,When,Project\nPay,2025-03-02,Home\n,2025-03-03,Home\nRest,soon,\n"


class Over:
    """A process that has ended."""

    def __init__(self, code=0):
        self._code = code

    def poll(self):
        return self._code

    def wait(self):
        return self._code

    def kill(self):
        pass


@pytest.fixture(autouse=True)
def nothing_waits(database):
    with database.owner() as connection:
        connection.execute("delete from imports")


@pytest.fixture
def upload(me):
    def send(content=TABLE, query="file_name=tasks.csv", caller=me, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return caller.http.post(
            f"/api/v1/imports?{query}",
            content=content,
            headers={"Authorization": f"Bearer {caller.access_token}", **named},
        )

    return send


@pytest.fixture
def work(database, database_url):
    """Have everything done that waits, one after the other."""

    def process(_url, import_id):
        jobs.run_job(database, import_id)
        return Over()

    queue = jobs.ImportQueue(database, database_url, start=process)

    def work_off():
        for _ in range(10):
            queue.turn()

    return work_off


def test_an_upload_is_shown_confirmed_imported_and_undone(me, upload, work):
    answer = upload()
    assert (answer.status_code, answer.json()["status"]) == (202, "previewing")
    path = f"/imports/{answer.json()['id']}"
    work()
    preview = me.call("GET", path).json()
    assert (preview["status"], preview["format"], preview["imported"]) == (
        "ready",
        "csv_table",
        {"task": 2, "category": 1},
    )
    assert (preview["skipped"], preview["columns"]["mapping"]) == (1, {"title": "Name", "category": "Project"})
    assert preview["findings"] == [{"place": "line 3", "outcome": "skipped", "reason": "it has no title"}]
    assert preview["columns"]["header"] == ["Name", "When", "Project"]
    assert "due" in preview["columns"]["fields"]
    assert me.call("GET", "/tasks").json()["items"] == []

    changed = me.call("POST", f"{path}/preview", {"columns": {"due": "When", "category": None}})
    assert changed.status_code == 202, changed.text
    work()
    preview = me.call("GET", path).json()
    assert (preview["columns"]["mapping"], preview["changed"]) == ({"title": "Name", "due": "When"}, 1)
    assert me.call("POST", f"{path}/confirm").json()["status"] == "importing"
    work()
    done = me.call("GET", path).json()
    assert (done["status"], done["imported"], done["progress"]) == ("done", {"task": 2}, {"done": 2, "total": 2})
    tasks = me.call("GET", "/tasks").json()["items"]
    assert sorted((task["title"], task["due_date"]) for task in tasks) == [("Pay", "2025-03-02"), ("Rest", None)]
    assert [each["id"] for each in me.call("GET", "/imports").json()["items"]] == [done["id"]]

    assert me.call("DELETE", path).json()["status"] == "undoing"
    work()
    undone = me.call("GET", path).json()
    assert (undone["status"], undone["undone_at"] is not None) == ("undone", True)
    assert me.call("GET", "/tasks").json()["items"] == []
    assert me.call("DELETE", path).json()["status"] == "undone"


def test_a_file_that_cannot_be_read_says_where_and_can_be_read_as_something_else(me, upload, work):
    path = f"/imports/{upload(b'[1,', 'file_name=a.json&format=taskwarrior').json()['id']}"
    work()
    failed = me.call("GET", path).json()
    assert (failed["status"], "line 1" in failed["problem"]) == ("failed", True)
    assert me.call("POST", f"{path}/confirm").status_code == 409
    refused = me.call("POST", f"{path}/preview", {"format": "no_such_format"})
    assert (refused.status_code, "there are: activitywatch" in refused.text) == (422, True)
    assert me.call("POST", f"{path}/preview", {"format": "csv_table"}).status_code == 202
    work()
    assert me.call("GET", path).json()["format"] == "csv_table"
    assert me.call("DELETE", path).status_code == 202
    assert me.call("GET", path).status_code == 404


def test_an_upload_within_bounds_is_taken_once(me, upload, http):
    first, again = (upload(Idempotency_Key="one") for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    assert upload(b"").status_code == 422
    assert upload(query="").status_code == 422
    assert upload(query="file_name=a&format=../x").status_code == 422
    for _ in range(4):
        assert upload().status_code == 202
    assert upload().status_code == 409


def test_an_upload_that_is_too_large_is_refused(upload, monkeypatch):
    assert upload(b"x" * (32 * 1024 * 1024 + 1)).status_code == 413


def test_the_imports_of_one_user_do_not_keep_others_waiting(database, database_url, new_user, upload):
    busy, quiet = new_user(), new_user()
    started = []

    def start(_url, import_id):
        started.append(import_id)
        return Over(None)

    ids = [UUID(upload(caller=busy).json()["id"]) for _ in range(3)] + [UUID(upload(caller=quiet).json()["id"])]
    queue = jobs.ImportQueue(database, database_url, start=start)
    queue.turn()
    assert started == [ids[0], ids[3]]
    queue.stop_all()
    again = jobs.ImportQueue(database, database_url, start=start)
    again.turn()
    assert len(set(started[2:]) & set(ids)) == 2
    again.stop_all()


def test_an_import_whose_process_ends_early_fails_and_leaves_nothing(me, database, database_url, upload):
    queue = jobs.ImportQueue(database, database_url, start=lambda *_: Over(-9))
    path = f"/imports/{upload().json()['id']}"
    queue.turn()
    queue.turn()
    assert me.call("GET", path).json()["status"] == "failed"


def test_a_preview_that_nobody_confirms_expires(me, database, upload, work):
    path = f"/imports/{upload().json()['id']}"
    work()
    delete_expired(database)
    assert me.call("GET", path).status_code == 200
    with database.owner() as connection:
        connection.execute("update imports set updated_at = now() - interval '25 hours'")
    delete_expired(database)
    assert me.call("GET", path).status_code == 404


def test_an_import_runs_in_a_process_of_its_own(me, database_url, upload, database):
    import_id = UUID(upload().json()["id"])
    process = jobs.start_process(database_url, import_id)
    assert process.wait(60) == 0
    assert me.call("GET", f"/imports/{import_id}").json()["status"] == "ready"


def test_a_calendar_file_brings_dates_beside_its_rules_and_leaves_others_out(me, upload, work):
    """Also where a series has two rules. All that counts busy time reads the same single appointments."""
    first = (clock.now() + timedelta(days=30)).replace(hour=9, minute=0, second=0, microsecond=0)
    days = [first + timedelta(days=n) for n in range(12)]
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//", "BEGIN:VEVENT", "UID:gym", "SUMMARY:Gym",
        f"DTSTART:{first:%Y%m%dT%H%M%SZ}", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3", "RRULE:FREQ=DAILY;INTERVAL=5;COUNT=3",
        f"EXDATE:{days[1]:%Y%m%dT%H%M%SZ}", f"RDATE:{days[7]:%Y%m%dT%H%M%SZ},{days[8]:%Y%m%dT%H%M%SZ}",
        "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    uploaded = upload("\r\n".join(lines).encode(), "file_name=gym.ics")
    path = f"/imports/{uploaded.json()['id']}"
    work()
    assert me.call("POST", f"{path}/confirm").status_code == 202
    work()
    span = f"since={first.date()}&until={days[-1].date()}"
    taking = me.call("GET", f"/calendar?{span}").json()["items"]
    expected = [days[n] for n in (0, 2, 5, 7, 8, 10)]
    assert [datetime.fromisoformat(each["start_at"]) for each in taking] == expected
    assert not any(each["is_recurring"] for each in taking)

    meeting = {"title": "Meeting", "start_at": f"{days[7]}", "end_at": f"{days[7] + timedelta(minutes=30)}"}
    assert me.call("POST", "/calendar", meeting).status_code == 201
    (clash,) = me.call("GET", f"/calendar/conflicts?{span}").json()["items"]
    assert {clash["first"]["title"], clash["second"]["title"]} == {"Gym", "Meeting"}
    free = me.call("GET", f"/calendar/free?{span}&minutes=60&day_start=00:00&day_end=23:59").json()["items"]
    split = [each for each in free if datetime.fromisoformat(each["end_at"]) in expected]
    assert [datetime.fromisoformat(each["end_at"]) for each in split] == expected

    assert me.call("DELETE", f"/calendar/{taking[3]['event_id']}").status_code == 204
    left = me.call("GET", f"/calendar?{span}").json()["items"]
    assert len([each for each in left if each["title"] == "Gym"]) == len(expected) - 1
