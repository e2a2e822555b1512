"""Connecting a calendar of a provider: a browser, the dashboard, the API, the provider and the synchronization, each over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboard.api_client import Client
from dashboard.auth.calendar_access import CalendarAccess
from dashboard.auth.sessions import COOKIE, SessionStore
from dashboard.auth.sign_in import SignedInOnly
from focusflow.identity import new_id
from focusflow.settings import load_settings
from ingestion.calendars.sync import CalendarSync
from operational_api.app import create_app
from tests.integration.ingestion.calendar_providers import CLIENT_ID, CLIENT_SECRET, Google, running
from tests.integration.ingestion.calendar_server import LOOPBACK
from tests.integration.oidc_provider import served

START = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def provider() -> Iterator[Google]:
    with running(Google) as found:
        yield found


@pytest.fixture(scope="module")
def settings(provider, tmp_path_factory):
    return load_settings(
        home=tmp_path_factory.mktemp("home"),
        dashboard_url="http://testserver",
        google_client_id=CLIENT_ID,
        google_client_secret=CLIENT_SECRET,
        google_accounts_url=provider.base,
        google_token_url=provider.base,
        google_calendar_url=f"{provider.base}/api",
    )


@pytest.fixture(scope="module")
def address(settings, database_url):
    with served(create_app(settings, database_url)) as found:
        yield found


@pytest.fixture
def new_browser(address):
    """A browser whose user is signed in."""
    store = SessionStore(address)
    app = SignedInOnly(Starlette(routes=CalendarAccess(store).routes), store)

    def make() -> TestClient:
        email, password = f"{new_id().hex}@example.com", "a long sentence is a good password"
        with Client(address) as client:
            client.register(email, password, "Ada", "Europe/Berlin")
            cookie = client.begin_session(email, password)
        return TestClient(app, follow_redirects=False, cookies={COOKIE: cookie})

    return make


@pytest.fixture
def browser(new_browser):
    return new_browser()


def connections(browser, address):
    with Client(address, browser.cookies[COOKIE]) as client:
        return client.calendar_connections()


def answer_of(provider, browser, path="/connect-calendar/google"):
    """What the browser comes back with."""
    answer = browser.get(path)
    assert answer.status_code == 303, answer.text
    code, state = provider.permit(answer.headers["location"])
    return {"code": code, "state": state}


def test_a_calendar_is_connected_by_two_redirects_and_read_with_what_came_back(
    browser, provider, settings, database, address
):
    provider.add("work", "Theirs", START, START + timedelta(hours=1))
    answer = browser.get("/connect-calendar/callback", params=answer_of(provider, browser))
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings?section=Calendars")
    (made,) = connections(browser, address)
    assert (made["kind"], made["name"], made["status"]) == ("google", "Google Calendar", "waiting")
    sync = CalendarSync.of(settings, database)
    CalendarSync(database, LOOPBACK, sync.keys, sync.interval, providers=sync.providers).run()
    (read,) = connections(browser, address)
    assert (read["status"], read["counts"]["added"], [each["id"] for each in read["calendars"]]) == ("ok", 1, ["work", "plans"])  # fmt: skip


def test_a_connection_gets_access_again_without_losing_its_choice(browser, provider, address):
    browser.get("/connect-calendar/callback", params=answer_of(provider, browser))
    (made,) = connections(browser, address)
    again = answer_of(provider, browser, f"/connect-calendar/google?connection={made['id']}")
    assert browser.get("/connect-calendar/callback", params=again).status_code == 303
    assert [each["id"] for each in connections(browser, address)] == [made["id"]]
    with Client(address, browser.cookies[COOKIE]) as client, pytest.raises(Exception, match="no password"):
        client.change_calendar(made["id"], password="x")


def test_what_another_user_began_or_nobody_did_is_refused(new_browser, provider, address):
    victim, attacker = new_browser(), new_browser()
    given = answer_of(provider, attacker)
    for params in (given, given | {"state": "invented"}, given | {"state": "ä"}):
        assert victim.get("/connect-calendar/callback", params=params).status_code == 403
    assert connections(victim, address) == []


def test_a_permission_that_was_not_given_connects_nothing(browser, address):
    answer = browser.get("/connect-calendar/callback", params={"error": "access_denied", "state": "x"})
    assert (answer.status_code, "was not given" in answer.text) == (400, True)
    assert browser.get("/connect-calendar/outlook").status_code == 404
    assert connections(browser, address) == []


def test_nobody_connects_a_calendar_without_being_signed_in(new_browser):
    browser = new_browser()
    browser.cookies.clear()
    for path in ("google", "callback?state=x&code=y"):
        assert browser.get(f"/connect-calendar/{path}").headers["location"] == "/signin"
