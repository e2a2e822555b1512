"""Every page on a phone, with titles that are long and of any script."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from focusflow import clock
from tests.e2e.dashboard.conftest import overflow, visit

pytestmark = [pytest.mark.timeout(400), pytest.mark.browser]

PAGES = ("", "overview", "tasks", "goals", "habits", "time", "insights", "reports", "notifications", "settings")

#: Five hundred characters each: right to left, without a space, and what would be markup.
TITLES = (
    ("مرحبا بالعالم " * 40)[:500],
    "集中力を高めるための計画" * 41 + "集中力を高めるた",
    ('<img src=x onerror="document.title=1"> **now** [click](http://evil) $x$ ' * 8)[:500],
)


def test_titles_of_any_script_and_length_fit_every_page(look, new_user, demo):
    now = clock.now()
    for title in TITLES:
        new_user.create_task(title, due_date=str(now.date()))
        new_user.create_goal(title, target_date=str(now.date() + timedelta(days=30)))
        new_user.create_habit(title)
        new_user.create_reminder(title, now - timedelta(minutes=1))
    new_user.create_category("ü" * 60)
    new_user.create_api_key("K" * 100, ["tasks:read"])
    new_user.start_timer(next(new_user.tasks())["id"])
    page = look(new_user, "", locale="ar")
    page.set_viewport_size({"width": 390, "height": 844})
    for path in (*PAGES, "settings?section=API+keys"):
        visit(demo, page, path)
        assert overflow(page) <= 0, path
        assert page.locator("img[src='x'], a[href*='evil']").count() == 0
    visit(demo, page, "goals")
    for title in TITLES:
        expect(page.get_by_text(title.strip()[:60]).first).to_be_visible()
