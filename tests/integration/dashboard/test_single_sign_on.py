"""Signing in with an OpenID Connect provider: a browser, the dashboard, the API and the provider, each over HTTP."""

import base64
import dataclasses
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard.api_client import Client
from dashboard.auth.sessions import COOKIE, SessionStore
from dashboard.auth.sign_in import SignedInOnly, SignIn
from dashboard.auth.single_sign_on import SingleSignOn
from focusflow import clock
from focusflow.errors import Forbidden, NotSignedIn
from focusflow.identity import new_id
from focusflow.settings import load_settings
from operational_api.app import create_app
from operational_api.http.services import Services
from operational_api.security.second_factor import STEP_SECONDS, code_at
from tests.integration.api.conftest import mails_in, token_in
from tests.integration.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, served

NOW_LESS_AN_HOUR = int(clock.now().timestamp()) - 3600
PASSWORD = "a long sentence is a good password"


@pytest.fixture(scope="module")
def provider():
    provider = Provider()
    with served(provider.app) as provider.issuer:
        yield provider


@pytest.fixture(scope="module")
def api(provider, database_url, tmp_path_factory):
    settings = load_settings(
        home=tmp_path_factory.mktemp("home"),
        dashboard_url="http://testserver",
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=CLIENT_SECRET,
        oidc_create_accounts=True,
    )
    app = create_app(settings, database_url)
    with served(app) as app.state.address:
        yield app


@pytest.fixture
def configured(api):
    """The API with other settings for one test."""
    given: Services = api.state.services

    def change(**settings):
        api.state.services = dataclasses.replace(given, settings=given.settings.model_copy(update=settings))

    yield change
    api.state.services = given


@pytest.fixture(autouse=True)
def ada(provider, database, monkeypatch):
    """A user whom only the provider knows."""
    monkeypatch.setattr("operational_api.security.identity_provider.KEYS_SECONDS", -1)
    with database.owner() as connection:
        connection.execute("delete from attempts")
    provider.reset()
    provider.authentication = "client_secret_basic"
    name = new_id().hex
    provider.user = {
        "sub": f"id-{name}", "email": f"{name}@example.com", "email_verified": True, "name": "Ada", "zoneinfo": "Asia/Tokyo",
    }  # fmt: skip
    return provider.user


@pytest.fixture
def browser(api):
    store = SessionStore(api.state.address)

    def page(request):
        with Client(store.api_address, request.cookies[COOKIE]) as client:
            return JSONResponse(client.me())

    sign_in = SignIn(store, is_demo=False, provider="Exämple & Co")
    app = Starlette(routes=[*sign_in.routes, *SingleSignOn(store, sign_in).routes, Route("/", page)])
    with TestClient(SignedInOnly(app, store), follow_redirects=False) as client:
        yield client


def go_to_provider(browser):
    """The address with which the provider sends the browser back."""
    answer = browser.get("/signin/oidc")
    assert answer.status_code == 303, answer.text
    return httpx2.get(answer.headers["location"]).headers["location"]


def sign_in(browser):
    return browser.get(go_to_provider(browser))


def me(browser):
    answer = browser.get("/")
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture
def registered(api, ada):
    """Someone has registered Ada's address with a password, and made a key."""
    with Client(api.state.address) as client:
        client.register(ada["email"], PASSWORD, "Somebody", "UTC")
        client.login(ada["email"], PASSWORD)
        client.create_api_key("Widget", ["tasks:read"])
        return client.me()


def one(database, query, *values):
    with database.owner() as connection:
        return connection.execute(query, values).fetchone()


def test_the_first_sign_in_creates_an_account_and_the_next_finds_it_by_who_the_user_is(browser, ada):
    assert '<a class="button" href="/signin/oidc">Sign in with Exämple &amp; Co</a>' in browser.get("/signin").text
    answer = sign_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    created = me(browser)
    assert (created["email"], created["display_name"], created["timezone"]) == (ada["email"], "Ada", "Asia/Tokyo")
    assert (created["role"], created["email_is_verified"]) == ("user", True)
    browser.cookies.clear()
    ada["email"] = f"new-{ada['email']}"
    sign_in(browser)
    assert me(browser) == created


def test_an_account_from_the_provider_has_no_password(browser, api, ada):
    sign_in(browser)
    with Client(api.state.address) as client, pytest.raises(NotSignedIn):
        client.login(ada["email"], "nobody has this password")


