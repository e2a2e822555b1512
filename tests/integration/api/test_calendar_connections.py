"""Connected calendars through the API. What becomes of them is for `test_subscriptions` and `test_caldav`."""

from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from focusflow import clock
from focusflow.calendar_providers import push_secret
from focusflow.database.session import Role

URL = "https://calendar.example.com/team.ics"
LOGIN = {"kind": "caldav", "url": "https://dav.example.com/", "username": "ada", "password": "s3cret-enough"}


def connect(me, body=None):
    answer = me.call("POST", "/calendar/connections", body or {"kind": "ics", "url": URL})
    assert answer.status_code == 201, answer.text
    return answer.json()


def stored(database, id_):
    with database.owner() as connection:
        return connection.execute("select * from calendar_connections where id = %s", [id_]).fetchone()


def test_a_calendar_is_connected_renamed_paused_and_disconnected(me):
    made = connect(me, {"kind": "ics", "url": "webcal://calendar.example.com/team.ics"})
    assert (made["status"], made["host"], made["name"]) == ("waiting", "calendar.example.com", "calendar.example.com")
    path = f"/calendar/connections/{made['id']}"
    changed = me.call("PATCH", path, {"name": "Team", "is_paused": True}).json()
    assert (changed["name"], changed["status"], changed["next_sync_at"]) == ("Team", "paused", None)
    assert me.call("POST", f"{path}/sync").status_code == 202
    assert [each["name"] for each in me.call("GET", "/calendar/connections").json()["items"]] == ["Team"]
    assert me.call("DELETE", path).status_code == 204
    assert me.call("GET", path).status_code == 404
    assert me.call("GET", "/calendar/connections").json()["items"] == []
    connect(me)


def test_addresses_and_passwords_are_stored_encrypted_and_never_returned(me, database):
    made = connect(me, LOGIN)
    row = stored(database, made["id"])
    assert b"s3cret" not in row["credentials"]
    assert b"example" not in row["credentials"]
    assert "s3cret" not in me.call("GET", f"/calendar/connections/{made['id']}").text
    me.call("PATCH", f"/calendar/connections/{made['id']}", {"password": "another one"})
    assert stored(database, made["id"])["credentials"] != row["credentials"]
    with database.transaction(Role.AUTH) as tx:
        told = tx.all("select * from audit_log where entity_id = %(id)s order by at", {"id": made["id"]})
    assert [each["action"] for each in told] == ["calendar_connection.created", "calendar_connection.login_changed"]
    assert "s3cret" not in str(told)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "ics", "url": "ftp://example.com/a.ics"},
        {"kind": "ics", "url": "https://ada:pw@example.com/a.ics"},
        {"kind": "ics", "url": "not an address"},
        {"kind": "caldav", "url": "https://dav.example.com/"},
        LOGIN | {"url": "http://dav.example.com/"},
        {"kind": "exchange", "url": URL},
    ],
)
def test_what_cannot_be_connected_is_refused(me, body):
    assert me.call("POST", "/calendar/connections", body).status_code == 422


def test_a_calendar_is_connected_once_and_twenty_at_most(me):
    connect(me)
    assert me.call("POST", "/calendar/connections", {"kind": "ics", "url": URL}).status_code == 409
    for number in range(19):
        connect(me, {"kind": "ics", "url": f"https://calendar.example.com/{number}.ics"})
    assert me.call("POST", "/calendar/connections", {"kind": "ics", "url": f"{URL}?21"}).status_code == 409


def test_plans_need_a_writable_calendar_of_their_own(me, database):
    made = connect(me, LOGIN)
    known = [
        {"id": f"/{name}/", "name": name, "is_read_only": name == "shared"} for name in ("team", "plans", "shared")
    ]
    with database.owner() as connection:
        connection.execute("update calendar_connections set calendars = %s where id = %s", [Jsonb(known), made["id"]])
    path = f"/calendar/connections/{made['id']}"
    for wrong in ({"plan_calendar": "/nowhere/"}, {"plan_calendar": "/shared/"}, {"selected": ["/nowhere/"]},
                  {"plan_calendar": "/plans/", "own_calendar": "/plans/"}, {"plan_calendar": "/team/", "selected": ["/team/"]}):  # fmt: skip
        assert me.call("PATCH", path, wrong).status_code == 422, wrong
    changed = me.call(
        "PATCH", path, {"plan_calendar": "/plans/", "own_calendar": "/team/", "selected": ["/team/"]}
    ).json()
    assert (changed["plan_calendar"], changed["own_calendar"]) == ("/plans/", "/team/")


@pytest.mark.parametrize("provider", ["google", "outlook"])
def test_a_provider_that_knows_the_secret_has_a_connection_synchronized(me, database, http, provider):
    made = connect(me)
    with database.owner() as connection:
        connection.execute("update calendar_connections set next_sync_at = now() + interval '1 hour'")
    address = f"/api/v1/calendar/push/{UUID(me.id).hex}{UUID(made['id']).hex}"

    def notice(secret):
        if provider == "google":
            return http.post(address, headers={"X-Goog-Channel-Token": secret, "X-Goog-Resource-State": "exists"})
        return http.post(address, json={"value": [{"subscriptionId": "x", "clientState": secret, "resource": "y"}]})

    def is_due():
        return stored(database, made["id"])["next_sync_at"] <= clock.now()

    assert (notice("invented").status_code, is_due()) == (404, False)
    assert http.post(address, content=b"[").status_code == 404
    assert http.post(f"{address[:-1]}x").status_code == 404
    assert notice(push_secret(http.app.state.services.settings.signing_key, UUID(made["id"]))).status_code == 202
    assert is_due()


def test_microsoft_gets_back_the_text_by_which_it_confirms_an_address(me, http):
    answer = http.post(f"/api/v1/calendar/push/{'0' * 64}?validationToken=Validation: a <b>")
    assert (answer.status_code, answer.text) == (200, "Validation: a <b>")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_subscribed_appointments_are_changed_where_they_are_published(me, database):
    times = {"start_at": "2026-12-01T09:00:00Z", "end_at": "2026-12-01T10:00:00Z"}
    event = me.call("POST", "/calendar", {"title": "Theirs", **times}).json()
    with database.owner() as connection:
        connection.execute("update calendar_events set calendar_id = 'ics:x' where id = %s", [event["id"]])
    for method, body in (("PATCH", {"title": "Mine"}), ("DELETE", None)):
        answer = me.call(method, f"/calendar/{event['id']}", body)
        assert (answer.status_code, "subscribed" in answer.json()["detail"]) == (409, True)
