"""The pages about all users together: for analysts and admins, and nobody else."""

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard.conftest import downloaded, settled, visit

pytestmark = [pytest.mark.timeout(400), pytest.mark.browser]

PAGES = {"Product": "Impact", "Model": "Today's scores", "Data health": "Broken rules"}
PATHS = ("product", "model", "data-health")


def test_an_analyst_finds_the_pages_in_the_menu_and_takes_their_charts_away(look, demo):
    page = look("analyst", "overview?range=1+year")
    for name, tells in PAGES.items():
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        settled(page)
        expect(page.get_by_text(tells).first).to_be_visible()
    assert page.get_by_text("Published to the API").count() == 0  # that is for admins
    visit(demo, page, "product?range=1+year")
    expect(page.get_by_role("button", name="CSV")).to_have_count(5)
    columns = [set(downloaded(page, page, which)[0]) for which in range(5)]
    for wanted in ("dau", "share_up_20", "cohort_week", "name", "event_name"):
        assert sum(wanted in each for each in columns) == 1


def test_others_find_them_neither_in_the_menu_nor_by_their_address(look, demo):
    page = look("demo")
    for path in PATHS:
        visit(demo, page, path)
        expect(page.get_by_text("Page not found")).to_be_visible()
        expect(page.get_by_role("link", name="Insights", exact=True)).to_be_attached()
        for name in PAGES:
            assert page.get_by_role("link", name=name, exact=True).count() == 0


def test_an_admin_sees_what_the_api_has(look):
    expect(look("admin", "data-health").get_by_text("Published to the API")).to_be_visible()
