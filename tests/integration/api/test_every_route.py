"""What holds for all routes, found by asking the API which it has."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from focusflow import clock
from focusflow.database.session import Role
from focusflow.identity import new_id
from focusflow.scopes import Scope
from focusflow.settings import load_settings
from operational_api.app import create_app
from operational_api.http.schema_base import Input
from operational_api.security.fair_share import FairShare
from operational_api.security.permissions import ROLES
from tests.integration.api.conftest import PASSWORD
from tests.integration.api.hostile import Hostile
from tests.sizes import dice, sized

OPEN = {
    "/api/v1/auth/register", "/api/v1/auth/login", "/api/v1/auth/login/code", "/api/v1/auth/refresh", "/api/v1/auth/forgot-password",
    "/api/v1/auth/reset-password", "/api/v1/auth/verify-email", "/api/v1/auth/confirm-email", "/health/live", "/health/ready",
    "/api/v1/reports/unsubscribe/{token}", "/api/v1/schemas", "/api/v1/schemas/{name}", "/api/v1/calendar/feed/{token}",
    "/hooks/{token}",
}  # fmt: skip


def routes(http):
    paths = http.app.openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods if path not in OPEN]


#: What the calls need that do not come by with an empty change.
BODIES = {
    ("POST", "/api/v1/tasks"): {"title": "x"},
    ("POST", "/api/v1/tasks/parse"): {"text": "x"},
    ("POST", "/api/v1/tasks/{task_id}/what-if"): {},
    ("POST", "/api/v1/goals"): {"title": "x"},
    ("POST", "/api/v1/goals/{goal_id}/progress"): {"value": 1},
    ("POST", "/api/v1/goals/{goal_id}/milestones"): {"title": "x"},
    ("PUT", "/api/v1/habits/{habit_id}/logs/{local_day}"): {},
    ("PUT", "/api/v1/days-off/{days_off_id}"): {"first_date": "2026-12-24", "last_date": "2026-12-24"},
    ("POST", "/api/v1/calendar/connections"): {"kind": "ics", "url": "https://calendar.example.com/a.ics"},
    ("POST", "/api/v1/ai/daily-plan"): {},
    ("POST", "/api/v1/imports/{import_id}/preview"): {},
    ("POST", "/api/v1/reports"): {"first_day": "2026-11-01", "last_day": "2026-11-02"},
    ("DELETE", "/api/v1/me"): {"password": "x"},
    ("POST", "/api/v1/auth/change-email"): {"email": "new@example.com"},
    ("POST", "/api/v1/auth/confirm"): {"password": "x"},
    ("POST", "/api/v1/auth/two-factor/on"): {"code": "123456"},
    ("POST", "/api/v1/channels"): {"name": "x", "address": "ntfy://localhost/x", "kinds": ["report"]},
    ("POST", "/api/v1/incoming-hooks"): {"name": "x", "target": "task", "mapping": {"title": "$.title"}},
    ("POST", "/api/v1/webhooks"): {"url": "https://example.com", "event_types": ["task.created"]},
    ("POST", "/api/v1/auth/change-password"): {"password": "x", "new_password": "a long sentence"},
}


#: What the calls need in their query.
QUESTIONS = {
    "/api/v1/calendar": "?since=2026-12-01&until=2026-12-31",
    "/api/v1/calendar/conflicts": "?since=2026-12-01&until=2026-12-31",
    "/api/v1/calendar/free": "?since=2026-12-01&until=2026-12-31",
    "/api/v1/ai/analyze-performance": "?from=2026-11-01&to=2026-11-30",
    "/api/v1/tasks/search": "?q=private",
    "/api/v1/scores/history": "?as_of=2026-11-01T09:00:00Z",
    "/api/v1/analytics/explanation": "?metric=focus_minutes&day=2026-11-01",
}


@pytest.fixture(scope="module")
def http(http):
    """On a busy machine one caller's calls one after the other use more than a fair share. They wait for it here instead of being refused."""
    services = http.app.state.services
    http.app.state.services = replace(services, fair_share=FairShare(wait_seconds=60))
    return http


