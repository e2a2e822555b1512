"""Incoming hooks: what other programs post becomes a task or an appointment, once."""

import gzip
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

MAPPING = {"title": "$.issue.title", "id": "$.issue.number", "tags": "$.issue.labels[*].name", "priority": "high"}
BODY = {"issue": {"title": "Fix it", "number": 7, "labels": [{"name": "bug"}, {"name": "urgent"}]}}


@pytest.fixture
def hook(me):
    def create(target="task", **mapping):
        body = {"name": "Issues", "target": target, "mapping": mapping or MAPPING}
        answer = me.call("POST", "/incoming-hooks", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return create


def path_of(made):
    return "/hooks/" + made["url"].rpartition("/")[2]


def test_a_body_becomes_a_task_once(http, me, hook, events):
    path = path_of(hook())
    first, again = (http.post(path, json=BODY) for _ in range(2))
    assert (first.json()["is_new"], again.json()["is_new"]) == (True, False)
    assert first.json()["id"] == again.json()["id"]
    task = me.call("GET", f"/tasks/{first.json()['id']}").json()
    assert (task["title"], task["tags"], task["priority"]) == ("Fix it", ["bug", "urgent"], "high")
    assert [each["type"] for each in events(me.id)].count("task.created") == 1
    other = http.post(path, json={"issue": {"title": "Another", "number": 8}})
    assert other.json()["is_new"]


def test_two_at_once_are_one(http, me, hook):
    path = path_of(hook())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: http.post(path, json=BODY).json(), range(4)))
    assert sum(each["is_new"] for each in answers) == 1
    assert len({each["id"] for each in answers}) == 1


def test_a_body_becomes_an_appointment_packed_or_not_and_of_any_content_type(http, me, hook):
    path = path_of(hook("event", title="$.name", start_at="$.from", end_at="$.to"))
    body = b'{"name": "Call", "from": "2026-12-01T09:00:00Z", "to": "2026-12-01T10:00:00Z"}'
    plain = http.post(path, content=body, headers={"Content-Type": "text/plain"})
    packed = http.post(path, content=gzip.compress(body), headers={"Content-Encoding": "gzip"})
    assert plain.json()["id"] != packed.json()["id"]
    assert me.call("GET", f"/calendar/{plain.json()['id']}").json()["title"] == "Call"


def test_a_preview_says_what_a_body_would_become_and_which_path_is_wrong(me):
    def preview(body, **mapping):
        return me.call(
            "POST", "/incoming-hooks/preview", {"target": "task", "mapping": mapping or MAPPING, "body": body}
        ).json()

    found = preview(BODY)
    assert found["fields"] == {"title": "Fix it", "tags": ["bug", "urgent"], "priority": "high"}
    assert (found["id"], found["errors"]) == ("7", [])
    wrong = preview({"issue": {}}, title="$.issue.title", due_at="$.issue.due")
    assert wrong["errors"] == [{"field": "title", "message": "$.issue.title finds nothing"}]
    (late,) = preview({"t": "x", "due": "soon"}, title="$.t", due_at="$.due")["errors"]
    assert late["field"] == "due_at"
    assert "$.due" in late["message"]
    picked = preview({"fields": [{"k": "a", "v": "no"}, {"k": "b", "v": "yes"}]}, title="$.fields[?@.k=='b'].v")
    assert picked["fields"]["title"] == "yes"


def test_what_does_not_fit_is_refused_with_the_path_and_shown_to_the_owner(http, me, hook):
    made = hook()
    answer = http.post(path_of(made), json={"issue": {"number": 1}})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "title", "message": "$.issue.title finds nothing"}]
    assert "$.issue.title" in me.call("GET", f"/incoming-hooks/{made['id']}").json()["problem"]
    for body in (b"{", b"", b"title=x"):
        assert http.post(path_of(made), content=body).status_code == 422
    assert http.post(path_of(made), content=b'"' + b"x" * 70_000 + b'"').status_code == 413
    assert http.post(path_of(made), json=BODY).status_code == 200
    assert me.call("GET", f"/incoming-hooks/{made['id']}").json()["problem"] is None


@pytest.mark.parametrize(
    "mapping",
    [
        {"title": "$["}, {"title": "$..x"}, {"title": "$.a[?@.b[?@.c]]"}, {"title": "$.a[?match(@.x, '(a+)+')]"}, {"nothing": "$.x"},
        {"user_id": "$.x"}, {"blocked_by": "$.x"}, {"title": "$.*.*.*"}, {},
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_work_or_costs_too_much_is_refused(me, mapping):
    body = {"name": "x", "target": "task", "mapping": mapping}
    assert me.call("POST", "/incoming-hooks", body).status_code == 422


def test_an_address_is_a_secret_that_is_stored_as_a_hash_and_can_be_revoked(http, me, hook, database, caplog):
    caplog.set_level(logging.DEBUG)
    made = hook()
    token = made["url"].rpartition("/")[2]
    assert http.post(path_of(made), json=BODY).status_code == 200
    with database.owner() as connection:
        assert token not in str(connection.execute("select t::text as row from incoming_hooks as t").fetchall())
    assert token not in "".join(record.getMessage() for record in caplog.records if record.name.startswith("focusflow"))
    new = me.call("POST", f"/incoming-hooks/{made['id']}/rotate-address").json()
    assert http.post(path_of(made), json=BODY).status_code == 404
    assert http.post(path_of(new), json=BODY).json()["is_new"] is False
    assert me.call("DELETE", f"/incoming-hooks/{made['id']}").status_code == 204
    for path in (path_of(new), "/hooks/x", "/hooks/" + "0" * 80):
        assert http.post(path, json=BODY).status_code == 404


def test_an_account_that_ended_takes_nothing(http, me, hook, database):
    path = path_of(hook())
    with database.owner() as connection:
        connection.execute("update users set is_active = false where id = %s", [me.id])
    assert http.post(path, json=BODY).status_code == 404


def test_another_user_does_not_see_a_hook(me, new_user, hook):
    path, other = f"/incoming-hooks/{hook()['id']}", new_user()
    for method, each in (("GET", ""), ("DELETE", ""), ("POST", "/rotate-address")):
        assert other.call(method, path + each).status_code == 404
