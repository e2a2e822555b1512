"""Signing in with Keycloak, where its distribution is given: `KEYCLOAK_HOME=/opt/keycloak pytest tests/integration/dashboard/test_keycloak.py`."""

import html
import json
import os
import re
import shutil
import socket
import subprocess
import time
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from dashboard.api_client import Client
from dashboard.auth.sessions import COOKIE, SessionStore
from dashboard.auth.sign_in import SignedInOnly, SignIn
from dashboard.auth.single_sign_on import SingleSignOn
from focusflow.settings import load_settings
from operational_api.app import create_app
from tests.integration.oidc_provider import CLIENT_ID, CLIENT_SECRET, served

HOME = os.environ.get("KEYCLOAK_HOME")
pytestmark = [
    pytest.mark.skipif(HOME is None, reason="KEYCLOAK_HOME names no distribution of Keycloak"),
    pytest.mark.timeout(400),
]
START_SECONDS = 300
REALM, USER, PASSWORD = "main", "ada", "a password at Keycloak"
ADMIN = {"KC_BOOTSTRAP_ADMIN_USERNAME": "admin", "KC_BOOTSTRAP_ADMIN_PASSWORD": "admin"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def realm(dashboard):
    groups = {
        "name": "groups",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-group-membership-mapper",
        "config": {"claim.name": "groups", "full.path": "false", "id.token.claim": "true"},
    }
    client = {
        "clientId": CLIENT_ID,
        "secret": CLIENT_SECRET,
        "redirectUris": [f"{dashboard}/signin/oidc/callback"],
        "attributes": {
            "backchannel.logout.url": f"{dashboard}/signin/oidc/sign-out",
            "backchannel.logout.session.required": "true",
        },
        "protocolMappers": [groups],
    }
    user = {
        "username": USER, "enabled": True, "email": "ada@example.com", "emailVerified": True, "firstName": "Ada", "lastName": "Lovelace",
        "credentials": [{"type": "password", "value": PASSWORD}], "groups": ["staff"],
    }  # fmt: skip
    groups_of_realm = [{"name": "staff"}]
    return {"realm": REALM, "enabled": True, "sslRequired": "none", "clients": [client], "users": [user], "groups": groups_of_realm}  # fmt: skip


@pytest.fixture(scope="module")
def dashboard_port():
    return free_port()


@pytest.fixture(scope="module")
def keycloak(tmp_path_factory, dashboard_port):
    """The address of a Keycloak with a realm, a client and a user."""
    home, port = tmp_path_factory.mktemp("keycloak") / "home", free_port()
    shutil.copytree(str(HOME), home, symlinks=True)
    imported = home / "data" / "import"
    imported.mkdir(parents=True)
    (imported / "realm.json").write_text(json.dumps(realm(f"http://127.0.0.1:{dashboard_port}")), encoding="utf-8")
    address = f"http://127.0.0.1:{port}"
    command = [
        str(home / "bin" / "kc.sh"),
        "start-dev",
        "--import-realm",
        "--http-host=127.0.0.1",
        f"--http-port={port}",
    ]
    with (home / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | ADMIN)
        try:
            _wait_for(f"{address}/realms/{REALM}/.well-known/openid-configuration", process, home / "log.txt")
            yield address
        finally:
            process.terminate()
            process.wait(60)


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx2.get(url, timeout=5).is_success:
                return
        except httpx2.HTTPError:
            time.sleep(0.5)
    pytest.fail(f"Keycloak does not answer: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")


@pytest.fixture(scope="module")
def dashboard(keycloak, dashboard_port, database_url, tmp_path_factory):
    """The address of a dashboard that signs in with Keycloak."""
    settings = load_settings(
        home=tmp_path_factory.mktemp("home"),
        dashboard_url=f"http://127.0.0.1:{dashboard_port}",
        oidc_issuer=f"{keycloak}/realms/{REALM}",
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=CLIENT_SECRET,
        oidc_create_accounts=True,
        oidc_roles={"staff": "analyst"},
    )

    def page(request):
        with Client(api_address, request.cookies[COOKIE]) as client:
            return JSONResponse(client.me())

    with served(create_app(settings, database_url)) as api_address:
        store = SessionStore(api_address)
        sign_in = SignIn(store, is_demo=False, provider="Keycloak")
        routes = [*sign_in.routes, *SingleSignOn(store, sign_in).routes, Route("/", page)]
        app = Starlette(routes=routes, middleware=[Middleware(SignedInOnly, store=store)])
        with served(app, dashboard_port) as address:
            yield address


@pytest.fixture
def browser():
    """It sends secure cookies to this machine by HTTP too, as browsers do."""
    jar = CookieJar(DefaultCookiePolicy(secure_protocols=("https", "http")))
    with httpx2.Client(follow_redirects=True, timeout=30, cookies=jar) as client:
        yield client


def sign_in(browser, dashboard, password=PASSWORD):
    form = browser.get(f"{dashboard}/signin/oidc").text
    action = html.unescape(re.findall(r'<form[^>]*action="([^"]+)"', form)[0])
    return browser.post(action, data={"username": USER, "password": password})


def account(answer):
    """What the dashboard's page says of who is signed in."""
    assert answer.headers["content-type"] == "application/json", (
        f"{answer.url}: {re.sub('<[^>]+>', '', answer.text)[:3000]}"
    )
    return answer.json()


def test_a_user_of_keycloak_signs_in_with_address_name_and_role(browser, dashboard):
    me = account(sign_in(browser, dashboard))
    assert (me["email"], me["display_name"], me["role"]) == ("ada@example.com", "Ada Lovelace", "analyst")


def test_a_wrong_password_at_keycloak_signs_nobody_in(browser, dashboard):
    assert "Invalid username or password" in sign_in(browser, dashboard, "wrong").text
    assert browser.get(f"{dashboard}/").url.path == "/signin"


def test_who_is_signed_in_at_keycloak_comes_back_without_a_password(browser, dashboard):
    sign_in(browser, dashboard)
    browser.cookies.delete(COOKIE, domain="127.0.0.1", path="/")
    assert account(browser.get(f"{dashboard}/signin/oidc"))["display_name"] == "Ada Lovelace"


def test_a_session_that_an_admin_of_keycloak_ends_is_over(browser, dashboard, keycloak):
    assert account(sign_in(browser, dashboard))["email"] == "ada@example.com"
    asked = {"client_id": "admin-cli", "grant_type": "password", "username": "admin", "password": "admin"}
    token = httpx2.post(f"{keycloak}/realms/master/protocol/openid-connect/token", data=asked).json()["access_token"]
    admin = {"Authorization": f"Bearer {token}"}
    (user,) = httpx2.get(f"{keycloak}/admin/realms/{REALM}/users?username={USER}", headers=admin).json()
    ended = httpx2.post(f"{keycloak}/admin/realms/{REALM}/users/{user['id']}/logout", headers=admin)
    assert ended.status_code == 204, ended.text
    assert browser.get(f"{dashboard}/").url.path == "/signin"
