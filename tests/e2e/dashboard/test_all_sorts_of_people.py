"""Every page for somebody without anything, with one task, with titles that are long and of any script; and nothing of others anywhere."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from focusflow import clock
from tests.e2e.dashboard.conftest import a_person, visit

pytestmark = [pytest.mark.timeout(400), pytest.mark.browser]

PAGES = ("", "overview", "tasks", "goals", "habits", "time", "insights", "reports", "notifications", "settings")

#: Five hundred characters each: right to left, without a space, and what would be markup.
TITLES = (
    ("مرحبا بالعالم " * 40)[:500],
    "集中力を高めるための計画" * 41 + "集中力を高めるた",
    ('<img src=x onerror="document.title=1"> **now** [click](http://evil) $x$ ' * 8)[:500],
)

#: What each page says to somebody who has nothing.
EMPTY = {
    "": "Nothing is open. Add a task above",
    "overview": "Add a task, start a timer or log a habit",
    "tasks": "Add one on the page Today",
    "goals": "Add one below: what you want to reach",
    "habits": "Take one up below",
    "time": "Start the timer above",
    "insights": "Insights begin with your first week",
    "notifications": "You have read everything",
}


@pytest.fixture(scope="module", autouse=True)
def busy(demo):
    """Somebody with one task, from the beginning on: it is counted with the next refresh, and meanwhile other tests run."""
    with a_person(demo) as client:
        client.create_task("The one and only")
        yield client


def overflow(page):
    """By how much the page is wider than its window."""
    return page.get_by_test_id("stMain").evaluate("each => each.scrollWidth - each.clientWidth")


def test_somebody_new_is_told_on_each_page_what_to_do(look, somebody, demo):
    page = look(somebody)
    for path, text in EMPTY.items():
        visit(demo, page, path)
        expect(page.get_by_text(text).first).to_be_visible()


def test_titles_of_any_script_and_length_fit_every_page(look, somebody, demo):
    now = clock.now()
    for title in TITLES:
        somebody.create_task(title, due_date=str(now.date()))
        somebody.create_goal(title, target_date=str(now.date() + timedelta(days=30)))
        somebody.create_habit(title)
        somebody.create_reminder(title, now - timedelta(minutes=1))
    somebody.create_category("ü" * 60)
    somebody.create_api_key("K" * 100, ["tasks:read"])
    somebody.start_timer(next(somebody.tasks())["id"])
    page = look(somebody, "", locale="ar")
    page.set_viewport_size({"width": 390, "height": 844})
    for path in (*PAGES, "settings?section=API+keys"):
        visit(demo, page, path)
        page.wait_for_timeout(300)
        assert overflow(page) <= 0, path
        assert page.locator("img[src='x'], a[href*='evil']").count() == 0
    visit(demo, page, "goals")
    for title in TITLES:
        expect(page.get_by_text(title.strip()[:60]).first).to_be_visible()


def test_nothing_of_others_is_shown_whatever_the_address_says(look, somebody, demo):
    from dashboard.api_client import Client

    with Client(demo.address("api")) as other:
        other.login("demo@example.com", "focusflow-demo")
        them, goal, habit = other.me(), next(other.goals()), next(other.habits())
        task = other.scores(1)[0]
    page = look(somebody)
    for path in PAGES:
        visit(
            demo,
            page,
            f"{path}?user={them['id']}&user_id={them['id']}&id={task['task_id']}&goal_id={goal['id']}&habit={habit['id']}&range=1+year",
        )
        told = page.get_by_test_id("stApp").inner_text()
        for title in (task["title"], goal["title"], habit["title"], them["email"]):
            assert title not in told, path


def test_one_task_is_on_every_page_that_counts_tasks(look, busy, demo):
    page = look(busy)
    expect(page.get_by_text("The one and only")).to_be_visible()
    for path in ("tasks", "overview", "insights", "time", "goals", "habits"):
        visit(demo, page, path)
    visit(demo, page, "tasks")
    created = page.get_by_test_id("stMetric").filter(has_text="Created")
    expect(created.get_by_test_id("stMetricValue")).to_have_text("1", timeout=150_000)
