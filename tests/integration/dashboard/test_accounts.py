"""Making an account and setting a password again by pages, against the real API, with the links that its mails hold."""

import re
import time
from email import message_from_bytes, policy

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from dashboard.api_client import Client
from dashboard.auth import accounts
from dashboard.auth.sign_in import SignIn
from dashboard.auth.spoken_language import SpokenLanguage
from focusflow.identity import new_id
from tests.integration.api.conftest import text_of
from tests.integration.dashboard.test_signin import PASSWORD, api_address, email, store

__all__ = ["api_address", "email", "store"]  # fixtures


@pytest.fixture
def browser(api_address, store):
    routes = [*SignIn(store, is_demo=False).routes, *accounts.routes(store)]
    app = Starlette(routes=routes, middleware=[Middleware(SpokenLanguage, default="en")])
    return TestClient(app, follow_redirects=False, client=("192.0.2.9", 50000))


@pytest.fixture
def link_for(tmp_path_factory):
    """The link to a page in a mail to somebody, as a path. Mails leave after the answer."""

    def find(to, page):
        for _ in range(100):
            files = sorted(tmp_path_factory.getbasetemp().glob("home*/mails/*.eml"))
            mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
            texts = "".join(text_of(mail) for mail in mails if mail["To"] == to)
            links: list[str] = re.findall(rf"http://[^/\s]+(/{page}\?token=\S+)", texts)
            if links:
                return links[-1]
            time.sleep(0.05)
        raise AssertionError(f"no mail with a link to {page}")

    return find


def hidden_token(page):
    (token,) = re.findall(r'name="token" value="([^"]+)"', page.text)
    return token


def test_an_account_is_made_and_its_address_confirmed(browser, link_for, api_address):
    address = f"{new_id().hex}@example.com"
    form = {"name": "Ada", "email": address, "password": PASSWORD, "timezone": "Asia/Tokyo"}
    made = browser.post("/register", data=form, headers={"Accept-Language": "fr-CA, en;q=0.5"})
    assert (made.status_code, "Consultez votre boîte de réception" in made.text) == (200, True)
    page = browser.get(link_for(address, "verify-email"))
    with Client(api_address) as client:
        client.login(address, PASSWORD)
        assert client.me()["timezone"] == "Asia/Tokyo"
        assert client.me()["locale"] == "fr-CA"
        assert client.me()["email_is_verified"] is False  # looking at the page proves nothing: programs do that too
    assert browser.post("/verify-email", data={"token": hidden_token(page)}).status_code == 200
    with Client(api_address) as client:
        client.login(address, PASSWORD)
        assert client.me()["email_is_verified"] is True


def test_a_forgotten_password_is_reset(browser, email, link_for):
    assert "we sent a link" in browser.post("/forgot-password", data={"email": email}).text
    token = hidden_token(browser.get(link_for(email, "reset-password")))
    short = browser.post("/reset-password", data={"token": token, "password": "short"})
    assert short.status_code == 422
    assert hidden_token(short) == token  # what was carried along is not lost
    assert browser.post("/reset-password", data={"token": token, "password": "a better password"}).status_code == 200
    assert browser.post("/signin", data={"email": email, "password": "a better password"}).status_code == 303
    assert browser.post("/reset-password", data={"token": token, "password": "a third password"}).status_code == 422


def test_errors_are_shown_and_the_form_keeps_its_values_except_the_password(browser):
    answer = browser.post("/register", data={"name": 'A "da" <b>', "email": "nobody", "password": PASSWORD})
    assert answer.status_code == 422
    assert "body.email" in answer.text
    assert "A &quot;da&quot; &lt;b&gt;" in answer.text
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("path", accounts.PATHS)
def test_a_form_from_elsewhere_is_refused(browser, path):
    answer = browser.post(path, data={"token": "x"}, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize("path", accounts.PATHS)
def test_a_token_in_the_address_is_shown_escaped_and_goes_to_no_other_site(browser, path):
    page = browser.get(f'{path}?token="><script>alert(1)</script>')
    assert "<script>alert" not in page.text
    assert page.headers["referrer-policy"] == "same-origin"


def test_a_form_that_is_too_long_is_refused(browser):
    assert browser.post("/register", data={"name": "x" * 5000}).status_code == 413


def test_guesses_through_the_dashboard_count_for_the_users_own_address(browser, email, api_address, store):
    answers = [browser.post("/signin", data={"email": email, "password": f"guess {number}"}) for number in range(7)]
    assert "Too many attempts" in answers[-1].text
    elsewhere = TestClient(
        Starlette(routes=SignIn(store, is_demo=False).routes), follow_redirects=False, client=("192.0.2.77", 1)
    )
    assert elsewhere.post("/signin", data={"email": email, "password": PASSWORD}).status_code == 303
