"""What holds for all routes, found by asking the API which it has."""

import pytest

from tests.integration.api.test_tasks import NOBODYS

OPEN = {
    "/api/v1/auth/register", "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/forgot-password",
    "/api/v1/auth/reset-password", "/api/v1/auth/verify-email", "/health/live", "/health/ready",
}  # fmt: skip


def routes(http):
    paths = http.app.openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods if path not in OPEN]


def body_for(method):
    return {"title": "x"} if method in ("POST", "PATCH") else None


def test_nobody_gets_in_without_signing_in(http):
    assert len(routes(http)) >= 10
    for method, path in routes(http):
        answer = http.request(method, path.replace("{task_id}", NOBODYS), json=body_for(method))
        assert answer.status_code == 401, (method, path)
        assert answer.headers["content-type"] == "application/problem+json"


def test_every_call_that_needs_a_caller_says_what_a_key_must_be_allowed(http):
    """A route that says nothing refuses all keys, so nothing is given away; but it should be said."""
    for path, methods in http.app.openapi()["paths"].items():
        for method, operation in methods.items():
            assert ("x-scope" in operation) == bool(operation.get("security")), (method, path)


def test_what_belongs_to_somebody_else_is_not_there(http, me, somebody):
    theirs = somebody().task("private")
    tried = 0
    for method, path in routes(http):
        if "{task_id}" in path:
            answer = me.call(method, path.replace("{task_id}", theirs["id"]).removeprefix("/api/v1"), body_for(method))
            assert answer.status_code == 404, (method, path)
            assert "private" not in answer.text
            tried += 1
    assert tried >= 5


def test_every_operation_is_described(http):
    for path, methods in http.app.openapi()["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), (method, path)
            assert operation["tags"], (method, path)


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


def test_figures_count_requests_by_route(http, me):
    me.task()
    text = http.get("/metrics").text
    assert 'focusflow_requests_total{method="POST",route="' in text
    assert "focusflow_outbox_waiting" in text


def test_a_defect_says_nothing_of_the_inside(http, me, database):
    with database.owner() as connection:
        connection.execute("alter table tasks rename to tasks_gone")
    try:
        answer = me.call("GET", "/tasks")
    finally:
        with database.owner() as connection:
            connection.execute("alter table tasks_gone rename to tasks")
    assert answer.status_code == 500
    assert "tasks_gone" not in answer.text
    assert "relation" not in answer.text