def body_for(method, path):
    return BODIES.get((method, path), {} if method == "PATCH" else None)


@pytest.fixture
def other(new_user):
    return new_user()


@pytest.fixture
def theirs(other, database):
    """Another user has one of everything: the name of each id in a path, and theirs."""

    def made(path, body, method="POST"):
        answer = other.call(method, path, body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["id"]

    goal = made("/goals", {"title": "private"})
    habit = made("/habits", {"title": "private"})
    today = other.call("GET", f"/habits/{habit}").json()["start_date"]

    def report(whose):
        with database.transaction(Role.REPORTING) as tx:
            tx.run(
                "insert into report_deliveries (id, user_id, created_at, updated_at, kind, period, first_day, last_day, next_attempt_at, message_id)"
                " values (%(id)s, %(whose)s, %(now)s, %(now)s, 'weekly', '2026-W01', '2026-01-01', '2026-01-07', %(now)s, '<private>')",
                {"id": (id_ := new_id()), "whose": whose, "now": tx.now},
            )
        return id_

    made(f"/habits/{habit}/logs/{today}", {}, "PUT")
    endpoint = made("/webhooks", {"url": "https://example.com", "event_types": ["task.created"]})
    upload = other.call("POST", "/imports?file_name=private.csv", {"title": "private"})
    return {
        "import_id": upload.json()["id"],
        "task_id": made("/tasks", {"title": "private"}),
        "goal_id": goal,
        "milestone_id": made(f"/goals/{goal}/milestones", {"title": "private"}),
        "habit_id": habit,
        "local_day": today,
        "category_id": made("/categories", {"name": "private"}),
        "entry_id": made("/time/start", {}),
        "event_id": made(
            "/calendar", {"title": "private", "start_at": "2026-12-01T09:00:00Z", "end_at": "2026-12-01T10:00:00Z"}
        ),
        "connection_id": made(
            "/calendar/connections", {"kind": "ics", "url": "https://calendar.example.com/private.ics"}
        ),
        "days_off_id": made("/days-off", {"first_date": "2026-12-24", "last_date": "2026-12-24"}),
        "notification_id": made("/notifications", {"title": "private", "scheduled_at": "2027-01-01T08:00:00Z"}),
        "key_id": made("/keys", {"name": "private", "scopes": ["tasks:read"]}),
        "session_id": other.call("GET", "/auth/sessions").json()["items"][0]["id"],
        "user_id": other.id,
        "plan_id": other.call("POST", "/ai/daily-plan", {}).json()["id"],
        "report_id": report(UUID(other.id)),
        "erasure_id": str(new_id()),
        "user": "current",
        "hook_id": made("/incoming-hooks", {"name": "x", "target": "task", "mapping": {"title": "$.title"}}),
        "channel_id": made("/channels", {"name": "x", "address": "ntfy://localhost/x", "kinds": ["report"]}),
        "endpoint_id": endpoint,
        "delivery_id": other.call("POST", f"/webhooks/{endpoint}/test").json()["id"],
        "table": "funnel",
        "app_table": "app_users_daily",
    }


def test_nobody_gets_in_without_signing_in(http, theirs):
    assert len(routes(http)) >= 60
    for method, path in routes(http):
        answer = http.request(method, path.format_map(theirs), json=body_for(method, path))
        assert answer.status_code == 401, (method, path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


#: Answers to a caller who may not make a call, whatever it is about.
REFUSALS = {"/problems/not-signed-in", "/problems/forbidden", "/problems/scope-missing", "/problems/sign-in-needed"}

#: These end the sign-in that makes them, which is for `test_accounts`.
LAST = {("POST", "/api/v1/auth/logout"), ("DELETE", "/api/v1/auth/sessions")}


def whole_call(http, theirs, method, path, **headers):
    """With all that is needed: a call that is not complete is refused before anybody looks at who makes it."""
    described = http.app.openapi()["paths"][path][method.lower()].get("requestBody", {}).get("content", {})
    body = BODIES.get((method, path)) or described.get("application/json", {}).get("example", {"title": "x"})
    query = QUESTIONS.get(path, "") if method == "GET" else "?file_name=x.csv" if path == "/api/v1/imports" else ""
    return http.request(method, path.format_map(theirs) + query, json=body if described else None, headers=headers)


def refused(answer):
    """By what a call was refused, or None where its caller may make it. Who has to wait for an answer knows neither."""
    assert "/problems/too-many-requests" not in answer.text
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    return answer.json()["type"] if is_problem and answer.json()["type"] in REFUSALS else None


def answers(http, theirs, token):
    """Each call, and by what it was refused to whoever has the token."""
    for method, path in routes(http):
        if (method, path) not in LAST:
            answer = whole_call(http, theirs, method, path, Authorization=f"Bearer {token}")
            assert answer.status_code < 500, (method, path, answer.text)
            yield method, path, refused(answer)


def role_needed(path):
    return "admin" if "/admin/" in path else "analyst" if "/product/" in path else "user"


@pytest.mark.parametrize("role", ["user", "analyst", "admin"])
def test_a_role_may_make_its_calls_and_no_others(http, me, theirs, database, role):
    with database.owner() as connection:
        connection.execute("update users set role = %s where id = %s", [role, me.id])
    for method, path, problem in answers(http, theirs, me.access_token):
        is_allowed = ROLES[role] >= ROLES[role_needed(path)]
        assert problem == (None if is_allowed else "/problems/forbidden"), (method, path)


def test_a_key_may_make_the_calls_of_its_scopes_and_no_others(http, new_user, theirs, database):
    """For each call, one key with only the scope that is needed, and one with all others. The keys are admins'."""

    @cache
    def key(*scopes):
        owner = new_user()
        with database.owner() as connection:
            connection.execute("update users set role = 'admin' where id = %s", [owner.id])
        return owner.call("POST", "/keys", {"name": "App", "scopes": scopes}).json()["key"]

    def refusal(method, path, *scopes):
        return refused(whole_call(http, theirs, method, path, **{"X-API-Key": key(*scopes)}))

    for method, path in routes(http):
        needed = http.app.openapi()["paths"][path][method.lower()]["x-scope"]
        if needed == "sign in":
            assert refusal(method, path, *Scope) == "/problems/sign-in-needed", (method, path)
        else:
            others = [each for each in Scope if each != needed]
            assert refusal(method, path, needed) is None, (method, path)
            assert refusal(method, path, *others) == "/problems/scope-missing", (method, path)


ENDS = {
    "deactivated": (Role.AUTH, "update users set is_active = false where id = %(id)s"),
    "erased": (Role.PRIVACY, "delete from users where id = %(id)s"),
}


@pytest.mark.parametrize("end", ENDS)
def test_nobody_gets_in_whose_account_is(http, me, theirs, database, end):
    key = me.call("POST", "/keys", {"name": "App", "scopes": list(Scope)}).json()["key"]
    session = http.post("/api/v1/auth/sessions", json={"email": me.email, "password": PASSWORD}).json()["token"]
    role, statement = ENDS[end]
    with database.transaction(role, UUID(me.id)) as tx:
        tx.run(statement, {"id": me.id})
    for token in (me.access_token, key, session):
        for method, path, problem in answers(http, theirs, token):
            assert problem == "/problems/not-signed-in", (method, path)


@pytest.mark.parametrize("end", ENDS)
def test_a_secret_address_opens_nothing_whose_account_is(http, me, database, end):
    """What is open to everybody takes a secret instead of a sign-in."""
    hook = me.call("POST", "/incoming-hooks", {"name": "x", "target": "task", "mapping": {"title": "$.title"}}).json()
    feed = me.call("POST", "/calendar/feed").json()
    calls = [
        ("POST", urlsplit(hook["url"]).path, {"title": "x"}),
        ("GET", urlsplit(feed["url"]).path, None),
        ("POST", "/api/v1/auth/refresh", {"refresh_token": me.refresh_token}),
        ("POST", "/api/v1/auth/login", {"email": me.email, "password": PASSWORD}),
    ]
    for method, path, body in calls[:2]:
        assert http.request(method, path, json=body).is_success, path
    role, statement = ENDS[end]
    with database.transaction(role, UUID(me.id)) as tx:
        tx.run(statement, {"id": me.id})
    for method, path, body in calls:
        assert http.request(method, path, json=body).status_code in (401, 404), path


#: Other paths of calls that are described, where programs that are not ours look for them.
OTHER_PATHS = (
    "/v1/",
    "/api/users/",
    "/api/heartbeat",
    "/api/v1/heartbeat",
    "/api/v1/users/",
    "/api/compat/",
    "/batch",
    "/capture",
    "/e",
    "/i/v0/",
)

#: What the description does not show: the dashboard's own calls and those for operators.
HIDDEN = {
    ("POST", "/api/v1/auth/sessions"), ("POST", "/api/v1/auth/sessions/code"), ("GET", "/api/v1/auth/oidc"), ("POST", "/api/v1/auth/oidc"),
    ("POST", "/api/v1/auth/oidc/callback"), ("POST", "/api/v1/auth/oidc/sign-out"), ("GET", "/metrics"), ("GET", "/.well-known/security.txt"), ("GET", "/docs"),
    ("GET", "/docs/start.js"), ("GET", "/docs/{name}"), ("POST", "/api/v1/calendar/connections/authorizations"),
    ("POST", "/api/v1/calendar/connections/authorizations/finish"), ("POST", "/api/v1/calendar/push/{ids}"),
    ("POST", "/flags"), ("POST", "/flags/"), ("POST", "/decide"), ("POST", "/decide/"), ("GET", "/array/{key}/config"),
}  # fmt: skip


def served(http):
    return {
        (method, (route.path or "").replace(":uuid", ""))
        for route in iter_route_contexts(http.app.routes)
        if isinstance(route.original_route, APIRoute)
        for method in route.methods or ()
    }


def test_no_route_is_missed_here(http):
    described = {(method.upper(), path) for path, methods in http.app.openapi()["paths"].items() for method in methods}
    hidden = {(method, path) for method, path in served(http) - described if not path.startswith(OTHER_PATHS)}
    assert hidden == HIDDEN


#: Of each route. There are about 200 routes.
HOSTILE = sized(2, 40)

#: Nobody waits for another user's calls longer than for one that takes so long.
CPU_SECONDS = 1


@pytest.mark.timeout(sized(120, 1800))
def test_no_hostile_input_makes_the_api_fail_or_compute_for_long(http, other, theirs, database):
    """As an admin with all that there is to be changed, with a key, and without either."""
    with database.owner() as connection:
        connection.execute("update users set role = 'admin' where id = %s", [other.id])
    key = other.call("POST", "/keys", {"name": "App", "scopes": list(Scope)}).json()["key"]
    callers = [{"Authorization": f"Bearer {other.access_token}"}] * 6 + [{"X-API-Key": key}] * 2 + [{}]
    ids = {name: str(id_) for name, id_ in theirs.items()}
    drawn = Hostile(http.app.openapi(), ids, BODIES, draw := dice(19))
    found = []
    for method, path in sorted(served(http) - LAST):
        for number, call in zip(range(HOSTILE), drawn.calls(method, path), strict=False):
            if number % 20 == 0:  # guesses are delayed
                with database.owner() as connection:
                    connection.execute("delete from attempts")
            headers = draw.choice(callers) | {"Content-Type": "application/json"} | call.headers
            before = time.process_time()
            answer = http.request(call.method, call.path, content=call.content, headers=headers)
            seconds = time.process_time() - before
            if answer.status_code >= 500 or seconds > CPU_SECONDS:
                found.append((answer.status_code, seconds, call, answer.text[:300]))
    assert found == []


def test_every_call_that_adds_something_of_ones_own_can_be_sent_again(http):
    for method, path in routes(http):
        if method == "POST" and not path.startswith("/api/v1/auth/"):
            said = http.app.openapi()["paths"][path]["post"].get("parameters", ())
            assert "Idempotency-Key" in [each["name"] for each in said], path


def test_every_call_that_needs_a_caller_says_what_a_key_must_be_allowed(http):
    """A route that says nothing refuses all keys, so nothing is given away; but it should be said."""
    for path, methods in http.app.openapi()["paths"].items():
        for method, operation in methods.items():
            assert ("x-scope" in operation) == bool(operation.get("security")), (method, path)


def test_what_belongs_to_another_user_is_not_there(http, me, theirs):
    tried = 0
    for method, path in routes(http):
        if "{" in path and "/apps/" not in path:  # a table, of which everybody sees their own rows
            answer = me.call(method, path.format_map(theirs).removeprefix("/api/v1"), body_for(method, path))
            expected = 403 if "/admin/" in path or "/product/" in path else 404
            assert answer.status_code == expected, (method, path, answer.text)
            assert "private" not in answer.text
            tried += 1
    assert tried >= 45


def test_what_belongs_to_another_user_is_in_no_list(http, me, theirs):
    for method, path in routes(http):
        if method == "GET" and "{" not in path and "/admin/" not in path:
            answer = me.call("GET", path.removeprefix("/api/v1") + QUESTIONS.get(path, ""))
            assert "private" not in answer.text, path
            assert theirs["task_id"] not in answer.text, path


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tasks", {"title": "x", "category_id": "category_id"}),
        ("/tasks", {"title": "x", "goal_id": "goal_id"}),
        ("/tasks", {"title": "x", "parent_task_id": "task_id"}),
        ("/tasks", {"title": "x", "blocked_by": ["task_id"]}),
        ("/goals", {"title": "x", "category_id": "category_id"}),
        ("/time/start", {"task_id": "task_id"}),
        ("/notifications", {"title": "x", "scheduled_at": "2027-01-01T08:00:00Z", "task_id": "task_id"}),
        ("/notifications", {"title": "x", "scheduled_at": "2027-01-01T08:00:00Z", "goal_id": "goal_id"}),
    ],
    ids=str,
)
def test_nothing_of_ones_own_can_point_at_what_is_another_users(me, theirs, path, body):
    def filled(value):
        return [theirs[each] for each in value] if isinstance(value, list) else theirs.get(value, value)

    answer = me.call("POST", path, {name: filled(value) for name, value in body.items()})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    ("call", "body", "field"),
    [
        ("POST /tasks", {"title": "x", "recurrence": "FREQ=HOURLY"}, "body.recurrence"),
        ("POST /tasks", {"title": "x", "category_id": "{event_id}"}, "body.category_id"),
        ("PATCH /tasks/{task_id}", {"title": None}, "body.title"),
        ("PATCH /tasks/{task_id}", {"due_at": "2026-12-01T08:00:00Z", "due_date": "2026-12-01"}, "body.due_date"),
        ("PATCH /tasks/{task_id}", {"parent_task_id": "{task_id}"}, "body.parent_task_id"),
        ("PATCH /goals/{goal_id}", {"target_value": 5}, "body.target_value"),
        ("PATCH /habits/{habit_id}", {"end_date": "1990-01-01"}, "body.end_date"),
        ("PATCH /calendar/{event_id}", {"end_at": "1990-01-01T08:00:00Z"}, "body.end_at"),
        ("PATCH /time/{entry_id}", {"started_at": "2199-01-01T08:00:00Z"}, "body.started_at"),
        ("PATCH /preferences", {"quiet_from": "22:00"}, "body.quiet_until"),
        ("PATCH /me", {"timezone": "Mars/Phobos"}, "body.timezone"),
        ("POST /keys", {"name": "x", "scopes": ["tasks:read"], "expires_at": "1990-01-01T08:00:00Z"}, "body.expires_at"),
        ("POST /notifications", {"title": "x", "scheduled_at": "2199-01-01T08:00:00Z", "goal_id": "{event_id}"}, "body.goal_id"),
        ("POST /auth/change-password", {"password": PASSWORD, "new_password": "password1"}, "body.new_password"),
        ("GET /calendar?since=2026-12-02&until=2026-12-01", None, "query.until"),
    ],
)  # fmt: skip
def test_what_a_rule_refuses_names_the_field_at_fault(other, theirs, call, body, field):
    def filled(value):
        return value.format(**theirs) if isinstance(value, str) else value

    said = body and {name: filled(value) for name, value in body.items()}
    method, path = call.format(**theirs).split(" ")
    answer = other.call(method, path, said)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_a_question_with_a_name_that_no_route_knows_is_refused(http, other, theirs):
    for method, path in [*routes(http), ("GET", "/api/v1/schemas"), ("POST", "/api/v1/auth/login")]:
        if path.startswith("/api/v1/") and "heartbeats" not in path:  # plugins add names of their own
            answer = other.call(
                method, path.removeprefix("/api/v1").format_map(theirs) + "?typo=1", body_for(method, path)
            )
            assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid"), (
                method,
                path,
                answer.text,
            )
            assert {"field": "query.typo", "message": "Extra inputs are not permitted"} in answer.json()["errors"], path


