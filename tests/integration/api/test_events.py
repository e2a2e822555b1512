"""Tracking: events of one's own apps, one or many a call, and the calls of Segment's libraries with the real one of them."""

import base64
import gzip
from datetime import timedelta
from uuid import UUID

import orjson
import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator
from posthog import Posthog
from segment.analytics.client import Client as Segment

from focusflow import clock
from focusflow.contracts.activity import Activity
from focusflow.contracts.envelope import Event
from focusflow.settings import load_settings
from operational_api.app import create_app
from operational_api.events.incoming import BODY_BYTES
from operational_api.events.store import own_id

LONG_AGO = "2024-02-29T23:30:00Z"


@pytest.fixture
def key(me):
    return me.call("POST", "/keys", {"name": "App", "scopes": ["events:write"]}).json()["key"]


def tracked(events, user_id):
    return [each for each in events(user_id) if each["type"] == "activity.tracked"]


def test_one_event_is_stored_as_the_contract_has_it(me, events):
    said = {
        "name": "timer.opened",
        "time": LONG_AGO,
        "properties": {"a": [1, "x"]},
        "platform": "ios",
        "session_id": "s",
    }
    answer = me.call("POST", "/events", said)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "errors": []})
    (stored,) = tracked(events, me.id)
    event = Event.model_validate(stored)
    assert Event.model_dump(event, mode="json").keys() - {"traceparent"} == stored.keys()  # nothing is traced here
    assert Activity.model_validate(event.data).model_dump() == event.data
    assert (event.data["name"], event.data["properties"], event.data["platform"]) == (
        "timer.opened",
        {"a": [1, "x"]},
        "ios",
    )
    assert (str(event.time), str(event.localdate)) == ("2024-02-29 23:30:00+00:00", "2024-03-01")  # in Berlin
    assert event.id == event.subject


def test_a_bad_event_does_not_hold_up_the_good_ones(me, events):
    ahead = (clock.now() + timedelta(days=2)).isoformat()
    batch = [
        {"name": "good"},
        {"name": ""},
        {"name": "bad time", "time": "yesterday"},
        {"name": "unknown field", "colour": "red"},
        {"name": "ahead", "time": ahead},
        {"name": "nul", "properties": {"a": "\0"}},
        {"name": "much", "properties": {"a": "x" * 40_000}},
        "not an object",
        {"name": "good too"},
    ]
    answer = me.call("POST", "/events", {"events": batch})
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert [each["index"] for each in answer.json()["errors"]] == [1, 2, 3, 7, 4, 5, 6]
    assert answer.json()["errors"][0] == {
        "index": 1,
        "field": "name",
        "message": "String should have at least 1 character",
    }
    assert [each["data"]["name"] for each in tracked(events, me.id)] == ["good", "good too"]


def test_where_no_event_is_good_nothing_is_taken(me, events):
    answer = me.call("POST", "/events", {"name": 7})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "All events were rejected. Event 0 in name: should be a valid string."
    assert tracked(events, me.id) == []


def test_an_event_of_ones_own_id_keeps_its_identity_and_nobody_else_can_take_it(me, new_user, events):
    other = new_user()
    for user in (me, me, other):
        assert user.call("POST", "/events", {"name": "x", "id": "abc"}).status_code == 202
    mine, again = tracked(events, me.id)
    (theirs,) = tracked(events, other.id)
    assert mine["id"] == again["id"] == str(own_id(UUID(me.id), "abc"))
    assert theirs["id"] != mine["id"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'"x"',
        b'{"events": []}',
        b'{"events": {}}',
        b"\xff",
        b'{"name": "\\ud800"}',
        b"[" * 5000,
    ],
    ids=repr,
)
def test_a_body_that_cannot_be_read_is_refused(http, me, events, body):
    answer = http.post("/api/v1/events", content=body, headers={"Authorization": f"Bearer {me.access_token}"})
    assert answer.status_code == 422, answer.text
    assert tracked(events, me.id) == []


