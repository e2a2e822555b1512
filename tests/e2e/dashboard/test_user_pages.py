"""The pages that a user opens, with a year of demo data."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from dashboard.formatting import long_date
from focusflow import clock
from focusflow.metrics import BY_NAME
from tests.e2e.dashboard.conftest import downloaded, settled, visit

pytestmark = [pytest.mark.timeout(400), pytest.mark.browser]

#: By its place in the menu, what a page tells that comes from the user's data.
PAGES = {
    "Overview": "Productivity score",
    "Tasks": "Lead time",
    "Goals": "Likely around",
    "Habits": "Strength",
    "Time": "By category",
    "Reports": "Preview of the next email",
}


def test_each_page_of_the_menu_tells_what_the_demo_holds_and_what_it_means(look):
    page = look("demo")
    for name, tells in PAGES.items():
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        settled(page)
        expect(page.get_by_text(tells).first).to_be_visible()
        expect(page.locator("canvas, svg.marks, iframe").first).to_be_attached()
    page.get_by_role("link", name="Overview", exact=True).click()
    page.get_by_test_id("stMetric").first.get_by_test_id("stTooltipHoverTarget").hover()
    expect(page.get_by_text(BY_NAME["tasks_completed"].meaning).first).to_be_visible()


def test_the_range_is_in_the_address_and_goes_along_to_other_pages(look, demo):
    month = clock.Period.month_of(clock.now().date().replace(day=1) - timedelta(days=1))
    page = look("demo", "overview")
    page.get_by_text("90 days").click()
    page.wait_for_url("**/overview?range=90+days")
    page.get_by_role("link", name="Time", exact=True).click()
    page.wait_for_url("**/time?range=90+days")
    visit(demo, page, f"tasks?range={month.first}~{month.last}")
    expect(page.get_by_text(f"{long_date(month.first)} to {long_date(month.last)}")).to_be_visible()
    page.get_by_role("link", name="Overview", exact=True).click()
    page.wait_for_url(f"**/overview?range={month.first}~{month.last}")
    visit(demo, page, "tasks?range=2026-13-01~yesterday")  # no range: the usual one
    page.wait_for_url("**/tasks?range=30+days")
    visit(demo, page, "today")
    expect(page.get_by_role("heading", name="Next", exact=True)).to_be_visible()
    assert page.get_by_text("Page not found").count() == 0


def test_what_a_page_shows_comes_as_a_file(look, demo):
    page = look("demo", "overview?range=7+days")
    rows = downloaded(page, page)
    assert len(rows) == 7
    assert "tasks_completed" in rows[0]
    assert "user_id" not in rows[0]
    visit(demo, page, "tasks")
    rows = downloaded(page, page.locator(".st-key-csv-tasks"))
    scores = [float(row["score"]) for row in rows if row["score"]]
    assert scores == sorted(scores, reverse=True)
    assert all(row["title"] for row in rows)
    assert any(row["note"] for row in rows)


def test_insights_open_to_their_rows_and_to_what_they_rest_on(look):
    page = look("demo", "insights?range=1+year")
    expect(page.get_by_text("Your usual range is made to hold")).to_be_visible()
    expect(page.get_by_text("Written by rule")).to_be_visible()
    page.get_by_text("How this is computed").first.click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    page.get_by_role("button", name="Why").first.click()
    meaning = page.get_by_text(BY_NAME["tasks_completed"].meaning)
    expect(meaning.locator("visible=true").first).to_be_visible()


def test_a_report_is_read_in_a_frame_that_cannot_reach_the_page_and_taken_away_as_a_pdf(look, demo):
    page = look("demo", "reports?report=This+week&range=7+days")
    for which in ("This+month", "These+days", "This+week"):
        visit(demo, page, f"reports?report={which}&range=7+days")
        expect(
            page.frame_locator("iframe").get_by_text("Numbers as of")
        ).to_be_visible()  # a running week may be empty yet
        assert page.locator("iframe").get_attribute("src").startswith("data:text/html")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="PDF").click()
    assert waiting.value.path().read_bytes().startswith(b"%PDF-")
