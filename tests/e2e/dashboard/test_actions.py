"""What a person does on the pages, and what the API then knows."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from dashboard.api_client import Client
from focusflow import clock
from focusflow.errors import NotSignedIn
from tests.e2e.dashboard.conftest import PASSWORD, settled

pytestmark = [pytest.mark.timeout(400), pytest.mark.browser]


def said(page, text):
    expect(page.get_by_test_id("stToast").filter(has_text=text).first).to_be_visible()
    settled(page)


def press(page, name):
    """As somebody who has left the field they wrote in, and whom the page has caught up with."""
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(500)  # what the field has to tell is on its way
    settled(page)
    page.get_by_role("button", name=name, exact=True).click()


def test_a_task_is_added_timed_and_completed(look, somebody):
    page = look(somebody)
    page.get_by_role("button", name="Add a task").click()
    page.get_by_label("What is to be done?").fill("Water the plants")
    press(page, "Add")
    said(page, "Added.")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".st-key-stop-timer button")).to_be_visible()
    (task,) = somebody.tasks()
    assert somebody.running_timer()["task_id"] == task["id"]
    page.locator(".st-key-stop-timer button").click()
    said(page, "Stopped.")
    assert somebody.running_timer() is None
    page.get_by_role("button", name="Done").click()
    said(page, "Done.")
    assert somebody.task(task["id"])["status"] == "completed"


def test_a_task_is_snoozed_and_out_of_sight(look, somebody):
    task = somebody.create_task("Sort the photos")
    page = look(somebody)
    page.get_by_role("button", name="Snooze").click()
    page.get_by_text("For three days").click()
    said(page, "Out of sight")
    expect(page.get_by_text("Sort the photos")).to_have_count(0)
    until_then = clock.start_of(clock.local_date(clock.now(), "UTC") + timedelta(days=3), "UTC")
    assert datetime.fromisoformat(somebody.task(task["id"])["start_at"]) == until_then


def test_a_habit_is_taken_up_logged_skipped_and_taken_back(look, somebody):
    page = look(somebody, "habits")
    page.get_by_text("Take up a habit").click()
    page.get_by_label("What?").fill("Stretch")
    press(page, "Take it up")
    said(page, "Taken up.")
    page.get_by_role("button", name="Done today").click()
    said(page, "Well done.")
    (habit,) = somebody.habits()
    today = clock.local_date(clock.now(), "UTC")
    assert [log["skipped"] for log in somebody.logs(habit["id"], today, today)] == [False]
    page.get_by_role("button", name="Undo").click()
    said(page, "Taken back.")
    assert somebody.logs(habit["id"], today, today) == []
    page.get_by_role("button", name="Skip").click()
    page.get_by_label("Why?").fill("ill")
    press(page, "Skip today")
    expect(page.get_by_text("skipped today")).to_be_visible()
    assert [log["skip_reason"] for log in somebody.logs(habit["id"], today, today)] == ["ill"]


def test_a_goal_is_added_and_its_progress_recorded(look, somebody):
    page = look(somebody, "goals")
    page.get_by_text("Add a goal").click()
    page.get_by_label("What do you want to reach?").fill("Run ten kilometres")
    press(page, "Add")
    said(page, "Added.")
    page.get_by_role("button", name="Record progress").click()
    page.get_by_label("How far it is, percent").fill("40")
    press(page, "Record")
    said(page, "Recorded.")
    (goal,) = somebody.goals()
    assert goal["progress"] == 40


def test_the_timer_starts_and_stops_on_the_page_of_time(look, somebody):
    page = look(somebody, "time")
    page.get_by_role("button", name="Start a timer").click()
    said(page, "The timer runs.")
    assert somebody.running_timer()
    page.locator(".st-key-stop-timer button").click()
    said(page, "Stopped.")
    assert somebody.running_timer() is None


def test_time_is_written_down_afterwards_on_the_persons_own_clock(look, somebody):
    zone = "Asia/Tokyo" if clock.now().hour < 12 else "America/New_York"  # where the night is over
    somebody.change_me(timezone=zone)
    page = look(somebody, "time")
    page.get_by_text("Write down time").click()
    for label, at in (("From", "00:05"), ("Until", "00:50")):
        field = page.get_by_test_id("stTimeInput").filter(has_text=label)
        field.get_by_role("spinbutton").first.press_sequentially(at.replace(":", ""))
    page.get_by_role("button", name="Write it down").click()
    said(page, "Written down.")
    (entry,) = somebody.time()
    begun = datetime.fromisoformat(entry["started_at"]).astimezone(clock.zone(zone))
    assert (begun.hour, begun.minute) == (0, 5)


def test_a_goal_is_reached_step_by_step(look, somebody):
    goal = somebody.create_goal("Move house", measurement="milestones")
    somebody.add_milestone(goal["id"], "Find a flat")
    somebody.add_milestone(goal["id"], "Pack")
    page = look(somebody, "goals")
    page.get_by_text("Steps").click()
    page.get_by_role("button", name="Done").first.click()
    said(page, "One step further.")
    assert [each["status"] for each in somebody.milestones(goal["id"])] == ["completed", "pending"]


def test_notifications_are_read_one_by_one_and_all_at_once(look, somebody):
    for title in ("Call the bank", "Call the dentist", "Call home"):
        somebody.create_reminder(title, clock.now() - timedelta(minutes=1))
    page = look(somebody, "notifications")
    first = page.get_by_text("Call home")
    expect(first).to_be_visible()
    page.get_by_role("button", name="Mark as read", exact=True).first.click()
    said(page, "Read.")
    assert len(list(somebody.notifications(unread=True))) == 2
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_text("You have read everything.")).to_be_visible()
    assert list(somebody.notifications(unread=True)) == []


def test_the_profile_changes_the_name_and_the_clock(look, somebody):
    page = look(somebody, "settings")
    page.get_by_label("Name").fill("Noor al-Amin")
    zone = page.get_by_role("combobox", name=re.compile("Time zone"))
    zone.fill("Asia/Tokyo")
    zone.press("Enter")
    locale = page.get_by_role("combobox", name=re.compile("Dates and numbers"))
    locale.fill("German")
    locale.press("Enter")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Noor al-Amin")).to_be_visible()
    me = somebody.me()
    assert (me["display_name"], me["timezone"], me["locale"]) == ("Noor al-Amin", "Asia/Tokyo", "de")


def test_preferences_are_kept(look, somebody):
    page = look(somebody, "settings?section=Notifications")
    page.get_by_text("A report of every month").click()
    page.get_by_text("Calm mode").click()
    page.get_by_role("button", name="by mail").first.click()
    page.get_by_role("button", name="Save").click()
    said(page, "Saved.")
    kept = somebody.preferences()
    assert (kept["monthly_report"], kept["calm_mode"]) == (False, True)
    assert kept["notifications"]["task_reminder"] == {"is_enabled": True, "channels": ["email", "in_app"]}


def test_days_off_are_taken_and_given_back(look, somebody):
    today = clock.local_date(clock.now(), "UTC")
    somebody.create_days_off(today, today + timedelta(days=2))
    page = look(somebody, "settings?section=Days+off")
    page.get_by_role("button", name="Work after all").click()
    said(page, "Taken back.")
    assert list(somebody.days_off()) == []


def test_a_key_is_made_shown_once_and_revoked(look, somebody, demo):
    page = look(somebody, "settings?section=API+keys")
    page.get_by_label("Where will it be used?").fill("Phone widget")
    scopes = page.get_by_role("combobox", name="What may it do?")
    scopes.fill("scores:read")
    scopes.press("Enter")
    scopes.press("Escape")
    page.get_by_role("button", name="Make a key").click()
    shown = page.get_by_test_id("stCode")
    expect(shown).to_be_visible()
    key = shown.inner_text().strip()
    assert _scores(demo, key) == 200
    page.reload()
    expect(page.get_by_text("Phone widget")).to_be_visible()
    assert key not in page.content()
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke it").click()
    said(page, "Revoked.")
    assert _scores(demo, key) == 401


def _scores(demo, key):
    import httpx2

    return httpx2.get(f"{demo.address('api')}/api/v1/scores", headers={"X-API-Key": key}, trust_env=False).status_code


def test_a_new_password_signs_the_other_devices_out_and_not_this_one(look, somebody, demo):
    email = somebody.me()["email"]
    page = look(somebody, "settings?section=Security")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_label("A new one, 8 characters or more").fill("another long sentence")
    press(page, "Change it")
    expect(page.get_by_text("Your other devices are signed out.")).to_be_visible()
    with pytest.raises(NotSignedIn):
        somebody.me()
    with Client(demo.address("api")) as anew:
        anew.login(email, "another long sentence")
    page.get_by_role("link", name="Goals", exact=True).click()
    expect(page.get_by_text("You have no goals yet.")).to_be_visible()


def test_what_the_api_refuses_is_told_in_words(look, somebody):
    task = somebody.create_task("A parent")
    somebody.create_task("A child", parent_task_id=task["id"])
    page = look(somebody)
    page.locator(f".st-key-complete-{task['id']} button").first.click()
    said(page, "subtask")
    assert somebody.task(task["id"])["status"] == "pending"


def test_a_day_is_planned_and_the_plan_accepted(look, somebody):
    tomorrow = clock.local_date(clock.now(), "UTC") + timedelta(days=1)
    somebody.create_task("Write the talk", estimated_minutes=30, due_date=str(tomorrow))
    page = look(somebody)
    page.get_by_role("button", name="Plan my day").click()
    expect(page.get_by_role("heading", name="The plan")).to_be_visible()
    settled(page)
    accept = page.get_by_role("button", name="Accept")
    if accept.count() == 0:  # the working day is over: the task is among those that found no time
        expect(page.get_by_text("No time for: Write the talk")).to_be_visible()
        return
    accept.click()
    said(page, "It is in your calendar.")
    expect(accept).to_have_count(0)
    today = clock.local_date(clock.now(), "UTC")
    assert [each["title"] for each in somebody.occurrences(today, today)] == ["Write the talk"]
