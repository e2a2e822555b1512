"""Every page as wide as a phone, a tablet and a screen, in light and dark: it fits, nothing is cut, text is read well, and by ear too. In a full run, pytest keeps the pictures."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.dashboard.conftest import AT_REST, overflow, settled, visit
from tests.sizes import IS_FULL

pytestmark = [pytest.mark.timeout(400), pytest.mark.browser]

PAGES = (
    "", "overview", "tasks", "goals", "habits", "time", "insights", "reports", "notifications", "settings", "app-users", "product", "model", "data-health", "audit",
)  # fmt: skip
WIDTHS = (390, 820, 1440)

#: Numbers that do not fit in their card, and what reaches beyond the window.
CUT = """() => [...document.querySelectorAll('[data-testid=stMetricValue] *')]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflow != 'visible').map(each => each.innerText)"""
CONTRAST = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")
#: Choices of which one stands under the others.
BROKEN = """() => [...document.querySelectorAll('[data-testid=stButtonGroup]')]
    .filter(each => new Set([...each.querySelectorAll('button')].map(button => button.offsetTop)).size > 1).map(each => each.innerText)"""


def violations(page: Page) -> list[str]:
    """What axe finds that keeps people from using a page, with the first place."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{each['help']}: {each['nodes'][0]['html'][:200]}" for each in found]


def test_every_page_fits_every_width_and_is_read_well_by_day_and_by_night(look, demo, tmp_path):
    page = look("admin", "", color_scheme="light")
    for path in PAGES:
        visit(demo, page, f"{path}?range=90+days")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert overflow(page) <= 0, (path, width)
            if IS_FULL:
                page.screenshot(path=tmp_path / f"{path or 'today'}-{width}.png")
            for wrong in (CUT, BROKEN):
                assert page.evaluate(wrong) == [], (path, width)
        assert page.evaluate(CONTRAST) == [], path
        assert violations(page) == [], path
        page.emulate_media(color_scheme="dark")
        page.reload()
        settled(page)
        if IS_FULL:
            page.screenshot(path=tmp_path / f"{path or 'today'}-dark.png")
        page.evaluate(AT_REST)
        assert page.evaluate(CONTRAST) == [], f"{path}, dark"
        page.emulate_media(color_scheme="light")


def test_what_has_the_focus_is_seen(look):
    page = look("demo", "overview")
    goals = page.get_by_role("link", name="Goals", exact=True)
    goals.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(goals).to_be_focused()
    expect(goals).to_have_css("outline-style", "solid")
    expect(goals).to_have_css("outline-width", "2px")


#: How much of the window moved while the page was built, as browsers count it: what stands in its place moves nothing.
MOVED = """() => { window.moved = 0; new PerformanceObserver(list => {
    for (const each of list.getEntries()) if (!each.hadRecentInput) window.moved += each.value
}).observe({type: 'layout-shift', buffered: true}) }"""


def test_a_page_does_not_jump_while_it_is_built(look, demo):
    page = look("demo", "overview")
    page.add_init_script(f"({MOVED})()")
    for path in ("overview", "tasks", "time", "today"):
        visit(demo, page, path)
        page.evaluate(AT_REST)
        assert page.evaluate("window.moved") < 0.1, path


def test_without_a_connection_the_app_says_so(look, demo):
    page = look("demo", "overview")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    page.context.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    settled(page)
