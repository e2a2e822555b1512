"""Signing in to the dashboard, against the real API over HTTP."""

import asyncio
import base64
import hashlib
import re
import socket
import threading
import time
from contextlib import closing
from urllib.parse import quote

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.api_client import Client
from dashboard.auth.forms import TooLong, filled_in
from dashboard.auth.headers import SecurityHeaders
from dashboard.auth.own_pages import OwnPagesOnly
from dashboard.auth.sessions import COOKIE, SessionStore
from dashboard.auth.sign_in import PAGE_ASKED_FOR, SESSION_ENDED, SignedInOnly, SignIn
from dashboard.server import create_app as create_dashboard
from dashboard.server import security_contact
from focusflow import clock
from focusflow.errors import NotSignedIn, Unavailable
from focusflow.identity import new_id
from focusflow.own_address import OwnAddress
from focusflow.settings import load_settings
from operational_api.app import create_app
from operational_api.security.second_factor import STEP_SECONDS, code_at

PASSWORD = "a long sentence is a good password"


@pytest.fixture(scope="module")
def api_address(database_url, tmp_path_factory):
    app = create_app(load_settings(home=tmp_path_factory.mktemp("home")), database_url)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def email(api_address):
    address = f"{new_id().hex}@example.com"
    with Client(api_address) as client:
        client.register(address, PASSWORD, "Ada", "Europe/Berlin")
    return address


@pytest.fixture
def store(api_address):
    return SessionStore(api_address)


@pytest.fixture
def browser(store):
    def page(request):
        return PlainTextResponse(store.find(request.cookies.get(COOKIE)).display_name)

    routes = [*SignIn(store, is_demo=False).routes, Route("/", page)]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(SecurityHeaders, is_https=False, strict_transport=b"max-age=9"),
            Middleware(SignedInOnly, store=store),
        ],
    )
    with TestClient(app, follow_redirects=False) as client:
        yield client


def sign_in(browser, email, password=PASSWORD, **headers):
    return browser.post("/signin", data={"email": email, "password": password}, headers=headers)


def test_a_user_who_is_not_signed_in_is_sent_to_the_sign_in_page(browser):
    answer = browser.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/signin")
    assert "Sign in" in browser.get("/signin").text


