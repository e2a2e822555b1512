"""Signing in to the dashboard, against the real API over HTTP."""

import re
import socket
import threading
import time

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard.api_client import Client
from dashboard.auth.sessions import COOKIE, SessionStore
from dashboard.auth.sign_in import SignedInOnly, SignIn
from focusflow.errors import NotSignedIn
from focusflow.identity import new_id
from focusflow.settings import load_settings
from operational_api.app import create_app

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
    app = Starlette(routes=routes, middleware=[Middleware(SignedInOnly, store=store)])
    with TestClient(app, follow_redirects=False) as client:
        yield client


def sign_in(browser, email, password=PASSWORD, **headers):
    return browser.post("/signin", data={"email": email, "password": password}, headers=headers)


def test_whoever_is_not_signed_in_is_sent_to_the_sign_in_page(browser):
    answer = browser.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/signin")
    assert "Sign in" in browser.get("/signin").text


def test_signing_in_gives_a_cookie_that_scripts_cannot_read_and_that_is_no_token(browser, store, email):
    answer = sign_in(browser, email)
    cookie = answer.headers["set-cookie"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    (session_id,) = re.findall(rf"{COOKIE}=([^;]+)", cookie)
    tokens = store.find(session_id).tokens
    assert tokens.access not in cookie
    assert tokens.refresh not in cookie
    assert browser.get("/").text == "Ada"


def test_a_wrong_password_is_told_in_words_and_the_address_stays(browser, email):
    answer = sign_in(browser, email, "not the password")
    assert answer.status_code == 401
    assert "The e-mail address or the password is wrong, or the address is not verified." in answer.text
    assert f'value="{email}"' in answer.text
    assert "set-cookie" not in answer.headers


def test_what_is_typed_is_shown_as_text(browser):
    assert "<script>" not in sign_in(browser, '"><script>alert(1)</script>').text


def test_a_form_from_another_site_signs_nobody_in(browser, email):
    assert sign_in(browser, email, Origin="https://evil.example").status_code == 403


def test_an_api_that_is_down_is_told_in_words(email):
    routes = SignIn(SessionStore("http://127.0.0.1:9"), is_demo=False).routes
    with TestClient(Starlette(routes=routes)) as client:
        answer = sign_in(client, email)
    assert answer.status_code == 503
    assert "does not answer" in answer.text


def test_signing_out_takes_a_post_and_ends_the_tokens_too(browser, store, email):
    sign_in(browser, email)
    session = store.find(browser.cookies[COOKIE])
    browser.get("/signout")
    assert browser.get("/").text == "Ada"
    browser.post("/signout")
    assert browser.get("/").status_code == 303
    with Client(store.api_address, session.tokens.access) as client, pytest.raises(NotSignedIn):
        client.me()


def test_an_invented_cookie_is_nobody(browser):
    browser.cookies.set(COOKIE, "x" * 43)
    assert browser.get("/").status_code == 303


def test_an_access_token_is_renewed_before_it_expires(browser, store, email):
    sign_in(browser, email)
    session = store.find(browser.cookies[COOKIE])
    first, session.renew_at = session.tokens, 0
    with store.client(session) as client:
        assert client.me()["email"] == email
    assert session.tokens.refresh != first.refresh


def test_a_sign_in_that_was_revoked_ends_the_session(browser, store, email):
    sign_in(browser, email)
    session = store.find(browser.cookies[COOKIE])
    with store.client(session) as client:
        client.logout()
    session.renew_at = 0
    with pytest.raises(NotSignedIn):
        store.client(session)
    assert browser.get("/").status_code == 303