@pytest.mark.parametrize("query", ["limit=2", "limit=2&typo=1"])
def test_a_question_with_known_names_alone_is_answered(me, query):
    assert me.call("GET", f"/scores?{query}").status_code == (422 if "typo" in query else 200)


def test_programs_of_others_may_ask_more_than_is_known(http, me):
    assert http.get("/health/live?probe=1").status_code == 200
    assert http.get("/metrics?name=x").status_code == 200
    assert http.post(
        "/v1/page?_=1", json={"name": "x"}, headers={"Authorization": f"Bearer {me.access_token}"}
    ).is_success


def test_every_operation_is_described_under_a_name_of_its_own(http):
    description, names = http.app.openapi(), set()
    tags = {each["name"] for each in description["tags"]}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), (method, path)
            assert operation["tags"], (method, path)
            assert set(operation["tags"]) <= tags
            assert len(operation["summary"].split()) > 1, (method, path, "a verb and what it is about")
            assert operation["operationId"] not in names, (method, path)
            names.add(operation["operationId"])


def test_every_body_has_an_example_that_its_shape_accepts(http):
    shapes = {each.__name__: each for each in _all_below(Input)}
    for path, methods in http.app.openapi()["paths"].items():
        for method, operation in methods.items():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                assert media["example"], (method, path)
                if "$ref" in media["schema"]:
                    shapes[media["schema"]["$ref"].rpartition("/")[2]].model_validate(media["example"])


