"""What tasks can do beyond being added and done: the archive, copies, subtasks, searches, and many at once."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from focusflow import clock
from tests.integration.api.test_tasks import NOBODYS


def types(events, me):
    return [each["type"] for each in events(me.id)]


def test_a_task_goes_to_the_archive_and_comes_back_as_it_was(me, events):
    open_task, done = me.task("open"), me.task("done")
    me.call("POST", f"/tasks/{done['id']}/complete")
    for task, status in ((open_task, "pending"), (done, "completed")):
        assert me.call("POST", f"/tasks/{task['id']}/archive").json()["status"] == "archived"
        assert me.call("POST", f"/tasks/{task['id']}/archive").status_code == 409
        assert me.call("POST", f"/tasks/{task['id']}/restore").json()["status"] == status
        assert me.call("POST", f"/tasks/{task['id']}/restore").status_code == 409
    assert types(events, me)[-2:] == ["task.archived", "task.restored"]


def test_a_deleted_task_comes_back_as_it_was(me, new_user, events):
    task = me.task("Write", priority="high")
    me.call("DELETE", f"/tasks/{task['id']}")
    assert new_user().call("POST", f"/tasks/{task['id']}/restore").status_code == 404
    back = me.call("POST", f"/tasks/{task['id']}/restore").json()
    assert (back["title"], back["priority"], back["status"]) == ("Write", "high", "pending")
    assert me.call("GET", f"/tasks/{task['id']}").status_code == 200
    assert types(events, me)[-2:] == ["task.deleted", "task.restored"]


def test_a_line_is_read_in_the_users_language_and_nothing_is_saved(me, events):
    me.call("PATCH", "/me", {"locale": "de"})
    home = me.call("POST", "/categories", {"name": "Haus"}).json()["id"]
    today = clock.local_date(clock.now(), "Europe/Berlin")
    found = me.call("POST", "/tasks/parse", {"text": "Müll rausbringen morgen 10 min !hoch #haus #flur"}).json()
    assert (found["title"], found["priority"], found["category_id"], found["tags"]) == (
        "Müll rausbringen",
        "high",
        home,
        ["flur"],
    )
    assert (found["due_date"], found["estimated_minutes"]) == (f"{today + timedelta(days=1)}", 10)
    assert [each["text"] for each in found["understood"]] == ["morgen", "10 min", "!hoch", "#haus", "#flur"]
    assert me.call("GET", "/tasks").json()["items"] == []
    fields = {name: value for name, value in found.items() if value is not None and name != "understood"}
    assert me.task(**fields)["due_date"] == found["due_date"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/tasks/{}/archive", None),
        ("PATCH", "/tasks/{}", {"status": "cancelled"}),
        ("DELETE", "/tasks/{}", None),
        ("POST", "/tasks/bulk/delete", {"ids": ["{}"]}),
    ],
)
def test_a_task_that_is_put_away_stops_its_timer(me, events, method, path, body):
    task = me.task()["id"]
    me.call("POST", "/time/start", {"task_id": task})
    body = body and {name: [task] if name == "ids" else value for name, value in body.items()}
    assert me.call(method, path.format(task), body).status_code < 300
    assert me.call("GET", "/time/running").json() == {"running": None}
    assert types(events, me)[-2] == "time.stopped"


def test_a_copy_is_open_and_its_own(me):
    task = me.task("Report", tags=["work"], due_date="2026-12-01", actual_minutes=30)
    me.call("POST", f"/tasks/{task['id']}/complete")
    copy = me.call("POST", f"/tasks/{task['id']}/duplicate")
    assert copy.status_code == 201
    made = copy.json()
    assert made["id"] != task["id"]
    assert (made["title"], made["tags"], made["status"], made["actual_minutes"]) == (
        "Report",
        ["work"],
        "pending",
        None,
    )


def test_a_tag_is_on_a_task_once(me):
    task = me.task(tags=["home", "garden", "home"])
    assert task["tags"] == ["home", "garden"]
    changed = me.call("PATCH", f"/tasks/{task['id']}", {"tags": ["home", "home"]})
    assert changed.json()["tags"] == ["home"]


def test_subtasks_are_listed_under_their_task(me):
    parent = me.task("parent")
    below = [me.task(title, parent_task_id=parent["id"])["id"] for title in ("one", "two")]
    assert [each["id"] for each in me.call("GET", f"/tasks/{parent['id']}/subtasks").json()["items"]] == below


def found(me, queries):
    answer = me.call("GET", f"/tasks/search?q={quote(queries)}")
    assert answer.status_code == 200, answer.text
    return [each["title"] for each in answer.json()["items"]]


@pytest.mark.parametrize(
    ("queries", "expected"),
    [
        ("report", "Write the quarterly report"),
        ("QUARTERLY rep", "Write the quarterly report"),
        ("reprot", "Write the quarterly report"),
        ("quaterly", "Write the quarterly report"),
        ("dentist", "Call the dentist"),
        ("dentsit", "Call the dentist"),
        ("zahnarzt", "Zahnarzt anrufen"),
        ("مرحبا", "مرحبا بالعالم"),
        ("牛乳", "牛乳を買う"),
    ],
)
def test_tasks_are_found_by_words_even_misspelt(me, queries, expected):
    for title in (
        "Write the quarterly report",
        "Call the dentist",
        "Zahnarzt anrufen",
        "مرحبا بالعالم",
        "牛乳を買う",
        "Buy milk",
    ):
        me.task(title)
    assert found(me, queries)[:1] == [expected]


def test_words_as_they_stand_come_before_those_that_are_alike(me):
    me.task("Reporting line")
    me.task("Resort")
    me.task("report")
    assert found(me, "report")[0] == "report"


def test_notes_and_descriptions_are_searched_too(me):
    me.task("A", description="about the gearbox")
    me.task("B", notes="see the gearbox")
    assert sorted(found(me, "gearbox")) == ["A", "B"]


@pytest.mark.parametrize("queries", ["'", "a & | !", ":*", "\\", "%_", "(((", "''; drop table tasks", "🙂"])
def test_a_search_for_signs_does_no_harm(me, queries):
    me.task("Buy milk")
    assert isinstance(found(me, queries), list)


def test_nothing_of_others_and_nothing_deleted_is_found(me, new_user):
    new_user().task("private report")
    gone = me.task("deleted report")
    me.call("DELETE", f"/tasks/{gone['id']}")
    assert found(me, "report") == []
    assert found(me, "reprot") == []


def test_a_list_is_narrowed_by_words(me):
    me.task("Write the report")
    me.task("Buy milk")
    assert [each["title"] for each in me.call("GET", "/tasks?q=report").json()["items"]] == ["Write the report"]


def test_a_list_goes_by_score_with_what_has_none_last(me):
    late = me.task("late", due_date="2026-01-01", priority="urgent")["id"]
    some_day = me.task("some day", priority="low")["id"]
    done = me.task("done")["id"]
    me.call("POST", f"/tasks/{done}/complete")
    me.call("GET", "/scores")
    first = me.call("GET", "/tasks?sort=score&limit=2").json()
    rest = me.call("GET", f"/tasks?sort=score&limit=2&cursor={first['next_cursor']}").json()
    assert [each["id"] for each in first["items"] + rest["items"]] == [late, some_day, done]


def test_many_are_completed_at_once(me, events):
    parent = me.task("parent")
    ids = [me.task(f"{n}")["id"] for n in range(3)] + [
        me.task("below", parent_task_id=parent["id"])["id"],
        parent["id"],
    ]
    answer = me.call("POST", "/tasks/bulk/complete", {"ids": [*reversed(ids)]})
    assert answer.status_code == 200
    assert {each["status"] for each in answer.json()["items"]} == {"completed"}
    assert types(events, me).count("task.completed") == 5


def open_tasks(me):
    return {each["title"]: each for each in me.call("GET", "/tasks?open=true").json()["items"]}


@pytest.mark.parametrize("call", ["complete?cascade=true", "bulk/complete"])
def test_recurring_subtasks_go_on_below_the_next_of_their_parent(me, call):
    every_week = {"recurrence": "FREQ=WEEKLY", "due_date": "2026-12-01"}
    parent = me.task("clean", **every_week)
    room = me.task("kitchen", parent_task_id=parent["id"])
    ids = [me.task("oven", parent_task_id=room["id"], **every_week)["id"], room["id"]]
    ids.append(me.task("bath", parent_task_id=parent["id"], **every_week)["id"])
    if call == "bulk/complete":
        assert me.call("POST", "/tasks/bulk/complete", {"ids": [*ids, parent["id"]]}).status_code == 200
    else:
        assert me.call("POST", f"/tasks/{parent['id']}/{call}").status_code == 200
    left = open_tasks(me)
    assert sorted(left) == ["bath", "clean", "oven"]
    assert left["bath"]["parent_task_id"] == left["clean"]["id"]
    assert left["oven"]["parent_task_id"] is None  # what it was below is done, and does not come again


def test_a_recurring_subtask_that_is_completed_alone_stays_below_its_parent(me):
    parent = me.task("move house")
    child = me.task("pack", parent_task_id=parent["id"], recurrence="FREQ=DAILY")
    me.call("POST", f"/tasks/{child['id']}/complete")
    assert open_tasks(me)["pack"]["parent_task_id"] == parent["id"]


def test_the_next_of_a_task_goes_when_its_completion_is_taken_back(me, events):
    task = me.task("water the plants", recurrence="FREQ=DAILY")
    for _ in range(2):
        me.call("POST", f"/tasks/{task['id']}/complete")
        following = open_tasks(me)["water the plants"]["id"]
        assert following != task["id"]
        assert me.call("POST", f"/tasks/{task['id']}/reopen").json()["recurrence"] == "FREQ=DAILY"
        assert types(events, me)[-2:] == ["task.deleted", "task.reopened"]
        assert [each["id"] for each in me.call("GET", "/tasks?open=true").json()["items"]] == [task["id"]]


def test_a_next_that_was_changed_stays_and_is_the_one_that_recurs(me):
    task = me.task("water the plants", recurrence="FREQ=DAILY")
    me.call("POST", f"/tasks/{task['id']}/complete")
    (following,) = me.call("GET", "/tasks?open=true").json()["items"]
    me.call("PATCH", f"/tasks/{following['id']}", {"notes": "the big ones"})
    assert me.call("POST", f"/tasks/{task['id']}/reopen").json()["recurrence"] is None
    me.call("POST", f"/tasks/{task['id']}/complete")
    assert [each["id"] for each in me.call("GET", "/tasks?open=true").json()["items"]] == [following["id"]]


def test_of_many_none_is_done_where_one_cannot_be(me, events):
    fine, done = me.task("fine"), me.task("done")
    me.call("POST", f"/tasks/{done['id']}/complete")
    before = events(me.id)
    answer = me.call("POST", "/tasks/bulk/complete", {"ids": [fine["id"], done["id"], NOBODYS, fine["id"]]})
    assert answer.status_code == 409
    assert [each["field"] for each in answer.json()["errors"]] == ["body.ids.1", "body.ids.2", "body.ids.3"]
    assert events(me.id) == before
    assert me.call("GET", f"/tasks/{fine['id']}").json()["status"] == "pending"


def test_many_are_changed_and_deleted_at_once(me, events):
    ids = [me.task(f"{n}")["id"] for n in range(3)]
    changed = me.call("POST", "/tasks/bulk/update", {"ids": ids, "changes": {"priority": "high", "tags": ["x"]}})
    assert {(each["priority"], each["version"]) for each in changed.json()["items"]} == {("high", 2)}
    assert me.call("POST", "/tasks/bulk/update", {"ids": ids, "changes": {"parent_task_id": ids[0]}}).status_code == 409
    assert me.call("POST", "/tasks/bulk/delete", {"ids": ids}).status_code == 200
    assert me.call("GET", "/tasks").json()["items"] == []
    assert types(events, me)[-3:] == ["task.deleted"] * 3


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"category_id": NOBODYS}, 422, "does not exist"),
        ({"goal_id": NOBODYS}, 409, "does not exist (of body.ids.0)"),
        ({"title": None}, 409, "it cannot be empty (of body.ids.0)"),
        ({"priority": "none"}, 422, "should be 'low', 'medium', 'high' or 'urgent'"),
    ],
)
def test_what_is_wrong_with_a_change_of_many_is_named_where_it_stands(me, changes, status, message):
    answer = me.call("POST", "/tasks/bulk/update", {"ids": [me.task()["id"]], "changes": changes})
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"] == [{"field": f"body.changes.{next(iter(changes))}", "message": message}]
    assert f"body.changes.{next(iter(changes))}" in answer.json()["detail"]


def test_a_rule_that_is_refused_is_tried_on_one_of_many_tasks_only(me):
    ids = [me.task()["id"] for _ in range(3)]
    changes = {"recurrence": "FREQ=YEARLY;INTERVAL=400;BYMONTH=2;BYMONTHDAY=29", "due_date": "2027-02-01"}
    answer = me.call("POST", "/tasks/bulk/update", {"ids": ids, "changes": changes})
    assert answer.status_code == 409
    refused = [
        {"field": "body.changes.recurrence", "message": "it never takes place from its start on (of body.ids.0)"}
    ]
    assert answer.json()["errors"] == refused


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": ["x"]}, {"ids": [NOBODYS] * 501}, {"ids": NOBODYS}])
def test_a_bulk_call_that_cannot_be_is_refused(me, body):
    assert me.call("POST", "/tasks/bulk/complete", body).status_code == 422


def test_five_hundred_are_a_call(me, database):
    with database.owner() as connection:
        rows = connection.execute(
            "insert into tasks (id, user_id, created_at, updated_at, title) select gen_random_uuid(), %s, now(), now(), n::text"
            " from generate_series(1, 500) as n returning id",
            [me.id],
        ).fetchall()
    answer = me.call("POST", "/tasks/bulk/complete", {"ids": [str(row["id"]) for row in rows]})
    assert len(answer.json()["items"]) == 500