def test_deep_nesting_and_long_numbers_do_no_harm(me, events):
    nested = "{}"
    for _ in range(300):
        nested = f'{{"a":{nested}}}'
    deep = {"name": "deep", "properties": orjson.loads(nested)}
    answer = me.call("POST", "/events", {"events": [deep, {"name": "long", "properties": {"n": 10**30}}]})
    assert answer.status_code == 202
    assert answer.json()["errors"][0]["message"] == "are nested too deeply"


def test_a_thousand_events_are_a_call_and_one_more_is_not(me, events):
    batch = [{"name": "x", "id": f"n{number}"} for number in range(1001)]
    assert me.call("POST", "/events", {"events": batch}).status_code == 422
    assert me.call("POST", "/events", {"events": batch[:1000]}).json()["accepted"] == 1000
    assert len(tracked(events, me.id)) == 1000


def test_a_body_past_the_limit_is_refused_packed_or_not(http, me):
    large = orjson.dumps({"events": [{"name": "x", "properties": {"a": "y" * 3000}}] * 400})
    assert len(large) > BODY_BYTES
    signed = {"Authorization": f"Bearer {me.access_token}"}
    assert http.post("/api/v1/events", content=large, headers=signed).status_code == 413
    packed = {**signed, "Content-Encoding": "gzip"}
    assert http.post("/api/v1/events", content=gzip.compress(large), headers=packed).status_code == 413
    small = gzip.compress(orjson.dumps({"name": "x"}))
    assert http.post("/api/v1/events", content=small, headers=packed).status_code == 202
    assert http.post("/api/v1/events", content=small[:-6], headers=packed).status_code == 422
    assert http.post("/api/v1/events", content=b"plain", headers=packed).status_code == 422


def test_a_key_needs_the_scope(http, me):
    key = me.call("POST", "/keys", {"name": "App", "scopes": ["tasks:read"]}).json()["key"]
    assert http.post("/api/v1/events", json={"name": "x"}, headers={"X-API-Key": key}).status_code == 403
    assert http.post("/v1/track", json={"event": "x"}, auth=(key, "")).status_code == 403


def test_a_retry_under_an_idempotency_key_stores_once(me, events):
    for _ in range(2):
        assert me.call("POST", "/events", {"name": "x"}, Idempotency_Key="once").status_code == 202
    assert len(tracked(events, me.id)) == 1


def test_the_calls_of_a_browser_bring_their_key_within(http, me, key, events):
    said = {
        "writeKey": key,
        "event": "Signed Up",
        "properties": {"plan": "x"},
        "messageId": "m1",
        "timestamp": LONG_AGO,
    }
    assert http.post("/v1/t", json=said).json()["success"] is True
    (stored,) = tracked(events, me.id)
    assert (stored["data"]["name"], stored["data"]["properties"]) == ("Signed Up", {"plan": "x"})
    assert http.post("/v1/t", json={**said, "writeKey": "ff_wrong"}).status_code == 401
    assert http.post("/v1/track", json={"properties": {}}, auth=(key, "")).status_code == 422


@pytest.mark.parametrize("is_packed", [False, True])
def test_segments_own_library_works_with_another_host(address, me, key, events, is_packed):
    failures = []
    library = Segment(
        key,
        host=address,
        gzip=is_packed,
        on_error=lambda error, _: failures.append(error),
        max_retries=0,
        upload_interval=0.1,
    )
    library.identify("u1", {"plan": "free"})
    library.track("u1", "Report Opened", {"week": 7}, context={"app": {"version": "2.1"}, "os": {"name": "ios"}})
    library.page("u1", "Docs", "Start", {"path": "/start"})
    library.screen("u1", "Home", "Today")
    library.group("u1", "g1", {"name": "Team"})
    library.alias("anonymous", "u1")
    library.flush()
    library.join()
    assert failures == []
    stored = tracked(events, me.id)
    assert [each["data"]["name"] for each in stored] == [
        "user.identified", "Report Opened", "page.viewed", "screen.viewed", "group.joined", "user.aliased",
    ]  # fmt: skip
    report = stored[1]["data"]
    assert (report["properties"], report["platform"], report["app_version"]) == (
        {"week": 7, "userId": "u1"},
        "ios",
        "2.1",
    )


