"""Users who look at the running demo in a real browser."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from dashboard.api_client import Client
from focusflow.identity import new_id
from tests.e2e.conftest import PATIENCE, Stack

PASSWORD = "correct horse battery"
DEMO = "focusflow-demo"

#: By how many pixels a page is wider than its window.
OVERFLOW = (
    "() => { const main = document.querySelector('[data-testid=stMain]'); return main.scrollWidth - main.clientWidth }"
)
#: Until nothing has changed its size or place for a while: charts follow a new width of the window late.
AT_REST = """() => new Promise(resolve => {
    let before, since
    const look = () => {
        const now = [...document.querySelectorAll('[data-testid=stMain] *')].map(each => {
            const {x, y, width, height} = each.getBoundingClientRect()
            return [x, y, width, height].map(Math.round).join()
        }).join(' ')
        if (now != before) [before, since] = [now, performance.now()]
        if (performance.now() - since > 150) resolve()
        else setTimeout(look, 30)
    }
    look()
})"""


@pytest.fixture(scope="package")
def cookies() -> dict[str, Any]:
    """Of those who are signed in already, by their address: a sign-in takes as long as a page."""
    return {}


@contextmanager
def signed_in(
    demo: Stack, browser: Browser, cookies: dict[str, Any], email: str, password: str, **how: Any
) -> Iterator[Page]:
    with browser.new_context(
        viewport={"width": 1440, "height": 900}, storage_state=cookies.get(email), **how
    ) as context:
        if email not in cookies:
            answer = context.request.post(
                f"{demo.address('dashboard')}/signin", form={"email": email, "password": password}, max_redirects=0
            )
            assert answer.status == 303, answer.text()
            cookies[email] = context.storage_state()
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        yield page


@pytest.fixture
def new_user(demo: Stack) -> Iterator[Client]:
    """A user of their own, with nothing yet."""
    with Client(demo.address("api")) as client:
        email = f"{new_id().hex}@example.com"
        client.register(email, PASSWORD, "Noor", "UTC")
        client.login(email, PASSWORD)
        yield client


@pytest.fixture
def look(demo: Stack, browser: Browser, cookies: dict[str, Any]) -> Iterator[Callable[..., Page]]:
    """Opens the dashboard as somebody: by their client, or by the name of a demo account."""
    with ExitStack() as opened:

        def as_(who: Client | str, path: str = "", **how: Any) -> Page:
            email, password = (f"{who}@example.com", DEMO) if isinstance(who, str) else (who.me()["email"], PASSWORD)
            page = opened.enter_context(signed_in(demo, browser, cookies, email, password, **how))
            visit(demo, page, path)
            return page

        yield as_


def visit(demo: Stack, page: Page, path: str) -> None:
    """Open a page by its address, until it has been made."""
    page.goto(f"{demo.address('dashboard')}/{path}")
    settled(page)


def settled(page: Page) -> None:
    """Until the page is made, and in words."""
    title(page).wait_for()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    assert page.get_by_test_id("stException").count() == 0
    assert page.get_by_text("This page could not be made").count() == 0


def overflow(page: Page) -> int:
    """By how many pixels a page is wider than its window, once it has come to rest."""
    page.evaluate(AT_REST)
    return int(page.evaluate(OVERFLOW))


def downloaded(page: Page, place: Page | Locator, which: int = 0) -> list[dict[str, str]]:
    """The rows that a button CSV gives."""
    with page.expect_download() as waiting:
        place.get_by_role("button", name="CSV").nth(which).click()
    return list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8"))))


def title(page: Page) -> Locator:
    return page.get_by_test_id("stMain").get_by_role("heading", level=1)
