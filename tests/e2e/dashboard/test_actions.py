"""What real clicks and keys of a user do, and what the API then knows. What a page does with them is in tests/integration/dashboard."""

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from dashboard.api_client import Client
from focusflow import clock
from focusflow.errors import NotSignedIn
from tests.e2e.dashboard.conftest import PASSWORD, settled, visit

pytestmark = [pytest.mark.timeout(400), pytest.mark.browser]


def announced(page, text):
    expect(page.get_by_test_id("stToast").filter(has_text=text).first).to_be_visible()
    settled(page)


def press(page, name):
    """As somebody who has left the field they wrote in, and whom the page has caught up with."""
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(500)  # what the field has to tell is on its way
    settled(page)
    page.get_by_role("button", name=name, exact=True).click()


def test_a_task_is_added_timed_and_completed_and_another_snoozed(look, new_user):
    page = look(new_user)
    last_act = page.locator(".st-key-undo")
    expect(page.get_by_label("Add a task")).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.type("Water the plants tomorrow 10m")
    chips = page.get_by_role("button", name="in the title")
    expect(chips).to_have_count(2)
    chips.nth(1).click()  # the ten minutes were none
    expect(chips).to_have_count(1)
    page.keyboard.press("Enter")
    expect(last_act).to_contain_text("Added: Water the plants 10m · Due tomorrow")
    settled(page)
    page.get_by_role("button", name="Start: Water the plants 10m").click()
    stop = page.locator(".st-key-stop-timer button")
    expect(stop).to_be_visible()
    (task,) = new_user.tasks()
    assert new_user.running_timer()["task_id"] == task["id"]
    settled(page)
    stop.click()
    expect(last_act).to_contain_text("Stopped: Water the plants 10m")
    assert new_user.running_timer() is None
    other = new_user.create_task("Sort the photos")
    page.reload()
    settled(page)
    page.get_by_role("button", name="Done: Water the plants 10m").click()
    expect(last_act).to_contain_text("Done: Water the plants 10m")
    expect(page.locator("button:focus")).to_have_accessible_name("Done: Sort the photos")  # of the next row
    assert new_user.task(task["id"])["status"] == "completed"
    settled(page)
    page.keyboard.press("u")
    expect(page.get_by_role("button", name="Done: Water the plants 10m")).to_be_visible()
    assert new_user.task(task["id"])["status"] == "pending"
    settled(page)
    page.get_by_role("button", name="Snooze: Sort the photos").click()
    page.get_by_text("For three days").click()
    expect(last_act).to_contain_text("Sort the photos")
    expect(page.get_by_role("button", name="Done: Sort the photos")).to_have_count(0)
    until_then = clock.start_of(clock.local_date(clock.now(), "UTC") + timedelta(days=3), "UTC")
    assert datetime.fromisoformat(new_user.task(other["id"])["start_at"]) == until_then


def test_a_goal_is_added_and_reached_step_by_step(look, new_user, demo):
    page = look(new_user, "goals")
    page.get_by_text("Add goal").click()
    page.get_by_label("Goal", exact=True).fill("Run ten kilometres")
    press(page, "Add")
    announced(page, "Added.")
    page.get_by_role("button", name="Record progress").click()
    page.get_by_label("Percent so far").fill("40")
    press(page, "Record")
    announced(page, "Recorded.")
    (goal,) = new_user.goals()
    assert goal["progress"] == 40
    moving = new_user.create_goal("Move house", measurement="milestones")
    new_user.add_milestone(moving["id"], "Find a flat")
    new_user.add_milestone(moving["id"], "Pack")
    visit(demo, page, "goals")
    page.get_by_text("Milestones").click()
    page.get_by_role("button", name="Done", exact=True).first.click()
    announced(page, "Milestone completed.")
    assert [each["status"] for each in new_user.milestones(moving["id"])] == ["completed", "pending"]


def test_a_new_password_signs_the_other_devices_out_and_not_this_one(look, new_user, demo):
    email = new_user.me()["email"]
    page = look(new_user, "settings?section=Security")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password (8 characters or more)").fill("another long sentence")
    press(page, "Change password")
    expect(page.get_by_text("Your other devices are signed out.")).to_be_visible()
    with pytest.raises(NotSignedIn):
        new_user.me()
    with Client(demo.address("api")) as anew:
        anew.login(email, "another long sentence")
    page.get_by_role("link", name="Goals", exact=True).click()
    expect(page.get_by_text("No goals yet.")).to_be_visible()