def test_who_has_no_password_confirms_by_signing_in_again_and_erases_the_account(browser, api, database, ada):
    sign_in(browser)
    for _ in range(2):
        with Client(api.state.address, browser.cookies[COOKIE]) as client:
            assert client.confirmation() == {"is_needed": False, "by": "provider", "has_password": False}
            with pytest.raises(Forbidden, match="no password"):
                client.change_password("", "another long sentence is as good")
            assert client.erase_account()["due_at"]
            client.cancel_erasure()
            with database.owner() as connection:
                query = "update refresh_tokens set confirmed_at = confirmed_at - interval '1 hour' where user_id = %s"
                connection.execute(query, [client.me()["id"]])
            assert client.confirmation()["is_needed"]
            for attempt in ({}, {"password": "a guess"}):
                with pytest.raises(Forbidden, match="Confirm first"):
                    client.erase_account(**attempt)
            with pytest.raises(Forbidden):
                client.confirm(password="")
        sign_in(browser)


def is_confirmed(api, browser):
    with Client(api.state.address, browser.cookies[COOKIE]) as client:
        return not client.confirmation()["is_needed"]


def test_a_sign_in_counts_as_confirmed_from_when_the_user_signed_in_at_the_provider(browser, api, provider, ada):
    provider.signed_in_at = int(clock.now().timestamp()) - 3600
    sign_in(browser)
    assert not is_confirmed(api, browser)
    back = httpx2.get(browser.get("/signin/oidc?confirm=1").headers["location"]).headers["location"]
    assert browser.get(back).status_code == 303
    assert is_confirmed(api, browser)


@pytest.mark.parametrize(
    "auth_time",
    [pytest.param(NOW_LESS_AN_HOUR, id="an hour ago"), None, "soon", True, 1e18, -1],  # workers must agree on names
)
def test_a_confirmation_is_refused_where_the_provider_did_not_ask_again(browser, api, provider, ada, auth_time):
    provider.spoil = lambda claims: claims | {"auth_time": auth_time}
    sign_in(browser)
    assert not is_confirmed(api, browser)
    back = httpx2.get(browser.get("/signin/oidc?confirm=1").headers["location"]).headers["location"]
    answer = browser.get(back)
    assert (answer.status_code, "did not say that you have just signed in" in answer.text) == (401, True)