def _all_below(shape):
    return {each for below in shape.__subclasses__() for each in (below, *_all_below(below))}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/events",
        "/v1/batch",
        *(f"/v1/{kind}" for kind in ("track", "identify", "page", "screen", "group", "alias")),
    ],
)
def test_the_examples_of_events_can_be_sent(http, me, events, path):
    said = http.app.openapi()["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]
    answer = http.post(path, json=said, headers={"Authorization": f"Bearer {me.access_token}"})
    assert answer.status_code in (200, 202), answer.text
    assert events(me.id)[-1]["type"] == "activity.tracked"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/api/v1/auth/login", 405)]
)
def test_an_address_that_is_not_there_is_a_problem_document(http, method, path, status):
    answer = http.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_every_answer_has_an_id_and_is_not_to_be_kept(http):
    answer = http.get("/health/live")
    assert len(answer.headers["x-request-id"]) == 32
    assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")
    assert {"default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(
        answer.headers["content-security-policy"].split("; ")
    )


def test_readiness_tells_when_the_schema_is_another(http, database):
    assert http.get("/health/ready").status_code == 200
    with database.owner() as connection:
        current = connection.execute(
            "update alembic_version set version_num = 'other' returning old.version_num"
        ).fetchone()
    try:
        answer = http.get("/health/ready")
    finally:
        with database.owner() as connection:
            connection.execute("update alembic_version set version_num = %s", [current["version_num"]])
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_figures_count_requests_by_route(http, me, theirs):
    me.task()
    text = http.get("/metrics").text
    assert 'focusflow_requests_total{method="POST",route="' in text
    assert "focusflow_outbox_waiting" in text
    assert 'focusflow_reports{status="due"}' in text