def test_signing_in_gives_a_cookie_that_scripts_cannot_read(browser, email):
    answer = sign_in(browser, email)
    cookie = answer.headers["set-cookie"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert browser.get("/").text == "Ada"


PAGE = {"accept": "text/html,*/*;q=0.8", "sec-fetch-dest": "document"}


def test_who_followed_a_link_comes_to_its_page_after_signing_in(browser, email):
    browser.get("/tasks?task=1&tab=d%C3%A9tail", headers=PAGE)
    sign_in(browser, email, "not the password")
    assert sign_in(browser, email).headers["location"] == "/tasks?task=1&tab=d%C3%A9tail"
    browser.post("/signout")
    assert sign_in(browser, email).headers["location"] == "/"


def test_only_a_page_is_come_back_to_and_never_another_site(browser, email):
    browser.get("/tasks", headers={"accept": "*/*", "sec-fetch-dest": "script"})
    assert sign_in(browser, email).headers["location"] == "/"
    for page in ("//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example", "x", "/\n/"):
        browser.cookies.set(PAGE_ASKED_FOR, quote(page), path="/signin")
        assert sign_in(browser, email).headers["location"] == "/", page


def test_a_wrong_password_is_reported_and_the_address_is_kept(browser, email):
    answer = sign_in(browser, email, "not the password")
    assert answer.status_code == 401
    assert "The email or password is wrong, or the email is not confirmed." in answer.text
    assert f'value="{email}"' in answer.text
    assert "set-cookie" not in answer.headers


def test_what_is_typed_is_shown_as_text(browser):
    assert "<script>" not in sign_in(browser, '"><script>alert(1)</script>').text


def test_a_form_from_another_site_signs_nobody_in(browser, email):
    assert sign_in(browser, email, Origin="https://evil.example").status_code == 403


def test_an_api_that_is_down_is_reported_in_words(email):
    routes = SignIn(SessionStore("http://127.0.0.1:9"), is_demo=False).routes
    with TestClient(Starlette(routes=routes)) as client:
        answer = sign_in(client, email)
    assert answer.status_code == 503
    assert "does not answer" in answer.text


def test_signing_out_takes_a_post_and_ends_the_session_at_the_api_too(browser, store, email):
    sign_in(browser, email)
    cookie = browser.cookies[COOKIE]
    browser.get("/signout")
    assert browser.get("/").text == "Ada"
    browser.post("/signout")
    assert browser.get("/").status_code == 303
    with Client(store.api_address, cookie) as client, pytest.raises(NotSignedIn):
        client.me()


@pytest.mark.parametrize("cookie", ["x" * 43, "ffs_" + "0" * 96, "ffs_" + "0" * 64 + "f" * 32, "\u00e9"])
def test_an_invented_cookie_is_nobody(browser, cookie):
    assert browser.get("/", headers={"Cookie": f"{COOKIE}={cookie}".encode()}).status_code == 303


def test_a_session_survives_a_restart_of_the_dashboard(browser, store, email):
    sign_in(browser, email)
    assert SessionStore(store.api_address).find(browser.cookies[COOKIE])


@pytest.fixture
def ask(store, monkeypatch):
    """The session behind a cookie as the database has it now: an answer counts for a second otherwise."""
    monkeypatch.setattr("dashboard.auth.sessions.FRESH_SECONDS", 0.0)
    return lambda cookie: store.find(cookie, within=0)


ENDS = {
    "deactivation": "update users set is_active = false where email = %s",
    "revocation": "update refresh_tokens set revoked_at = now() where user_id = (select id from users where email = %s)",
    "the absolute limit": "update refresh_tokens set expires_at = now() where user_id = (select id from users where email = %s)",
    "the idle limit": "update refresh_tokens set seen_at = now() - interval '12 hours' where user_id = (select id from users where email = %s)",
}


@pytest.mark.parametrize("end", ENDS)
def test_a_session_ends_at_once_by(browser, ask, email, database, end):
    sign_in(browser, email)
    assert ask(browser.cookies[COOKIE])
    with database.owner() as connection:
        connection.execute(ENDS[end], [email])
    assert ask(browser.cookies[COOKIE]) is None


def test_a_demotion_counts_at_once(browser, ask, email, database):
    sign_in(browser, email)
    for role, is_analyst in (("analyst", True), ("user", False)):
        with database.owner() as connection:
            connection.execute("update users set role = %s where email = %s", [role, email])
        assert ask(browser.cookies[COOKIE]).is_analyst is is_analyst


def test_another_password_ends_every_session_but_the_one_in_which_it_was_chosen(browser, store, ask, email):
    other = store.sign_in(email, PASSWORD)
    sign_in(browser, email)
    mine = ask(browser.cookies[COOKIE])
    store.change_password(mine, PASSWORD, "another sentence that is long", revoke_keys=False)
    assert ask(browser.cookies[COOKIE])
    assert ask(other) is None
    with store.client(mine) as client:
        assert [each["is_current"] for each in client.sessions()] == [True]


def test_what_a_user_does_keeps_a_session_and_requests_alone_do_not(browser, store, ask, email, database):
    sign_in(browser, email)
    session = ask(browser.cookies[COOKIE])
    for does_something in (False, True):
        with database.owner() as connection:
            connection.execute(
                "update refresh_tokens set seen_at = now() - interval '11 hours' where seen_at is not null"
            )
        with store.client(session) as client:
            client.me()
        if does_something:
            store.seen(session)
        with database.owner() as connection:
            connection.execute(
                "update refresh_tokens set seen_at = seen_at - interval '2 hours' where seen_at is not null"
            )
        assert (ask(browser.cookies[COOKIE]) is not None) is does_something


def test_a_session_that_was_valid_goes_on_while_the_api_is_away_and_no_other_does(browser, store, email):
    sign_in(browser, email)
    cookie = browser.cookies[COOKIE]
    assert store.find(cookie)
    store.api_address = "http://127.0.0.1:9"
    assert store.find(cookie, within=0)
    with pytest.raises(Unavailable):
        SessionStore(store.api_address).find(cookie)


def test_a_sessions_secret_cannot_be_exchanged_for_tokens(browser, store, email):
    sign_in(browser, email)
    body = {"refresh_token": browser.cookies[COOKIE]}
    assert httpx2.post(f"{store.api_address}/api/v1/auth/refresh", json=body).status_code == 401
    assert store.find(browser.cookies[COOKIE], within=0)


def test_a_value_that_names_a_placeholder_of_the_page_stays_a_value(browser):
    page = sign_in(browser, "{after}{fields}{problem}@example.com").text
    assert page.count('href="/register"') == 1
    assert page.count('name="password"') == 1
    assert "{after}{fields}{problem}@example.com" in page


@pytest.mark.parametrize("path", ["/", "/signin", "/signout", "/nowhere"])
def test_every_page_says_what_a_browser_may_do_with_it(browser, email, path):
    sign_in(browser, email)
    headers = browser.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert (
        "default-src 'self'" in headers["content-security-policy"]
        or "default-src 'none'" in headers["content-security-policy"]
    )
    assert (
        "object-src" in headers["content-security-policy"] or "default-src 'none'" in headers["content-security-policy"]
    )
    assert "strict-transport-security" not in headers  # this page came by HTTP


def test_pages_that_come_by_https_are_asked_for_by_https_only():
    async def app(scope, receive, send):
        await PlainTextResponse("here")(scope, receive, send)

    behind_proxy = TestClient(SecurityHeaders(app, is_https=True, strict_transport=b"max-age=9"))
    direct = TestClient(
        SecurityHeaders(app, is_https=False, strict_transport=b"max-age=9"), base_url="https://focus.example"
    )
    for client in (behind_proxy, direct):
        assert client.get("/").headers["strict-transport-security"].startswith("max-age=")


def test_a_page_of_our_own_runs_the_scripts_that_it_holds_and_no_others(browser):
    policy = browser.get("/signout").headers["content-security-policy"]
    digest = base64.b64encode(hashlib.sha256(b"document.forms[0].submit()").digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert "script-src 'none'" in browser.get("/signin").headers["content-security-policy"]


@pytest.fixture
def app_key(api_address, email):
    """The key in the authenticator app of a user who signs in with a code, which is not used up yet."""
    with Client(api_address) as client:
        client.login(email, PASSWORD)
        secret = base64.b32decode(client.begin_two_factor()["key"])
        client.turn_on_two_factor(code_at(secret, step_now() - 1))
    return secret


def step_now():
    return int(clock.now().timestamp()) // STEP_SECONDS


def ticket_in(page):
    return re.findall(r'name="ticket" value="([^"]+)"', page)[0]


def test_an_account_with_an_authenticator_app_needs_a_code(browser, email, app_key):
    asked = sign_in(browser, email)
    assert (asked.status_code, COOKIE in browser.cookies) == (200, False)
    assert "Enter a code" in asked.text
    assert PASSWORD not in asked.text
    wrong = browser.post("/signin/code", data={"ticket": ticket_in(asked.text), "code": "000000"})
    assert (wrong.status_code, "The code is wrong" in wrong.text) == (401, True)
    right = {"ticket": ticket_in(wrong.text), "code": code_at(app_key, step_now())}
    assert browser.post("/signin/code", data=right, headers={"Origin": "https://evil.example"}).status_code == 403
    assert browser.post("/signin/code", data=right).headers["location"] == "/"
    assert browser.get("/").text == "Ada"


def test_under_https_the_cookie_is_of_this_host_alone(api_address, email):
    """One without the prefix could come from another host of the domain, or by plain HTTP."""
    store = SessionStore(api_address, is_https=True)

    def page(request):
        session = store.find(request.cookies.get(store.cookie))
        return PlainTextResponse(session.display_name if session else "nobody")

    routes = [*SignIn(store, is_demo=False, is_https=True).routes, Route("/", page)]
    app = Starlette(routes=routes, middleware=[Middleware(SignedInOnly, store=store)])
    with TestClient(app, base_url="https://focus.example", follow_redirects=False) as browser:
        cookie = sign_in(browser, email).headers["set-cookie"]
        assert cookie.startswith("__Host-")
        assert {"Secure", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert browser.get("/").text == "Ada"
        ended = browser.post("/signout").headers["set-cookie"]
        assert "Secure" in ended
        secret = cookie.partition("=")[2].partition(";")[0]
        assert browser.get("/", headers={"Cookie": f"{COOKIE}={secret}"}).status_code == 303


def test_the_dashboard_names_where_to_report_a_vulnerability(tmp_path, store):
    for contact, status in ((None, 404), ("mailto:security@example.com", 200)):
        settings = load_settings(home=tmp_path, security_contact=contact)
        app = Starlette(routes=[security_contact(settings)], middleware=[Middleware(SignedInOnly, store=store)])
        answer = TestClient(app).get("/.well-known/security.txt")
        assert answer.status_code == status
        assert ("Contact: mailto:security@example.com" in answer.text) is (status == 200)


@pytest.fixture
def guarded(store, email):
    """The dashboard's guards around a page and a WebSocket, and a browser that is signed in."""

    async def socket(websocket):
        await websocket.accept()
        await websocket.send_text("open")

    async def page(request):
        return PlainTextResponse("reached")

    methods = ["GET", "POST", "PUT"]
    routes = [WebSocketRoute("/_stcore/stream", socket), Route("/{path:path}", page, methods=methods)]
    address = OwnAddress.of("https://focus.example.com", "0.0.0.0")
    app = Starlette(
        routes=routes, middleware=[Middleware(OwnPagesOnly, address=address), Middleware(SignedInOnly, store=store)]
    )
    with TestClient(app, base_url="http://focus.example.com", follow_redirects=False) as client:
        client.cookies.set(COOKIE, store.sign_in(email, PASSWORD))
        yield client


def opens(client, **headers):
    try:
        with client.websocket_connect("ws://focus.example.com/_stcore/stream", headers=headers) as socket:
            return bool(socket.receive_text() == "open")
    except WebSocketDisconnect:
        return False


def test_the_dashboard_is_not_served_under_a_foreign_name(guarded):
    for host in ("evil.example", "focus.example.com.evil.example", "", "[", "127.0.0.1.evil.example"):
        assert guarded.get("/", headers={"Host": host}).status_code == 421, host
        assert not opens(guarded, host=host)
        assert guarded.get("/_stcore/health", headers={"Host": host}).text == "reached"


def test_the_dashboard_is_served_under_its_names_and_by_address(guarded):
    for host in ("focus.example.com", "localhost:8501", "127.0.0.1:8501", "[::1]:8501", "192.168.1.5:8501"):
        cookie = f"{COOKIE}={guarded.cookies[COOKIE]}"
        assert guarded.get("/", headers={"Host": host, "Cookie": cookie}).text == "reached", host
        assert opens(guarded, host=host, origin=f"http://{host}", cookie=cookie)


def test_a_page_of_another_site_opens_no_websocket_and_changes_nothing(guarded):
    """Nor does one of another port: a browser sends it the same cookie."""
    for origin in ("https://evil.example", "null", "", "http://focus.example.com:9999", "http://localhost:9999"):
        assert not opens(guarded, origin=origin), origin
        assert guarded.put("/_stcore/upload_file", headers={"Origin": origin}).status_code == 403


def test_a_websocket_opens_for_a_session_only(guarded):
    assert opens(guarded, origin="https://focus.example.com")
    guarded.cookies.clear()
    assert not opens(guarded, origin="https://focus.example.com")


def test_what_begins_like_an_open_page_is_not_one(guarded):
    guarded.cookies.clear()
    for path in ("/signinx", "/static-x", "/favicon.svg", "/register.html"):
        assert guarded.get(path).headers["location"] == "/signin", path
    assert guarded.get("/static/js/a.js").text == "reached"


def test_a_form_without_end_is_refused_before_its_end(browser):
    """Anybody may send one, so it is not kept in memory."""
    sent: list[int] = []

    def endless():
        for _ in range(10_000):
            sent.append(len(sent))
            yield b"a" * 1024

    async def post():
        body = iter(endless())

        async def receive():
            return {"type": "http.request", "body": next(body), "more_body": True}

        request = Request({"type": "http", "method": "POST", "path": "/signin", "headers": []}, receive)
        with pytest.raises(TooLong):
            await filled_in(request)

    asyncio.run(post())
    assert len(sent) < 10


#: Of the routes of the dashboard and of Streamlit, what is served without a sign-in. Signing out leads to the sign-in page as well.
OPEN_ROUTES = {
    "/signin", "/signin/code", "/signin/oidc", "/signin/oidc/callback", "/signin/oidc/sign-out", "/register", "/forgot-password", "/reset-password",
    "/verify-email", "/confirm-email", "/.well-known/security.txt", "/manifest.webmanifest", "/service-worker.js", "/offline", "/icons/{name}", "/_stcore/health",
    "/_stcore/host-config",
}  # fmt: skip


def test_every_route_but_the_open_ones_asks_for_a_sign_in(tmp_path, api_address, monkeypatch):
    """Found by asking the app which routes it has: a page or a component that comes later is not missed."""
    settings = load_settings(home=tmp_path, api_url=api_address, oidc_issuer="http://localhost:9", oidc_client_id="x")
    monkeypatch.setattr("dashboard.server.gc.freeze", lambda: None)  # this process does not stay
    app = create_dashboard(settings)._build_starlette_app()
    routes = [each for each in app.routes if isinstance(each, Route)]
    sockets = [each.path for each in app.routes if isinstance(each, WebSocketRoute)]
    asked = set()
    with closing(TestClient(app, base_url="http://localhost:8501", follow_redirects=False)) as browser:
        for route in routes:
            path = re.sub(r"{[^}]+}", "x", route.path)
            for method in (route.methods or set()) - {"HEAD"}:
                answer = browser.request(method, path, headers={"Accept": "text/html"})
                if (answer.status_code, answer.headers.get("location")) == (303, "/signin"):
                    asked.add(route.path)
        for path in sockets:
            with (
                browser.websocket_connect(f"ws://localhost:8501{path}") as opened,
                pytest.raises(WebSocketDisconnect) as ended,
            ):
                opened.receive_text()
            assert ended.value.code == SESSION_ENDED, path
    assert {each.path for each in routes} - asked == OPEN_ROUTES
    assert len(asked) > 20
    assert "/_stcore/stream" in sockets
