"""API keys: what they may, what they may not, and when they end."""

import pytest

from focusflow.database.session import Role
from focusflow.scopes import Scope


def make(me, *scopes, **more):
    answer = me.call("POST", "/keys", {"name": "widget", "scopes": list(scopes) or ["tasks:read"], **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def with_key(http, key, method, path, body=None, *, header="Authorization"):
    value = f"Bearer {key}" if header == "Authorization" else key
    return http.request(method, f"/api/v1{path}", json=body, headers={header: value})


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_a_key_acts_for_its_owner_within_its_scopes(http, me, header):
    task, key = me.task(), make(me, "tasks:read")["key"]
    listed = with_key(http, key, "GET", "/tasks", header=header)
    assert [each["id"] for each in listed.json()["items"]] == [task["id"]]
    refused = with_key(http, key, "POST", "/tasks", {"title": "x"}, header=header)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/scope-missing")
    assert "tasks:write" in refused.json()["detail"]


def test_a_key_writes_where_it_may(http, me, events):
    key = make(me, "tasks:write")["key"]
    assert with_key(http, key, "POST", "/tasks", {"title": "by key"}).status_code == 201
    assert events(me.id)[-1]["userid"] == me.id
    assert with_key(http, key, "GET", "/tasks").status_code == 403


def test_no_key_manages_keys_or_the_account(http, me):
    made = make(me, *Scope)
    for method, path, body in [
        ("GET", "/me", None),
        ("PATCH", "/me", {"display_name": "x"}),
        ("GET", "/keys", None),
        ("POST", "/keys", {"name": "another", "scopes": ["tasks:read"]}),
        ("DELETE", f"/keys/{made['id']}", None),
        ("POST", "/auth/logout", None),
    ]:
        answer = with_key(http, made["key"], method, path, body)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/sign-in-needed"), path


def test_a_key_is_shown_once_and_stored_as_a_hash(http, me, database):
    made = make(me)
    assert made["key"].startswith(made["prefix"])
    (listed,) = me.call("GET", "/keys").json()["items"]
    assert "key" not in listed
    assert listed["prefix"] == made["prefix"]
    with database.owner() as connection:
        whole = connection.execute("select api_keys::text as row from api_keys where id = %s", [made["id"]]).fetchone()
    assert made["key"] not in whole["row"]
    assert made["key"][20:51] not in whole["row"]


def test_a_repeated_request_gets_the_same_key_without_its_secret(me, database):
    new = {"name": "widget", "scopes": ["tasks:read"]}
    first = me.call("POST", "/keys", new, Idempotency_Key="once").json()
    again = me.call("POST", "/keys", new, Idempotency_Key="once").json()
    assert (again["id"], again["key"]) == (first["id"], None)
    with database.owner() as connection:
        kept = connection.execute("select response from idempotency_keys where user_id = %s", [me.id]).fetchone()
    assert first["key"] not in kept["response"]


def test_a_revoked_key_is_refused_at_once_and_stays_listed(http, me):
    made = make(me)
    assert me.call("DELETE", f"/keys/{made['id']}").status_code == 204
    assert with_key(http, made["key"], "GET", "/tasks").status_code == 401
    assert me.call("GET", "/keys").json()["items"][0]["revoked_at"] is not None


def test_a_key_expires_at_its_expiry(http, me, database):
    made = make(me, expires_at="2199-01-01T00:00:00Z")
    assert with_key(http, made["key"], "GET", "/tasks").status_code == 200
    with database.owner() as connection:
        connection.execute("update api_keys set expires_at = now() - interval '1 second' where id = %s", [made["id"]])
    assert with_key(http, made["key"], "GET", "/tasks").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["everything"]},
        {"name": "", "scopes": ["tasks:read"]},
        {"name": "x", "scopes": ["tasks:read"], "expires_at": "2001-01-01T00:00:00Z"},
        {"name": "x", "scopes": ["tasks:read"], "user_id": "x"},
    ],
)
def test_a_key_that_cannot_be_made_says_why(me, body):
    assert me.call("POST", "/keys", body).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda key: key[:-1], id="shorter"),
        pytest.param(lambda key: key + "0", id="longer"),
        pytest.param(lambda key: "ff_", id="nothing but the mark"),
        pytest.param(lambda key: key[:20] + "0" * 31 + key[51:], id="another secret"),
    ],
)
def test_a_key_that_was_tampered_with_is_refused(http, me, change):
    assert with_key(http, change(make(me)["key"]), "GET", "/tasks").status_code == 401


def test_a_key_under_another_owner_is_refused(http, me, new_user):
    """The owner's id in a key is only where to look."""
    key, other = make(me)["key"], new_user()
    assert with_key(http, key[:51] + other.id.replace("-", ""), "GET", "/tasks").status_code == 401


def test_a_key_of_an_account_that_is_switched_off_is_refused(http, me, database):
    key = make(me)["key"]
    with database.owner() as connection:
        connection.execute("update users set is_active = false where id = %s", [me.id])
    assert with_key(http, key, "GET", "/tasks").status_code == 401


def test_when_a_key_was_used_is_noted_every_few_minutes_only(http, me, database):
    made = make(me)

    def used():
        with database.owner() as connection:
            return connection.execute("select last_used_at, xmin from api_keys where id = %s", [made["id"]]).fetchone()

    with_key(http, made["key"], "GET", "/tasks")
    first = used()
    assert first["last_used_at"] is not None
    with_key(http, made["key"], "GET", "/tasks")
    assert used() == first


def test_an_account_has_a_bounded_number_of_keys(me, database):
    made = make(me)
    with database.owner() as connection:
        connection.execute(
            "insert into api_keys (id, user_id, created_at, name, prefix, key_hash, scopes)"
            " select gen_random_uuid(), user_id, created_at, name, prefix, n::text, scopes from api_keys, generate_series(1, 49) as n where id = %s",
            [made["id"]],
        )
    assert me.call("POST", "/keys", {"name": "x", "scopes": ["tasks:read"]}).status_code == 409
    me.call("DELETE", f"/keys/{made['id']}")
    assert me.call("POST", "/keys", {"name": "x", "scopes": ["tasks:read"]}).status_code == 201


def test_a_key_that_works_stays_on_the_list_however_many_were_revoked_since(me, database):
    made = make(me)
    with database.owner() as connection:
        connection.execute(
            "insert into api_keys (id, user_id, created_at, name, prefix, key_hash, scopes, revoked_at)"
            " select gen_random_uuid(), user_id, now(), name, prefix, 'revoked ' || n, scopes, now() from api_keys, generate_series(1, 250) as n"
            " where id = %s",
            [made["id"]],
        )
    listed = me.call("GET", "/keys").json()["items"]
    assert (len(listed), listed[0]["id"]) == (200, made["id"])


def test_another_users_key_is_not_there(me, new_user):
    theirs = make(new_user())
    assert me.call("DELETE", f"/keys/{theirs['id']}").status_code == 404


def test_keys_are_in_the_audit_log(me, database):
    made = make(me)
    me.call("DELETE", f"/keys/{made['id']}")
    with database.transaction(Role.AUTH) as tx:
        rows = tx.all(
            "select action, entity_id::text, ip from audit_log where user_id = %(id)s and entity = 'key' order by at",
            {"id": me.id},
        )
    assert [row["action"] for row in rows] == ["key.made", "key.revoked"]
    assert {row["entity_id"] for row in rows} == {made["id"]}
    assert {row["ip"] for row in rows} == {"testclient"}