def test_a_defect_says_nothing_of_the_inside_but_where_to_find_it(http, me, database, caplog):
    task_id = me.task()["id"]
    with database.owner() as connection:
        connection.execute("alter table tasks rename to tasks_gone")
    try:
        answer = me.call("GET", f"/tasks/{task_id}")
    finally:
        with database.owner() as connection:
            connection.execute("alter table tasks_gone rename to tasks")
    assert answer.status_code == 500
    assert "tasks_gone" not in answer.text
    assert "relation" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    (told,) = (each for each in caplog.records if each.exc_info)
    assert (told.request_id, "tasks" in str(told.exc_info[1])) == (answer.headers["x-request-id"], True)
    assert task_id not in told.getMessage()  # an address may hold a token, too


def test_one_user_leaves_room_for_others(http, database_url, new_user):
    home, (one, other) = http.app.state.services.settings.home, (new_user(), new_user())
    key = one.call("POST", "/keys", {"name": "App", "scopes": ["tasks:read"]}).json()["key"]
    bounded = load_settings(home=home, requests_per_minute=3)
    with TestClient(create_app(bounded, database_url)) as narrow:

        def response_to(**headers):
            return narrow.get(
                "/api/v1/tasks", headers={name.replace("_", "-"): value for name, value in headers.items()}
            )

        forged = key[:-4] + ("aaaa" if not key.endswith("aaaa") else "bbbb")
        assert [response_to(x_api_key=forged).status_code for _ in range(4)] == [401] * 4  # nobody spends another's
        assert [response_to(x_api_key=key).status_code for _ in range(2)] == [200, 200]
        bearer = f"Bearer {one.access_token}"
        assert response_to(authorization=bearer).status_code == 200
        refused = response_to(authorization=bearer)
        assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        assert response_to(authorization=f"Bearer {other.access_token}").status_code == 200


