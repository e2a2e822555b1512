"""What admins see and may do, and that nobody else does."""

import pytest

from tests.integration.api.conftest import PASSWORD, signed_in


@pytest.fixture
def admin(http, database, new_user):
    made = new_user()
    with database.owner() as connection:
        connection.execute("update users set role = 'admin' where id = %s", [made.id])
    return made


def test_only_admins_get_in(http, database, me):
    for path in ("/admin/users", "/admin/audit", "/admin/pipeline"):
        assert me.call("GET", path).status_code == 403
    with database.owner() as connection:
        connection.execute("update users set role = 'analyst' where id = %s", [me.id])
    assert me.call("GET", "/admin/users").status_code == 403
    assert me.call("PATCH", f"/admin/users/{me.id}", {"role": "admin"}).status_code == 403


def test_accounts_are_found_and_paged(admin, me, new_user):
    other = new_user()
    found = admin.call("GET", f"/admin/users?q={me.email[:20].upper()}").json()["items"]
    assert [each["id"] for each in found] == [me.id]
    first = admin.call("GET", "/admin/users?limit=1").json()
    second = admin.call("GET", f"/admin/users?limit=1&cursor={first['next_cursor']}").json()
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [other.id, me.id]
    assert admin.call("GET", "/admin/users?cursor=x").status_code == 422
    assert "password_hash" not in admin.call("GET", "/admin/users").text


def test_a_role_is_given_with_an_event_and_an_entry_in_the_log(admin, me, events):
    changed = admin.call("PATCH", f"/admin/users/{me.id}", {"role": "analyst"})
    assert (changed.status_code, changed.json()["role"]) == (200, "analyst")
    said = events(me.id)[-1]
    assert (said["type"], said["actor"], said["before"], said["data"]["role"]) == (
        "user.updated", "system", {"role": "user"}, "analyst",
    )  # fmt: skip
    (entry,) = admin.call("GET", f"/admin/audit?user_id={me.id}&action=user.changed").json()["items"]
    assert (entry["actor_id"], entry["before"], entry["after"]) == (admin.id, {"role": "user"}, {"role": "analyst"})


def test_a_user_who_is_switched_off_is_out_at_once_and_for_good(http, admin, me):
    key = me.call("POST", "/keys", {"name": "App", "scopes": ["tasks:read"]}).json()["key"]
    assert admin.call("PATCH", f"/admin/users/{me.id}", {"is_active": False}).status_code == 200
    assert me.call("GET", "/me").status_code == 401
    assert http.post("/api/v1/auth/login", json={"email": me.email, "password": PASSWORD}).status_code == 401
    assert admin.call("PATCH", f"/admin/users/{me.id}", {"is_active": True}).status_code == 200
    assert me.call("GET", "/me").status_code == 401
    assert http.get("/api/v1/tasks", headers={"X-API-Key": key}).status_code == 401
    assert http.post("/api/v1/auth/refresh", json={"refresh_token": me.refresh_token}).status_code == 401
    assert signed_in(http, me.email).call("GET", "/me").status_code == 200


@pytest.mark.parametrize("body", [{"role": "owner"}, {"role": None}, {"is_active": None}, {"email": "x@example.com"}])
def test_what_cannot_be_changed_of_an_account_is_refused(admin, me, body):
    assert admin.call("PATCH", f"/admin/users/{me.id}", body).status_code == 422


def test_a_stale_change_and_ones_own_account_are_refused(admin, me):
    stale = admin.call("PATCH", f"/admin/users/{me.id}", {"role": "admin"}, If_Match='"9"')
    own = admin.call("PATCH", f"/admin/users/{admin.id}", {"role": "user"})
    assert (stale.status_code, own.status_code) == (412, 409)


def test_nothing_changes_where_nothing_differs(admin, me, events):
    before = events(me.id)
    assert admin.call("PATCH", f"/admin/users/{me.id}", {"role": "user"}).status_code == 200
    assert events(me.id) == before


def test_looks_at_single_users_are_in_the_log(admin, me):
    admin.call("GET", f"/admin/users?q={me.email}")
    admin.call("GET", f"/admin/audit?user_id={me.id}")
    (viewed,) = admin.call("GET", f"/admin/audit?user_id={me.id}&action=user.viewed").json()["items"]
    (searched, *_) = admin.call("GET", "/admin/audit?action=users.searched").json()["items"]
    assert (viewed["actor_id"], searched["actor_id"], searched["after"]) == (admin.id, admin.id, {"found": 1})


def test_the_log_is_paged_and_bounded_by_time(admin, me):
    page = admin.call("GET", "/admin/audit?limit=1").json()
    following = admin.call("GET", f"/admin/audit?limit=1&cursor={page['next_cursor']}").json()
    assert page["items"][0]["at"] >= following["items"][0]["at"]
    assert page["items"][0]["id"] != following["items"][0]["id"]
    assert admin.call("GET", "/admin/audit?until=2020-01-01T00:00:00Z").json()["items"] == []


def test_the_pipelines_state_tells_what_waits(admin, me):
    me.task()
    found = admin.call("GET", "/admin/pipeline").json()
    assert found["events_waiting"] >= 2
    assert found["published"] == []


def test_an_admin_ends_one_session_of_a_user(http, database, admin, me):
    other = signed_in(http, me.email)
    path = f"/admin/users/{me.id}/sessions"
    listed = admin.call("GET", path).json()["items"]
    assert len(listed) == 2
    assert not any(each["is_current"] for each in listed)
    (newest, *_) = listed
    assert admin.call("DELETE", f"{path}/{newest['id']}").status_code == 204
    assert admin.call("DELETE", f"{path}/{newest['id']}").status_code == 404
    assert admin.call("DELETE", f"/admin/users/{admin.id}/sessions/{listed[1]['id']}").status_code == 404
    assert (other.call("GET", "/me").status_code, me.call("GET", "/me").status_code) == (401, 200)
    with database.owner() as connection:
        query = "select action from audit_log where actor_id = %s and user_id = %s order by at"
        actions = [row["action"] for row in connection.execute(query, [admin.id, me.id]).fetchall()]
    assert actions == ["user.viewed", "session.revoked"]