def app_users(events, user_id):
    return [each["data"]["app_user_id"] for each in tracked(events, user_id)]


def segment_call(http, key, path="/v1/track", **call):
    answer = http.post(path, json={"event": "opened", **call}, auth=(key, ""))
    assert answer.status_code == 200, answer.text


def test_users_of_an_app_are_pseudonyms_of_its_workspace(http, me, new_user, key, events):
    for number in range(6):
        segment_call(http, key, userId=f"user-{number}")
        segment_call(http, key, userId=f"user-{number}")
    mine = app_users(events, me.id)
    assert len(set(mine)) == 6
    assert mine[0::2] == mine[1::2]
    other = new_user()
    theirs = other.call("POST", "/keys", {"name": "App", "scopes": ["events:write"]}).json()["key"]
    segment_call(http, theirs, userId="user-0")
    assert app_users(events, other.id)[0] not in mine
    for name in ("app_user_id", "app_user_aliases", "session_id"):
        assert "user-" not in str([each["data"][name] for each in tracked(events, me.id)])
    me.call("POST", "/events", {"name": "my own"})
    assert app_users(events, me.id)[-1] is None


def test_identify_and_alias_say_which_users_are_one(http, me, key, events):
    segment_call(http, key, anonymousId="device")
    segment_call(http, key, "/v1/identify", userId="ada", anonymousId="device")
    segment_call(http, key, "/v1/alias", userId="lovelace", previousId="ada")
    me.call("POST", "/events", {"name": "x", "user_id": "lovelace"})
    device, ada, lovelace, own = (each["data"] for each in tracked(events, me.id))
    assert (device["is_known_app_user"], ada["is_known_app_user"]) == (False, True)
    assert ada["app_user_aliases"] == [device["app_user_id"]]
    assert ada["app_user_id"] in lovelace["app_user_aliases"]
    assert own["app_user_id"] == lovelace["app_user_id"]


def test_history_is_imported_with_its_dates(http, me, key, events):
    old = {"type": "track", "event": "old", "userId": "a", "timestamp": LONG_AGO}
    segment_call(http, key, "/v1/import", batch=[old])
    assert tracked(events, me.id)[0]["time"] == LONG_AGO


def test_a_browser_may_ask_first_where_the_setting_says_so(database_url, tmp_path):
    app = create_app(load_settings(home=tmp_path, cors_origins=["https://app.example.com"]), database_url)
    asked = {
        "Origin": "https://app.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    with TestClient(app) as browser:
        for path in ("/v1/t", "/v1/batch", "/e/", "/batch/", "/api/v1/events"):
            answer = browser.options(path, headers=asked)
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, asked["Origin"]), path
        assert browser.options("/v1/t", headers=asked | {"Origin": "https://evil.example"}).status_code == 400


@pytest.mark.parametrize("gzip_", [False, True])
def test_posthogs_own_library_works_unchanged(address, me, key, events, gzip_):
    failures = []
    library = Posthog(key, host=address, gzip=gzip_, on_error=lambda error, _: failures.append(error), max_retries=0)
    library.capture("report opened", distinct_id="ada", properties={"week": 7})
    library.capture("report opened", distinct_id="ada")
    library.alias("ada", "lovelace")
    library.shutdown()
    assert failures == []
    first, second, alias = (each["data"] for each in tracked(events, me.id))
    assert first["name"] == "report opened"
    assert first["properties"]["week"] == 7
    assert first["app_user_id"] == second["app_user_id"]
    assert first["app_user_id"] in alias["app_user_aliases"]
    assert key not in str(tracked(events, me.id))


def test_posthogs_browser_calls_are_taken(http, me, key, events):
    call = {"event": "$identify", "properties": {"token": key, "distinct_id": "ada", "$anon_distinct_id": "device"}}
    before = {"event": "$pageview", "properties": {"token": key, "distinct_id": "device", "$device_id": "device"}}
    packed = gzip.compress(orjson.dumps([before]))
    assert (
        http.post("/e/?compression=gzip-js", content=packed, headers={"Content-Type": "text/plain"}).status_code == 200
    )
    form = {"data": base64.b64encode(orjson.dumps(call)).decode()}
    assert http.post("/capture/", data=form).status_code == 200
    assert http.post("/i/v0/e/", json={"api_key": key, "event": "x", "distinct_id": "ada"}).status_code == 200
    page, identified, _ = (each["data"] for each in tracked(events, me.id))
    assert (page["name"], identified["name"]) == ("page.viewed", "user.identified")
    assert page["app_user_id"] in identified["app_user_aliases"]
    assert key not in str(tracked(events, me.id))
    assert http.post("/capture", json={"event": "x", "distinct_id": "ada"}).status_code == 401