def test_pages_of_other_hosts_may_call_where_they_are_named(database_url, tmp_path):
    named = load_settings(home=tmp_path, cors_origins=["https://app.example.com"])
    with TestClient(create_app(named, database_url)) as http:
        for origin, allowed in (("https://app.example.com", "https://app.example.com"), ("https://evil.example", None)):
            response_to = {
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization",
            }
            answer = http.options("/api/v1/tasks", headers=response_to)
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert "access-control-allow-credentials" not in answer.headers


def test_a_setting_names_where_to_report_a_vulnerability(http, database_url):
    assert http.get("/.well-known/security.txt").status_code == 404
    home = http.app.state.services.settings.home
    settings = load_settings(home=home, security_contact="mailto:security@example.com")
    with TestClient(create_app(settings, database_url)) as named:
        answer = named.get("/.well-known/security.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "strict-transport-security" not in answer.headers  # this one came by HTTP
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "mailto:security@example.com"
    assert timedelta(0) < datetime.fromisoformat(fields["Expires"]) - clock.now() < timedelta(days=366)


@pytest.mark.parametrize("given", [{"public_api_url": "https://api.example"}, {}], ids=["behind a proxy", "direct"])
def test_answers_by_https_ask_for_https_only(http, database_url, given):
    settings = load_settings(home=http.app.state.services.settings.home, **given)
    with TestClient(create_app(settings, database_url), base_url="http://a" if given else "https://a") as client:
        assert client.get("/api/v1/me").headers["strict-transport-security"] == "max-age=31536000"
