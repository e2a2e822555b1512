"""Tasks over HTTP: the row, its event, and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from focusflow.database.rows import insert_row
from focusflow.database.session import Role
from focusflow.database.tables import time_entries
from focusflow.identity import new_id
from operational_api.tasks import store

NOBODYS = "01900000-0000-7000-8000-000000000000"


def kinds(events):
    return [event["type"] for event in events]


def test_a_new_task_is_a_row_and_an_event(me, events):
    task = me.task("Write to Ada", due_date="2026-12-01", priority="high", tags=["post"])
    made = events(me.id)[-1]
    assert (made["type"], made["subject"], made["entityversion"]) == ("task.created", task["id"], 1)
    assert made["data"]["title"] == "Write to Ada"
    assert (made["timezone"], made["dataschema"]) == ("Europe/Berlin", "focusflow:task:1")
    assert me.call("GET", f"/tasks/{task['id']}").json() == task


def test_what_is_refused_leaves_neither_row_nor_event(me, events):
    assert me.call("POST", "/tasks", {"title": "x", "goal_id": NOBODYS}).status_code == 422
    assert me.call("GET", "/tasks").json()["items"] == []
    assert kinds(events(me.id)) == ["user.registered"]


def test_an_answer_is_sent_only_after_the_commit(me, database, events):
    """A commit that fails must not have been answered with 201."""
    with database.owner() as connection:
        connection.execute(
            "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;"
            "create constraint trigger refuse after insert on tasks deferrable initially deferred for each row"
            " execute function refuse()"
        )
    try:
        assert me.call("POST", "/tasks", {"title": "lost"}).status_code == 500
    finally:
        with database.owner() as connection:
            connection.execute("drop trigger refuse on tasks; drop function refuse()")
    assert kinds(events(me.id)) == ["user.registered"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"title": "a\\u0000b"}',
        b'{"title": "\\ud800"}',
        b'{"title": "\xff"}',
        b'{"title": ""}',
        b'{"title": "   "}',
        b'{"title": 5}',
        b'{"title": null}',
        b"{}",
        b"[]",
        b"nope",
        b'{"title": "x", "user_id": "y"}',
        b'{"title": "x", "status": "completed"}',
        b'{"title": "x", "due_at": "2026-01-01T00:00:00"}',
        b'{"title": "x", "due_at": 99999999999999}',
        b'{"title": "x", "due_at": "9999-12-31T23:59:59Z"}',
        b'{"title": "x", "due_at": "0001-01-01T00:00:00Z"}',
        b'{"title": "x", "due_date": "0000-01-01"}',
        b'{"title": "x", "due_date": "2026-02-30"}',
        b'{"title": "x", "due_at": "2026-12-01T00:00:00Z", "due_date": "2026-12-01"}',
        b'{"title": "x", "estimated_minutes": 0}',
        b'{"title": "x", "estimated_minutes": -5}',
        b'{"title": "x", "estimated_minutes": true}',
        b'{"title": "x", "estimated_minutes": 1e999}',
        b'{"title": "x", "estimated_minutes": NaN}',
        b'{"title": "x", "estimated_minutes": 99999999999999999999}',
        b'{"title": "x", "priority": "now"}',
        b'{"title": "x", "tags": [""]}',
        b'{"title": "x", "tags": "post"}',
        b'{"title": "x", "category_id": "1"}',
        b'{"title": "x", "recurrence": "FREQ=SECONDLY"}',
        b'{"title": "x", "recurrence": "FREQ=DAILY;INTERVAL=0"}',
        b'{"title": "x", "recurrence": "every monday"}',
        b'{"title": "x", "blocked_by": ["01900000-0000-7000-8000-000000000000"]}',
        b'{"title": "x", "parent_task_id": "01900000-0000-7000-8000-000000000000"}',
        b'{"title": "x", "category_id": "01900000-0000-7000-8000-000000000000"}',
        b"[" * 10_000,
        b'{"title": "' + b"x" * 501 + b'"}',
        b'{"title": "x", "notes": "' + b"x" * 20_001 + b'"}',
    ],
    ids=lambda body: body[:50].decode("latin-1"),
)
def test_bad_input_is_named_and_changes_nothing(http, me, body):
    headers = {"Authorization": f"Bearer {me.access_token}", "Content-Type": "application/json"}
    answer = http.post("/api/v1/tasks", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].startswith("/problems/")
    assert me.call("GET", "/tasks").json()["items"] == []


@pytest.mark.parametrize("media", ["application/x-www-form-urlencoded", "text/plain", None])
def test_a_body_without_the_content_type_of_json_is_refused_with_a_hint(http, me, media):
    headers = {"Authorization": f"Bearer {me.access_token}", **({"Content-Type": media} if media else {})}
    answer = http.post("/api/v1/tasks", content=b'{"title": "x"}', headers=headers)
    assert (answer.status_code, "Content-Type: application/json" in answer.json()["detail"]) == (422, True)


def test_a_body_that_is_too_large_is_refused(http, me):
    headers = {"Authorization": f"Bearer {me.access_token}", "Content-Type": "application/json"}
    answer = http.post("/api/v1/tasks", content=b'{"title": "' + b"x" * 100_000 + b'"}', headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


def test_a_body_without_end_is_not_read_to_its_end(http, me):
    headers = {"Authorization": f"Bearer {me.access_token}", "Content-Type": "application/json"}
    answer = http.post("/api/v1/tasks", content=b'{"title": "' + b"x" * 2_000_000 + b'"}', headers=headers)
    assert (answer.status_code, answer.headers["Connection"]) == (413, "close")


@pytest.mark.parametrize(
    "title",
    [
        "🎯 Ziel",
        "مهمة من اليمين",
        "タスク",
        "a\tb\nc",
        "=HYPERLINK()",
        "<img src=x onerror=1>",
        "'; drop table tasks --",
    ],
)
def test_any_writing_is_kept_as_it_was(me, title):
    assert me.task(title)["title"] == title


def test_a_key_gets_the_same_answer_and_does_it_once(me, events):
    first = me.call("POST", "/tasks", {"title": "once"}, Idempotency_Key="k1")
    second = me.call("POST", "/tasks", {"title": "once"}, Idempotency_Key="k1")
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert (first.headers["etag"], second.headers["etag"], second.headers["idempotent-replayed"]) == (
        '"1"',
        '"1"',
        "true",
    )
    assert kinds(events(me.id)).count("task.created") == 1


def test_a_key_with_another_request_is_refused(me):
    me.call("POST", "/tasks", {"title": "once"}, Idempotency_Key="k1")
    assert me.call("POST", "/tasks", {"title": "twice"}, Idempotency_Key="k1").status_code == 422


def test_a_key_is_ones_own(me, new_user):
    other = new_user()
    mine = me.call("POST", "/tasks", {"title": "once"}, Idempotency_Key="k1").json()
    theirs = other.call("POST", "/tasks", {"title": "once"}, Idempotency_Key="k1").json()
    assert mine["id"] != theirs["id"]


def test_of_many_with_one_key_at_once_one_is_carried_out(me, events):
    with ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(lambda _: me.call("POST", "/tasks", {"title": "once"}, Idempotency_Key="race"), range(24))
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert kinds(events(me.id)).count("task.created") == 1


def test_a_refused_request_does_not_use_its_key_up(me):
    assert me.call("POST", "/tasks", {"title": "x", "goal_id": NOBODYS}, Idempotency_Key="k").status_code == 422
    assert me.call("POST", "/tasks", {"title": "x"}, Idempotency_Key="k").status_code == 201


def test_pages_hold_every_task_once(me):
    made = [
        me.task(f"task {n}", due_date=f"2026-12-{n % 9 + 1:02}", priority="high" if n % 2 else "low")["id"]
        for n in range(23)
    ]
    for sort in ("created", "due", "priority"):
        seen, cursor = [], None
        while True:
            page = me.call("GET", f"/tasks?limit=5&sort={sort}" + (f"&cursor={cursor}" if cursor else "")).json()
            seen += [task["id"] for task in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert sorted(seen) == sorted(made)
        assert len(seen) == 23
    newest = me.call("GET", "/tasks").json()["items"]
    assert [task["id"] for task in newest] == made[::-1]


def test_due_dates_and_moments_sort_as_one(me):
    late = me.task("by the end of the day", due_date="2026-12-01")
    early = me.task("at noon", due_at="2026-12-01T11:00:00Z")
    never = me.task("some day")
    listed = [task["id"] for task in me.call("GET", "/tasks?sort=due").json()["items"]]
    assert listed == [early["id"], late["id"], never["id"]]


def test_filters_narrow_down(me):
    wanted = me.task("post", priority="urgent", tags=["post"], due_date="2026-12-24")
    me.task("other")
    for query in ("priority=urgent", "tag=post", "due_from=2026-12-24&due_to=2026-12-24"):
        assert [task["id"] for task in me.call("GET", f"/tasks?{query}").json()["items"]] == [wanted["id"]]
    me.call("POST", f"/tasks/{wanted['id']}/complete")
    assert [task["id"] for task in me.call("GET", "/tasks?status=completed").json()["items"]] == [wanted["id"]]
    assert wanted["id"] not in {task["id"] for task in me.call("GET", "/tasks?open=true").json()["items"]}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=bm9wZQ==",
        "cursor=%F0",
        "sort=title",
        "status=done",
        "colour=red",
        "tag=%00",
    ],
)
def test_a_list_that_cannot_be_made_is_refused(me, query):
    answer = me.call("GET", f"/tasks?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_a_change_tells_what_was_before(me, events):
    task = me.task("Buy milk", due_date="2026-12-01")
    changed = me.call("PATCH", f"/tasks/{task['id']}", {"due_at": "2026-12-02T10:00:00Z", "title": "Buy milk"}).json()
    assert (changed["due_at"], changed["due_date"], changed["version"]) == ("2026-12-02T10:00:00Z", None, 2)
    assert events(me.id)[-1]["before"] == {"due_at": None, "due_date": "2026-12-01"}


def test_a_change_of_nothing_is_no_change(me, events):
    task = me.task("Buy milk")
    assert me.call("PATCH", f"/tasks/{task['id']}", {"title": "Buy milk"}).json()["version"] == 1
    assert kinds(events(me.id))[-1] == "task.created"


def test_a_stale_change_is_refused(me):
    task = me.task()
    etag = me.call("GET", f"/tasks/{task['id']}").headers["etag"]
    assert me.call("PATCH", f"/tasks/{task['id']}", {"priority": "low"}, If_Match=etag).status_code == 200
    stale = me.call("PATCH", f"/tasks/{task['id']}", {"priority": "high"}, If_Match=etag)
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/stale")


def test_completing_stops_the_tasks_timer(me, database, events):
    task = me.task()
    with database.transaction(Role.API, me.id) as tx:
        begun = tx.now - timedelta(minutes=30)
        insert_row(tx, time_entries, {"id": new_id(), "task_id": task["id"], "started_at": begun})
    done = me.call("POST", f"/tasks/{task['id']}/complete").json()
    assert (done["status"], done["completed_at"] is not None) == ("completed", True)
    assert kinds(events(me.id))[-2:] == ["time.stopped", "task.completed"]


@pytest.mark.parametrize(
    ("tags", "status"),
    [('"7", "1"', 200), ('"1","7,8"', 200), (" * ", 200), ('W/"1"', 412), ('"7", W/"1"', 412), ('W/ "1"', 412), ("1", 412), ("", 412)],
)  # fmt: skip
def test_a_change_takes_any_of_the_versions_that_a_client_names(me, tags, status):
    task = me.task()
    assert me.call("PATCH", f"/tasks/{task['id']}", {"priority": "low"}, If_Match=tags).status_code == status


def test_what_is_done_cannot_be_done_again_but_reopened(me, events):
    task = me.task()
    me.call("POST", f"/tasks/{task['id']}/complete")
    assert me.call("POST", f"/tasks/{task['id']}/complete").status_code == 409
    reopened = me.call("POST", f"/tasks/{task['id']}/reopen").json()
    assert (reopened["status"], reopened["completed_at"], reopened["version"]) == ("pending", None, 3)
    assert me.call("POST", f"/tasks/{task['id']}/reopen").status_code == 409


def test_a_parent_waits_for_its_subtasks_unless_they_are_completed_with_it(me, events):
    parent = me.task("move house")
    child = me.task("pack", parent_task_id=parent["id"])
    grandchild = me.task("buy boxes", parent_task_id=child["id"])
    assert me.call("POST", f"/tasks/{parent['id']}/complete").status_code == 409
    assert me.call("POST", f"/tasks/{parent['id']}/complete?cascade=true").status_code == 200
    completed = [event["subject"] for event in events(me.id) if event["type"] == "task.completed"]
    assert completed == [grandchild["id"], child["id"], parent["id"]]


def test_a_task_cannot_stand_above_itself(me):
    parent = me.task("parent")
    child = me.task("child", parent_task_id=parent["id"])
    assert me.call("PATCH", f"/tasks/{parent['id']}", {"parent_task_id": child["id"]}).status_code == 422
    assert me.call("PATCH", f"/tasks/{parent['id']}", {"parent_task_id": parent["id"]}).status_code == 422
    assert me.call("PATCH", f"/tasks/{parent['id']}", {"blocked_by": [parent["id"]]}).status_code == 422


def test_tasks_do_not_wait_for_each_other_in_a_circle(me):
    first = me.task("first")
    second = me.task("second", blocked_by=[first["id"]])
    third = me.task("third", blocked_by=[second["id"]])
    refused = me.call("PATCH", f"/tasks/{first['id']}", {"blocked_by": [third["id"]]})
    assert (refused.status_code, "wait for itself" in refused.json()["detail"]) == (422, True)
    assert me.call("PATCH", f"/tasks/{third['id']}", {"blocked_by": [first["id"], second["id"]]}).status_code == 200


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize("field", ["parent_task_id", "blocked_by"])
def test_two_changes_at_once_do_not_close_a_circle(me, both_at_once, field, bulk):
    ids = [me.task("one")["id"], me.task("other")["id"]]

    def link(task, to):
        changes = {field: [to] if field == "blocked_by" else to}
        if bulk:
            return me.call("POST", "/tasks/bulk/update", {"ids": [task], "changes": changes})
        return me.call("PATCH", f"/tasks/{task}", changes)

    statuses = both_at_once("outbox", lambda: link(*ids), lambda: link(*ids[::-1]))
    assert statuses == [200, 409 if bulk else 422]


@pytest.mark.parametrize("field", ["parent_task_id", "blocked_by", "goal_id"])
def test_nothing_is_made_to_point_at_what_was_deleted(me, events, field):
    gone = me.call("POST", "/goals", {"title": "gone"}).json()["id"] if field == "goal_id" else me.task("gone")["id"]
    link = {field: [gone] if field == "blocked_by" else gone}
    pointing, other = me.task("pointed before", **link), me.task("other")
    me.call("DELETE", f"/{'goals' if field == 'goal_id' else 'tasks'}/{gone}")
    before = events(me.id)
    assert me.call("POST", "/tasks", {"title": "x", **link}).status_code == 422
    refused = me.call("PATCH", f"/tasks/{other['id']}", link)
    assert (refused.status_code, field in refused.json()["detail"]) == (422, True)
    assert events(me.id) == before
    assert me.call("PATCH", f"/tasks/{pointing['id']}", link).status_code == 200


def test_tasks_nest_only_so_deep(me, monkeypatch):
    monkeypatch.setattr(store, "LEVELS_AT_MOST", 3)
    top = me.task("1")
    second = me.task("2", parent_task_id=top["id"])
    third = me.task("3", parent_task_id=second["id"])
    refused = me.call("POST", "/tasks", {"title": "4", "parent_task_id": third["id"]})
    assert refused.status_code == 422
    assert "3 levels" in refused.json()["detail"]
    above = me.task("0")
    assert me.call("PATCH", f"/tasks/{top['id']}", {"parent_task_id": above["id"]}).status_code == 422
    assert me.call("PATCH", f"/tasks/{second['id']}", {"parent_task_id": above["id"]}).status_code == 200


def test_of_a_recurring_task_the_next_comes(me):
    due = datetime.now(UTC).replace(hour=15, minute=0, second=0, microsecond=0) + timedelta(days=1)  # noqa: TID251 (the API's own now is real)
    task = me.task("water the plants", recurrence="FREQ=DAILY", due_at=due.isoformat(), tags=["home"])
    me.call("POST", f"/tasks/{task['id']}/complete")
    (following,) = me.call("GET", "/tasks?open=true").json()["items"]
    assert (following["title"], following["tags"], following["recurrence"]) == (
        "water the plants",
        ["home"],
        "FREQ=DAILY",
    )
    assert datetime.fromisoformat(following["due_at"]) - due in (
        timedelta(hours=23),
        timedelta(days=1),
        timedelta(hours=25),
    )


def test_a_task_that_recurs_three_times_comes_three_times_and_begins_as_long_before(me):
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()  # noqa: TID251 (the API's own now is real)
    due, start = today + timedelta(days=3), f"{today + timedelta(days=1)}T08:00:00Z"
    me.task("course", recurrence="FREQ=DAILY;COUNT=3", due_date=due.isoformat(), start_at=start)
    came: list[tuple[timedelta, str]] = []
    while left := me.call("GET", "/tasks?open=true").json()["items"]:
        assert len(came) < 3
        (task,) = left
        came.append((date.fromisoformat(task["due_date"]) - due, task["start_at"][:10]))
        me.call("POST", f"/tasks/{task['id']}/complete")
    assert came == [(timedelta(days=n), str(today + timedelta(days=n + 1))) for n in range(3)]


def test_a_rule_that_goes_beyond_all_dates_ends(me):
    task = me.task("time capsule", recurrence="FREQ=YEARLY;INTERVAL=7973", due_at="2026-12-31T22:30:00Z")
    assert me.call("POST", f"/tasks/{task['id']}/complete").status_code == 200
    assert me.call("GET", "/tasks?open=true").json()["items"] == []


def test_a_deleted_task_is_gone_and_an_event(me, events):
    task = me.task()
    assert me.call("DELETE", f"/tasks/{task['id']}").status_code == 204
    assert me.call("GET", f"/tasks/{task['id']}").status_code == 404
    assert me.call("GET", "/tasks").json()["items"] == []
    assert events(me.id)[-1]["type"] == "task.deleted"


def test_versions_of_a_task_are_dense_however_many_change_it_at_once(me, events):
    task = me.task()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: me.call("PATCH", f"/tasks/{task['id']}", {"title": f"title {n}"}), range(24)))
    versions = [event["entityversion"] for event in events(me.id) if event["subject"] == task["id"]]
    assert versions == list(range(1, 26))
