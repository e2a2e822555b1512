"""Who may open Dagster's pages, from where, and what a request may do there."""

from contextlib import suppress

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from focusflow.settings import load_settings
from pipelines.orchestration.page_guard import COOKIE, SECURE_COOKIE, PageGuard

QUERY, MUTATION = "{ version }", "mutation Launch { launchRun { __typename } }"
ROLES = {"of-a-user": "user", "of-an-analyst": "analyst", "of-an-admin": "admin"}


async def echo(websocket):
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        text = await websocket.receive_text()
        websocket.app.state.received.append(text)
        await websocket.send_text(text)


async def reached(request):
    return PlainTextResponse(f"reached {len(await request.body())}")


@pytest.fixture
def open_as(tmp_path):
    def client(who="of-an-admin", role_of=ROLES.get, host="127.0.0.1:3000", **given):
        methods = ["GET", "POST", "PUT", "OPTIONS"]
        app = Starlette(routes=[WebSocketRoute("/graphql", echo), Route("/{path:path}", reached, methods=methods)])
        app.state.received = []
        settings = load_settings(home=tmp_path, **given)
        cookies = {COOKIE: who} if who else {}
        return TestClient(
            PageGuard(app, settings, role_of), base_url=f"http://{host}", cookies=cookies, follow_redirects=False
        )

    return client


def test_nobody_opens_a_page_without_a_sign_in(open_as):
    for who in (None, "invented"):
        client = open_as(who)
        page = client.get("/assets", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "http://127.0.0.1:8501/signin")
        assert client.get("/data-docs/index.html").status_code == 401
        assert client.post("/graphql", json={"query": QUERY}).status_code == 401
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/graphql"):
            pass
    assert open_as(None).get("/server_info").status_code == 200


@pytest.mark.parametrize(
    ("who", "read", "changed"), [("of-a-user", 403, 403), ("of-an-analyst", 200, 403), ("of-an-admin", 200, 200)]
)
def test_a_role_decides_what_one_may_do(open_as, who, read, changed):
    client = open_as(who)
    assert client.get("/assets").status_code == read
    assert client.post("/graphql", json={"query": QUERY}).status_code == read
    assert client.post("/graphql", json={"query": MUTATION}).status_code == changed
    assert client.post("/graphql", json=[{"query": QUERY}, {"query": MUTATION}]).status_code == changed
    assert (
        client.post("/graphql", json={"query": f"query A {QUERY} {MUTATION}", "operationName": "A"}).status_code
        == changed
    )
    assert client.post("/report_asset_materialization/a").status_code == changed


def test_the_session_of_a_dashboard_under_https_counts_here_too(open_as):
    client = open_as(None, dashboard_url="https://focus.example.com")
    assert client.get("/assets", headers={"Cookie": f"{SECURE_COOKIE}=of-an-analyst"}).status_code == 200
    assert client.get("/assets", headers={"Cookie": f"{COOKIE}=of-an-analyst"}).status_code == 401


def test_a_query_reaches_dagster_whole(open_as):
    body = {"query": QUERY, "variables": {"text": "x" * 10_000}}
    assert int(open_as("of-an-analyst").post("/graphql", json=body).text.split()[1]) > 10_000


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "", "[", "169.254.1.1"]
)
def test_a_foreign_host_name_is_refused(open_as, host):
    assert open_as().get("/assets", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "[::1]:3000", "dagster.example.com"])
def test_the_own_names_are_served(open_as, host):
    client = open_as(dagster_url="https://dagster.example.com")
    assert client.get("/assets", headers={"Host": host}).status_code == 200


FOREIGN = [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:8501"}, {"Origin": ""}, {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]  # fmt: skip


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_page_of_another_site_reaches_nothing(open_as, headers):
    client = open_as()
    assert client.post("/graphql", json={"query": MUTATION}, headers=headers).status_code == 403
    assert client.post("/report_asset_materialization/a", headers=headers).status_code == 403
    assert client.options("/graphql", headers=headers).status_code == 403
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/graphql", headers=headers):
        pass


@pytest.mark.parametrize("origin", ["http://127.0.0.1:3000", "https://dagster.example.com"])
def test_the_own_page_is_served(open_as, origin):
    client = open_as(dagster_url="https://dagster.example.com")
    assert client.post("/graphql", json={"query": MUTATION}, headers={"Origin": origin}).status_code == 200
    with client.websocket_connect("/graphql", headers={"Origin": origin, "Host": "127.0.0.1:3000"}) as socket:
        socket.send_text('{"type": "start", "payload": {"query": "subscription { x }"}}')
        assert "start" in socket.receive_text()


def test_graphql_takes_json_by_post_only(open_as):
    client = open_as()
    assert client.get("/graphql", params={"query": MUTATION}).status_code == 405
    assert client.put("/graphql", json={"query": MUTATION}).status_code == 405
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/graphql", ""):
        assert client.post("/graphql", content=MUTATION, headers={"Content-Type": kind}).status_code == 415


@pytest.mark.parametrize("reply", ['{"type": "start", "payload": {"query": "mutation { x }"}}', "no json"])
def test_an_analyst_changes_nothing_over_a_websocket_either(open_as, reply):
    client = open_as("of-an-analyst")
    with client.websocket_connect("/graphql", headers={"Host": "127.0.0.1:3000"}) as socket:
        socket.send_text(reply)
    assert client.app._app.state.received == []


def test_while_the_api_cannot_be_asked_nobody_is_let_in(open_as):
    def unreachable(_):
        raise OSError

    assert open_as(role_of=unreachable).get("/assets").status_code == 503


def test_a_sign_in_is_left_out_only_where_that_is_set(open_as):
    client = open_as(None, dagster_sign_in=False)
    assert client.get("/assets").status_code == 200
    assert (
        client.post("/graphql", json={"query": MUTATION}, headers={"Origin": "https://evil.example"}).status_code == 403
    )


def test_pages_that_come_by_https_are_asked_for_by_https_only(open_as):
    assert "strict-transport-security" not in open_as().get("/assets").headers
    answer = open_as(dagster_url="https://dagster.example.com", hsts_subdomains=True).get("/assets")
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