def test_a_browser_library_need_not_say_how_it_packs(http, me, key, events):
    """As posthog-js sends it: gzip as plain text, and nothing says so. Before that, it asks for flags."""
    assert http.get(f"/array/{key}/config").json()["hasFeatureFlags"] is False
    packed = gzip.compress(orjson.dumps({"token": key, "distinct_id": "ada"}))
    plain = {"Content-Type": "text/plain"}
    assert http.post("/flags/?v=2", content=packed, headers=plain).json()["flags"] == {}
    call = {"api_key": key, "batch": [{"event": "opened", "properties": {"distinct_id": "ada"}}]}
    assert http.post("/e/", content=gzip.compress(orjson.dumps(call)), headers=plain).status_code == 200
    assert http.post("/e/", content=b"\x1f\x8b and no more", headers=plain).status_code == 422
    (opened,) = tracked(events, me.id)
    assert opened["data"]["name"] == "opened"


def test_a_beacon_of_a_browser_brings_its_key_in_the_body(http, me, key, events):
    """As analytics.js sends it while a page is left: plain text without headers of its own."""
    call = {"writeKey": key, "batch": [{"type": "track", "event": "left", "anonymousId": "device"}]}
    plain = {"Content-Type": "text/plain;charset=UTF-8"}
    assert http.post("/v1/b", content=orjson.dumps(call), headers=plain).status_code == 200
    assert (
        http.post("/v1/t", content=orjson.dumps(call["batch"][0] | {"writeKey": key}), headers=plain).status_code == 200
    )
    assert [each["data"]["name"] for each in tracked(events, me.id)] == ["left", "left"]


def test_heartbeats_of_editors_are_the_users_own_activity(http, me, key, events):
    basic = {"Authorization": f"Basic {base64.b64encode(key.encode()).decode()}"}
    beat = {
        "entity": "app/secret.py",
        "type": "file",
        "time": 1764000000.5,
        "project": "app",
        "language": "Python",
    }
    bulk = http.post("/api/v1/users/current/heartbeats.bulk", json=[beat, beat, {"entity": 7}], headers=basic)
    assert bulk.status_code == 202
    assert [status for _, status in bulk.json()["responses"]] == [201, 201, 400]
    for path in ("/api/heartbeat", "/api/v1/heartbeats", "/api/compat/wakatime/v1/users/current/heartbeats"):
        assert http.post(path, json=beat, headers=basic).json()["data"]["time"] == beat["time"]
    found = tracked(events, me.id)
    assert len({each["id"] for each in found}) == 1
    assert found[0]["data"]["name"] == "coding.heartbeat"
    assert found[0]["time"] == "2025-11-24T16:00:00.500000Z"
    assert found[0]["data"]["app_user_id"] is None
    assert "secret.py" not in str(found)


def test_segments_own_library_learns_of_a_wrong_key(address):
    failures = []
    library = Segment("ff_wrong", host=address, on_error=lambda error, _: failures.append(error), max_retries=0)
    library.track("u1", "x")
    library.flush()
    library.join()
    assert "401" in str(failures[0])


def test_the_schemas_of_events_are_public(http, me, events):
    names = [each["name"] for each in http.get("/api/v1/schemas").json()["items"]]
    me.task("Write to Ada")
    made = events(me.id)[-1]
    assert made["dataschema"] in names
    schema = http.get(f"/api/v1/schemas/{made['dataschema']}").json()
    assert made["type"] in schema["x-types"]
    Draft202012Validator(schema).validate(made["data"])
    assert http.get("/api/v1/schemas/focusflow:task:99").status_code == 404