def mail_to(home, address):
    """The mail that is sent after the answer."""
    deadline = time.monotonic() + 20
    while not (mails := mails_in(home, address)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return mails[-1]


def test_a_link_sets_the_first_password(browser, api, ada):
    sign_in(browser)
    with Client(api.state.address) as client:
        client.forgot_password(ada["email"])
        client.reset_password(token_in(mail_to(api.state.services.settings.home, ada["email"])), PASSWORD)
        client.login(ada["email"], PASSWORD)
        assert client.confirmation()["has_password"]


def test_without_the_setting_nobody_gets_an_account(browser, configured, database, ada):
    configured(oidc_create_accounts=False)
    answer = sign_in(browser)
    assert (answer.status_code, COOKIE in browser.cookies) == (403, False)
    assert "You have no account here" in answer.text
    assert one(database, "select from users where email = %s", ada["email"]) is None


FOREIGN_KEY = Provider().key

NOW = int(clock.now().timestamp())
SPOILED = {
    "wrong issuer": {"iss": "https://evil.example"},
    "wrong audience": {"aud": "another client"},
    "issued for several clients": {"aud": [CLIENT_ID, "another client"]},
    "issued to another client": {"azp": "another client"},
    "wrong nonce": {"nonce": "of another sign-in"},
    "no nonce": {"nonce": None},
    "expired": {"exp": NOW - 120},
    "from the future": {"iat": NOW + 36_000},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
}


@pytest.mark.parametrize("name", SPOILED)
def test_an_answer_is_refused_with(browser, provider, database, ada, name):
    provider.spoil = lambda claims: {key: value for key, value in (claims | SPOILED[name]).items() if value is not None}
    answer = sign_in(browser)
    assert (answer.status_code, COOKIE in browser.cookies) == (401, False)
    assert one(database, "select from users where email = %s", ada["email"]) is None
    refused = one(database, "select action, after from audit_log order by at desc, id desc limit 1")
    assert refused == {"action": "sign-in.refused", "after": {"method": "oidc", "reason": "SignInRefused"}}


SIGNATURES = {
    "none": lambda claims, _: jwt.encode(claims, "", "none"),
    "the client's secret": lambda claims, kid: jwt.encode(claims, CLIENT_SECRET * 3, "HS256", {"kid": kid}),
    "a foreign key": lambda claims, kid: jwt.encode(claims, FOREIGN_KEY, "RS256", {"kid": kid}),
    "an unknown key": lambda claims, _: jwt.encode(claims, FOREIGN_KEY, "RS256", {"kid": "unknown"}),
    "nothing at all": lambda claims, _: "not a token",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_an_answer_is_refused_that_is_signed_with(browser, provider, name):
    provider.sign = lambda claims: SIGNATURES[name](claims, provider.key_id)
    assert sign_in(browser).status_code == 401


def test_the_answer_counts_once_and_in_the_browser_that_was_sent_alone(browser, api):
    back = go_to_provider(browser)
    secret = dict(browser.cookies)
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert browser.get(back.replace(state, state[::-1])).status_code == 401
    browser.cookies.clear()
    assert browser.get(back).status_code == 401, "another browser"
    browser.cookies.update(secret)
    assert browser.get(back).status_code == 303
    browser.cookies.clear()
    browser.cookies.update(secret)
    assert browser.get(back).status_code == 401, "a second time"
    assert COOKIE not in browser.cookies


def test_a_sign_in_that_took_too_long_is_refused(browser, database):
    back = go_to_provider(browser)
    with database.owner() as connection:
        connection.execute("update pending_sign_ins set expires_at = now()")
    assert browser.get(back).status_code == 401


@pytest.mark.parametrize("is_verified", [False, None, "false"])
def test_an_address_that_the_provider_has_not_verified_opens_no_account(
    browser, database, ada, registered, is_verified
):
    ada["email_verified"] = is_verified
    answer = sign_in(browser)
    assert (answer.status_code, COOKIE in browser.cookies) == (403, False)
    assert "has not verified your email address" in answer.text
    assert one(database, "select from identities where user_id = %s", registered["id"]) is None
    assert one(database, "select email_verified_at from users where id = %s", registered["id"]) == {
        "email_verified_at": None
    }


def test_an_address_counts_as_verified_where_the_operator_says_so(browser, configured, ada):
    del ada["email_verified"]
    configured(oidc_trust_email=True)
    assert sign_in(browser).status_code == 303


def test_a_password_registered_for_the_address_of_another_user_ends(browser, api, database, ada, registered):
    sign_in(browser)
    assert me(browser)["id"] == registered["id"]
    with Client(api.state.address) as client, pytest.raises(NotSignedIn):
        client.login(ada["email"], PASSWORD)
    keys = "select count(*) filter (where revoked_at is null) as working from api_keys where user_id = %s"
    assert one(database, keys, registered["id"]) == {"working": 0}


def test_an_account_with_a_confirmed_address_keeps_its_password(browser, api, database, ada, registered):
    with database.owner() as connection:
        connection.execute("update users set email_verified_at = now() where id = %s", [registered["id"]])
    ada["email"] = ada["email"].upper()
    sign_in(browser)
    assert me(browser)["id"] == registered["id"]
    with Client(api.state.address) as client:
        assert client.login(ada["email"], PASSWORD).access


def test_a_deactivated_account_is_refused(browser, database, ada):
    sign_in(browser)
    with database.owner() as connection:
        connection.execute("update users set is_active = false where email = %s", [ada["email"]])
    browser.cookies.clear()
    assert (sign_in(browser).status_code, COOKIE in browser.cookies) == (403, False)


def test_an_account_with_an_authenticator_app_needs_a_code_here_too(browser, api):
    sign_in(browser)
    with Client(api.state.address, browser.cookies[COOKIE]) as client:
        secret = base64.b32decode(client.begin_two_factor()["key"])
        step = int(clock.now().timestamp()) // STEP_SECONDS
        client.turn_on_two_factor(code_at(secret, step - 1))
    browser.cookies.clear()
    asked = sign_in(browser)
    assert (asked.status_code, COOKIE in browser.cookies) == (200, False)
    ticket = re.findall(r'name="ticket" value="([^"]+)"', asked.text)[0]
    browser.post("/signin/code", data={"ticket": ticket, "code": code_at(secret, step)})
    assert me(browser)["display_name"] == "Ada"


def test_groups_give_the_role_at_each_sign_in(browser, configured, database, ada):
    configured(oidc_roles={"staff": "analyst", "ops": "admin"}, oidc_groups_claim="realm_access.roles")
    for groups, role in ((["staff", "ops", "others"], "admin"), (["staff"], "analyst"), ([], "user"), ("ops", "admin")):
        ada["realm_access"] = {"roles": groups}
        browser.cookies.clear()
        sign_in(browser)
        assert me(browser)["role"] == role
    changes = (
        "select before, after from audit_log where action = 'user.changed' and user_id = %s order by at, id limit 1"
    )
    assert one(database, changes, me(browser)["id"]) == {"before": {"role": "user"}, "after": {"role": "admin"}}


def test_without_a_mapping_admins_give_roles(browser, database, ada):
    sign_in(browser)
    with database.owner() as connection:
        connection.execute("update users set role = 'analyst' where email = %s", [ada["email"]])
    sign_in(browser)
    assert me(browser)["role"] == "analyst"


def test_claims_that_the_token_lacks_are_read_from_the_provider(browser, provider, ada):
    provider.userinfo = dict(ada)
    for name in ("email", "email_verified", "name"):
        del ada[name]
    sign_in(browser)
    assert me(browser)["email"] == provider.userinfo["email"]


def test_claims_about_another_user_are_refused(browser, provider, ada):
    provider.userinfo = ada | {"sub": "somebody else"}
    del ada["email"]
    assert sign_in(browser).status_code == 401


@pytest.mark.parametrize(
    ("way", "secret"), [("client_secret_post", CLIENT_SECRET), ("none", None)], ids=["posted secret", "public client"]
)
def test_the_client_proves_itself_as_the_provider_wants_it(browser, provider, configured, way, secret):
    provider.authentication = way
    configured(oidc_client_secret=secret and load_settings(oidc_client_secret=secret).oidc_client_secret)
    assert sign_in(browser).status_code == 303


def test_the_provider_may_change_its_keys(browser, provider):
    assert sign_in(browser).status_code == 303
    provider.rotate()
    assert sign_in(browser).status_code == 303


def test_a_sign_in_that_was_cancelled_leads_back_to_the_page(browser):
    go_to_provider(browser)
    answer = browser.get("/signin/oidc/callback?error=access_denied&error_description=<b>evil</b>&state=x")
    assert (answer.status_code, "evil" in answer.text) == (401, False)
    assert "Start again" in answer.text


def test_a_provider_that_is_down_is_reported_in_words_and_passwords_still_work(
    browser, provider, configured, ada, registered
):
    provider.is_down = True
    configured()  # nothing is known of the provider yet
    answer = browser.get("/signin/oidc")
    assert (answer.status_code, "does not answer" in answer.text) == (503, True)
    assert browser.post("/signin", data={"email": ada["email"], "password": PASSWORD}).status_code == 303


def test_a_provider_that_calls_itself_otherwise_is_not_used(browser, configured, provider):
    configured(oidc_issuer=f"{provider.issuer}/")
    assert browser.get("/signin/oidc").status_code == 503


def test_signing_out_offers_to_sign_out_of_the_provider_too(browser, provider, ada):
    sign_in(browser)
    answer = browser.post("/signout")
    assert f'<a href="{provider.issuer}/sign-out?client_id=focus+flow&amp;post_logout_redirect_uri=' in answer.text
    assert COOKIE not in browser.cookies
    assert browser.post("/signout").headers["location"] == "/signin"


def test_an_installation_without_a_provider_has_no_such_sign_in(browser, configured):
    configured(oidc_issuer=None)
    assert browser.get("/signin/oidc").status_code == 404


SIGN_OUT: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}


def sign_out_token(provider, **claims):
    """A message of the provider that a session there has ended."""
    now = int(clock.now().timestamp())
    whole = {
        "iss": provider.issuer,
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + 120,
        "jti": new_id().hex,
        "events": SIGN_OUT,
    }
    return provider.signed({name: value for name, value in (whole | claims).items() if value is not None})


def tell(browser, token):
    """What the provider gets to hear, which has no cookie."""
    return browser.post("/signin/oidc/sign-out", data={"logout_token": token}, headers={"Cookie": ""}).status_code


@pytest.fixture
def sessions(browser, api, provider, database, registered):
    """Two sessions that Ada began at the provider, and one with her password. Which of them are still valid."""
    ada = provider.user
    with database.owner() as connection:
        connection.execute("update users set email_verified_at = now() where email = %s", [ada["email"]])
    store = SessionStore(api.state.address)
    begun = {"password": store.sign_in(ada["email"], PASSWORD)}
    for name in ("phone", "laptop"):
        provider.spoil = lambda claims, name=name: claims | {"sid": f"{name} of {ada['sub']}"}
        assert sign_in(browser).status_code == 303
        begun[name] = browser.cookies[COOKIE]

    def valid():
        return {name for name, token in begun.items() if SessionStore(api.state.address).find(token)}

    assert valid() == {"password", "phone", "laptop"}
    return valid


def test_a_session_ends_with_that_at_the_provider(browser, provider, database, ada, sessions):
    assert tell(browser, sign_out_token(provider, sid=f"phone of {ada['sub']}")) == 200
    assert sessions() == {"password", "laptop"}
    recorded = one(database, "select action, after from audit_log order by at desc, id desc limit 1")
    assert recorded == {"action": "sign-out", "after": {"method": "oidc"}}
    assert tell(browser, sign_out_token(provider, sub=ada["sub"], exp=None)) == 200
    assert sessions() == {"password"}


BAD_SIGN_OUTS: dict[str, dict[str, Any]] = {
    "wrong issuer": {"iss": "https://evil.example"},
    "wrong audience": {"aud": "another client"},
    "expired": {"exp": NOW - 120},
    "too old": {"iat": NOW - 600},
    "from the future": {"iat": NOW + 36_000},
    "a nonce": {"nonce": "x"},
    "no event": {"events": None},
    "another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "an event that is a text": {"events": next(iter(SIGN_OUT))},
    "no id": {"jti": None},
    "neither user nor session": {"sub": None},
    "a user that is no text": {"sub": 7},
}


def test_a_message_of_the_provider_is_refused_that_is_no_sign_out(browser, provider, ada, sessions):
    for name, spoiled in BAD_SIGN_OUTS.items():
        assert tell(browser, sign_out_token(provider, **{"sub": ada["sub"]} | spoiled)) == 400, name
    claims = jwt.decode(sign_out_token(provider, sub=ada["sub"]), options={"verify_signature": False})
    for name, sign in SIGNATURES.items():
        assert tell(browser, sign(claims, provider.key_id)) == 400, name
    assert tell(browser, "x" * 5000) == 400
    assert sessions() == {"password", "phone", "laptop"}


def test_a_sign_out_counts_once(browser, provider, ada, sessions):
    token = sign_out_token(provider, sub=ada["sub"])
    assert tell(browser, token) == 200
    assert sign_in(browser).status_code == 303
    assert tell(browser, token) == 400
    assert me(browser)["email"] == ada["email"]


def test_an_id_token_is_no_sign_out(browser, provider, ada, sessions):
    sent: list[str] = []

    def sign(claims):
        sent.append(provider.signed(claims))
        return sent[-1]

    provider.sign = sign
    sign_in(browser)
    assert tell(browser, sent[0]) == 400
    assert sessions() == {"password", "phone", "laptop"}


def test_a_session_that_took_a_code_ends_with_that_at_the_provider_too(browser, api, provider, database, ada):
    provider.spoil = lambda claims: claims | {"sid": f"phone of {ada['sub']}"}
    sign_in(browser)
    with Client(api.state.address, browser.cookies[COOKIE]) as client:
        secret = base64.b32decode(client.begin_two_factor()["key"])
        step = int(clock.now().timestamp()) // STEP_SECONDS
        client.turn_on_two_factor(code_at(secret, step - 1))
    browser.cookies.clear()
    ticket = re.findall(r'name="ticket" value="([^"]+)"', sign_in(browser).text)[0]
    browser.post("/signin/code", data={"ticket": ticket, "code": code_at(secret, step)})
    assert browser.get("/").status_code == 200
    session = browser.cookies[COOKIE]
    assert tell(browser, sign_out_token(provider, sid=f"phone of {ada['sub']}")) == 200
    assert SessionStore(api.state.address).find(session) is None
