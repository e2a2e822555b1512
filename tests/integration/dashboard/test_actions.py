"""What a user does on the pages, and what the API then knows. That a real browser's clicks arrive is for tests/e2e."""

import base64
import json
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path

import httpx2
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import app_state
from dashboard.api_client import Client
from dashboard.auth.sessions import FRESH_SECONDS, SessionStore
from focusflow import clock
from focusflow.identity import new_id
from focusflow.settings import load_settings
from ingestion.importers.engine.jobs import ImportQueue, run_job
from operational_api.app import create_app
from operational_api.security.second_factor import STEP_SECONDS, code_at
from pipelines.orchestration.page_guard import AccountRoles
from tests.integration.dashboard.conftest import PAGE_SECONDS
from tests.integration.dashboard.test_pages import show, words
from tests.integration.dashboard.test_signin import PASSWORD, api_address, email
from tests.integration.oidc_provider import served

__all__ = ["api_address", "email"]  # fixtures


class SignedIn(SessionStore):
    """One user is signed in, whatever the cookie says."""

    token: str | None = None

    def find(self, _: str | None, within: float = FRESH_SECONDS):
        return super().find(self.token, within)


@pytest.fixture(autouse=True)
def no_attempts_yet(database):
    """All come from one address, of which few sign-ups are taken at a time."""
    with database.owner() as connection:
        connection.execute("delete from attempts")


@pytest.fixture
def me(api_address, email):
    """The user, by a client of their own."""
    with Client(api_address) as client:
        client.login(email, PASSWORD)
        client.change_me(timezone="UTC")
        yield client


@pytest.fixture
def visit(me, api_address, email, lake, tmp_path):
    """Opens pages as that user, signed in when the first is opened."""
    store = SignedIn(api_address)
    app_state.provide(load_settings(home=tmp_path, lake_url=lake.location), store)

    def open_page(name, **query):
        store.token = store.token or store.sign_in(email, PASSWORD)
        return show(name, **query)

    yield open_page
    app_state._provided.clear()


def press(page, label, which=0):
    [each for each in page.button if each.label == label][which].click().run()
    assert not page.exception, page.exception
    return [each.value for each in page.toast]


def labelled(kind, label):
    (found,) = (each for each in kind if each.label == label)
    return found


def today():
    return clock.local_date(clock.now(), "UTC")


def test_a_habit_is_started_logged_skipped_and_undone(visit, me):
    page = visit("habits")
    labelled(page.text_input, "Habit").set_value("Stretch")
    assert press(page, "Add") == ["Added."]
    assert press(page, "Done today") == ["Well done."]
    (habit,) = me.habits()
    assert [log["skipped"] for log in me.logs(habit["id"], today(), today())] == [False]
    assert press(page, "Undo") == ["Removed."]
    assert me.logs(habit["id"], today(), today()) == []
    labelled(page.text_input, "Reason").set_value("ill")
    press(page, "Skip today")
    assert [log["skip_reason"] for log in me.logs(habit["id"], today(), today())] == ["ill"]
    assert "Undo" in [each.label for each in page.button]


def test_the_timer_starts_and_stops_on_the_time_page(visit, me):
    page = visit("time")
    assert press(page, "Start timer") == ["Timer started."]
    assert me.running_timer()
    press(page, "Stop")
    assert me.running_timer() is None
    assert "Stopped: **Focus**" in words(page)


def test_time_is_recorded_afterwards_on_the_users_own_clock(visit, me):
    zone = "Asia/Tokyo" if clock.now().hour < 12 else "America/New_York"  # where the night is over
    me.change_me(timezone=zone)
    page = visit("time")
    labelled(page.time_input, "From").set_value(time(0, 5))
    labelled(page.time_input, "Until").set_value(time(0, 50))
    press(page, "Log")
    assert "Time logged." in words(page)
    (entry,) = me._pages("/api/v1/time", {})
    begun = datetime.fromisoformat(entry["started_at"]).astimezone(clock.zone(zone))
    assert (begun.hour, begun.minute) == (0, 5)


def test_an_export_is_requested_on_settings(visit, me):
    page = visit("settings", section="Your data")
    assert press(page, "Export my data") == ["Your export is being prepared."]
    assert me.personal_data()["status"] == "requested"
    page = visit("settings", section="Your data")
    assert "is being prepared" in words(page)
    assert "Export my data" not in [each.label for each in page.button]


def test_admins_read_the_audit_log(visit, me, database):
    with database.owner() as connection:
        connection.execute("update users set role = 'admin' where id = %s", [me.me()["id"]])
    page = visit("audit")
    rows = page.dataframe[0].value
    assert "sign-in" in set(rows["Action"])
    labelled(page.text_input, "Action").set_value("user.changed").run()
    assert "Nothing was recorded in this period." in words(page)


def test_an_account_is_erased_on_settings_and_kept_after_all(visit, me):
    page = visit("settings", section="Your data")
    labelled(page.text_input, "Current password").set_value(PASSWORD)
    assert press(page, "Erase my account") == ["Your account will be erased."]
    assert me.me()["erasure_due_at"]
    page = visit("settings", section="Your data")
    assert press(page, "Keep my account") == ["Your account is kept."]
    assert me.me()["erasure_due_at"] is None


def test_notifications_are_read_one_by_one_and_all_at_once(visit, me):
    for title in ("Call the bank", "Call the dentist", "Call home"):
        me.create_reminder(title, clock.now() - timedelta(minutes=1))
    page = visit("notifications")
    assert "Call home" in words(page)
    assert press(page, "Mark as read") == ["Read."]
    assert len(list(me.notifications(unread=True))) == 2
    press(page, "Mark all as read")
    assert "All caught up." in words(page)
    assert list(me.notifications(unread=True)) == []


def test_the_profile_changes_the_name_the_zone_and_the_locale(visit, me):
    page = visit("settings")
    labelled(page.text_input, "Name").set_value("Noor al-Amin")
    labelled(page.selectbox, "Time zone").set_value("Asia/Tokyo")
    labelled(page.selectbox, "Language and formats").set_value("de")
    press(page, "Save")
    found = me.me()
    assert (found["display_name"], found["timezone"], found["locale"]) == ("Noor al-Amin", "Asia/Tokyo", "de")


def test_preferences_are_kept(visit, me):
    page = visit("settings", section="Notifications")
    labelled(page.toggle, "Monthly report").set_value(v=False)
    labelled(page.toggle, "Calm mode").set_value(v=True)
    labelled(page.button_group, "Task reminders").set_value(["email", "in_app"])
    assert press(page, "Save") == ["Saved."]
    kept = me.preferences()
    assert (kept["monthly_report"], kept["calm_mode"]) == (False, True)
    assert kept["notifications"]["task_reminder"] == {"is_enabled": True, "channels": ["email", "in_app"]}


def test_days_off_are_given_back(visit, me):
    me.create_days_off(today(), today() + timedelta(days=2))
    assert press(visit("settings", section="Days off"), "Remove") == ["Removed."]
    assert list(me.days_off()) == []


def test_a_key_is_created_shown_once_and_revoked(visit, me, api_address):
    def status(key):
        return httpx2.get(f"{api_address}/api/v1/scores", headers={"X-API-Key": key}, trust_env=False).status_code

    page = visit("settings", section="API keys")
    labelled(page.text_input, "Name").set_value("Phone widget")
    labelled(page.multiselect, "Permissions").set_value(["scores:read"])
    press(page, "Create key")
    (key,) = (each.value for each in page.code)
    assert status(key) == 200
    again = visit("settings", section="API keys")
    assert "Phone widget" in words(again)
    assert not again.code
    assert press(again, "Revoke key") == ["Revoked."]
    assert status(key) == 401


def test_a_webhook_is_created_tested_and_deleted(visit, me):
    page = visit("settings", section="Webhooks")
    labelled(page.text_input, "Address").set_value("https://example.com/hook")
    labelled(page.multiselect, "Events").set_value(["task.completed"])
    press(page, "Create webhook")
    (secret,) = (each.value for each in page.code)
    assert secret.startswith("whsec_")
    again = visit("settings", section="Webhooks")
    assert "example" in words(again)
    assert not again.code
    press(again, "New secret")
    assert [each.value for each in again.code] != [secret]
    assert press(again, "Test") == ["A test message is on its way."]
    again.toggle[-1].set_value(True).run()
    assert "webhook.test" in again.dataframe[0].value.to_csv()
    assert press(again, "Pause") == ["Saved."]
    assert press(again, "Delete") == ["Deleted."]
    assert me.webhooks() == []


def test_a_channel_is_added_tested_and_deleted(visit, me):
    page = visit("settings", section="Notifications")
    labelled(page.text_input, "Name").set_value("Phone")
    labelled(page.text_input, "Address").set_value("gotifys://gotify.example.com/AverySecretToken")
    assert press(page, "Add channel") == ["Added. Send a test message to see that it works."]
    again = visit("settings", section="Notifications")
    assert "Phone" in words(again)
    assert "AverySecretToken" not in words(again)
    assert press(again, "Test") == ["A test message is on its way."]
    labelled(again.toggle, "Show messages").set_value(True).run()
    assert "test" in again.dataframe[0].value.to_csv()
    assert press(again, "Delete") == ["Deleted."]
    assert me.channels() == []


def test_an_address_for_other_programs_is_previewed_created_and_deleted(visit, me, api_address):
    page = visit("settings", section="Webhooks")
    page.text_input(key="name of hook").set_value("Issues")
    press(page, "Preview")
    assert json.loads(page.json[0].value) == {"title": "Fix it", "id": "7"}
    press(page, "Create address")
    token = page.code[0].value.rpartition("/")[2]
    body = {"issue": {"title": "From elsewhere", "number": 7}}
    assert httpx2.post(f"{api_address}/hooks/{token}", json=body, trust_env=False).json()["is_new"]
    assert [each["title"] for each in me.tasks()] == ["From elsewhere"]
    again = visit("settings", section="Webhooks")
    assert "Issues" in words(again)
    assert press(again, "Delete address") == ["Deleted."]
    assert me.incoming_hooks() == []


def test_a_calendar_is_connected_chosen_paused_and_disconnected(visit, me, database):
    page = visit("settings", section="Calendars")
    assert "No calendars yet" in words(page)
    labelled(page.text_input, "Address").set_value("webcal://calendar.example.com/secret.ics")
    labelled(page.text_input, "Name (optional)").set_value("Team *one*")
    press(page, "Connect")
    (connection,) = me.calendar_connections()
    with database.owner() as owner:
        owner.execute(
            "update calendar_connections set kind = 'caldav', problem = 'It is away.', counts = '{\"events\": 3, \"conflicts\": 1}',"
            ' last_synced_at = now(), findings = \'[{"place": "line 7", "reason": "no date", "outcome": "skipped"}]\','
            ' findings_count = 1, calendars = \'[{"id": "/a/", "name": "Work", "is_read_only": false},'
            ' {"id": "/b/", "name": "Plans", "is_read_only": false}]\' where id = %s',
            [connection["id"]],
        )
    page = visit("settings", section="Calendars")
    assert "Failing" in words(page)
    assert "3 appointments" in words(page)
    assert "It is away" in page.error[0].value
    assert "secret" not in words(page)
    assert "no date" in page.dataframe[0].value.to_csv()
    labelled(page.selectbox, "Accepted plans go to").set_value("/b/")
    assert press(page, "Save") == ["Saved."]
    changed = me.calendar_connections()[0]
    assert (changed["plan_calendar"], changed["own_calendar"], changed["selected"]) == ("/b/", None, None)
    assert press(page, "Sync now")[0].startswith("It is synchronized")
    assert press(page, "Pause") == ["Paused."]
    assert press(page, "Disconnect calendar") == ["Disconnected."]
    assert me.calendar_connections() == []


def test_a_provider_of_calendars_is_offered_where_the_operator_has_set_it_up(visit):
    def offered():
        return [each.proto.label for each in visit("settings", section="Calendars").get("link_button")]

    assert offered() == []
    app_state._provided[:] = [replace(app_state.shared(), calendar_providers={"google": "Google Calendar"})]
    assert offered() == ["Google Calendar"]


def test_what_the_api_refuses_is_shown_as_a_sentence(visit, me):
    task = me.create_task("A parent")
    me.create_task("A child", parent_task_id=task["id"])
    page = visit("today")
    page.button(key=f"complete-{task['id']}").click().run()
    assert "subtask" in page.toast[0].value
    assert me.task(task["id"])["status"] == "pending"


def test_a_day_is_planned_and_the_plan_accepted(visit, me):
    me.create_task("Write the talk", estimated_minutes=30, due_date=str(today() + timedelta(days=1)))
    page = visit("today")
    assert press(page, "Plan my day") == []
    if "Accept" not in [
        each.label for each in page.button
    ]:  # the working day is over: the task is among those that found no time
        assert "No time for: Write the talk" in words(page)
        return
    assert "Write the talk" in words(page)
    press(page, "Accept")
    assert "The plan is in your calendar." in words(page)
    assert [each["title"] for each in me.occurrences(today(), today())] == ["Write the talk"]
    press(page, "Undo")
    assert me.occurrences(today(), today()) == []


def test_each_act_of_the_morning_can_be_taken_back(visit, me):
    task = me.create_task("Write the talk")
    habit = me.create_habit("Stretch")
    me.start_timer(task["id"])
    page = visit("today")
    press(page, "Done")
    assert (me.task(task["id"])["status"], me.running_timer()) == ("completed", None)
    press(page, "Undo")
    assert (me.task(task["id"])["status"], me.running_timer()["task_id"]) == ("pending", task["id"])
    press(page, "Stop")
    assert me.running_timer() is None
    press(page, "Undo")
    assert me.running_timer()
    page.checkbox(key=f"habit-{habit['id']}-open").check().run()
    assert len(me.logs(habit["id"], today(), today())) == 1
    assert "Habits: 1 of 1" in [each.value for each in page.header]
    press(page, "Undo")
    assert me.logs(habit["id"], today(), today()) == []


def test_tasks_are_changed_in_the_list_one_by_one_and_together(visit, me):
    goal, category = me.create_goal("Move house"), me.create_category("Home")
    tasks = [me.create_task(title, priority="low") for title in ("Pack", "Paint", "Phone")]
    me.create_task("Unpack", blocked_by=[tasks[0]["id"]])
    page = visit("tasks")
    assert "4 open tasks (without a score: 1 waiting for another task)." in words(page)

    def script():
        import streamlit as st

        from dashboard.components import task_list

        rows = {"due": "2030-01-02", "priority": "high", "minutes": 25, "goal": "Move house", "category": "Home"}
        rows["title"] = "Pack all"
        names = {"goal": {st.session_state["goal"]: "Move house"}, "category": {st.session_state["category"]: "Home"}}
        task_list.save(st.session_state["id"], {"title": "Pack"}, rows, names)

    edited = AppTest.from_function(script, default_timeout=PAGE_SECONDS)
    edited.session_state["id"], edited.session_state["goal"] = tasks[0]["id"], goal["id"]
    edited.session_state["category"] = category["id"]
    assert not edited.run().exception
    found = me.task(tasks[0]["id"])
    kept = {
        name: found[name] for name in ("title", "due_date", "priority", "estimated_minutes", "goal_id", "category_id")
    }
    assert kept == {
        "title": "Pack all",
        "due_date": "2030-01-02",
        "priority": "high",
        "estimated_minutes": 25,
        "goal_id": goal["id"],
        "category_id": category["id"],
    }
    inverse = edited.session_state["last act"].inverse
    inverse(me)
    assert me.task(tasks[0]["id"])["title"] == "Pack"
    assert me.task(tasks[0]["id"])["due_date"] is None


def test_the_list_is_narrowed_by_category_and_says_how_many_match(visit, me):
    home = me.create_category("Home")
    me.create_task("Paint", category_id=home["id"])
    me.create_task("Phone")
    page = visit("tasks")
    page.selectbox(key="filter category").set_value(home["id"]).run()
    assert "2 open tasks. 1 task matches." in words(page)
    assert "**Paint**" in words(page)
    assert "**Phone**" not in words(page)
    page.text_input(key="search").set_value("phone").run()
    assert "No task matches." in words(page)


def test_a_task_is_changed_and_completed_on_its_card(visit, me):
    goal = me.create_goal("Move house")
    task = me.create_task("Paint", due_date=str(today()), estimated_minutes=90, priority="high")
    page = visit("tasks")
    assert ":small[Due today · 1 h 30 min · high priority · Score" in words(page)
    page.button(key=f"change-{task['id']}").click().run()
    next(each for each in page.text_input if each.label == "Task").set_value("Paint the wall").run()
    next(each for each in page.selectbox if each.key.startswith("card goal")).set_value("Move house").run()
    assert (me.task(task["id"])["title"], me.task(task["id"])["goal_id"]) == ("Paint the wall", goal["id"])
    page.button(key=f"complete-{task['id']}").click().run()
    assert not page.exception, page.exception
    assert me.task(task["id"])["status"] == "completed"
    assert "Done: **Paint the wall**" in words(page)
    press(page, "Undo")
    assert me.task(task["id"])["status"] == "pending"


def test_a_change_is_tried_on_a_task_and_its_subtasks_are_ticked(visit, me):
    me.create_task("First", priority="high")
    task = me.create_task("Second", priority="low")
    child = me.create_task("A part", parent_task_id=task["id"])

    def script():
        import streamlit as st

        from dashboard import current_user
        from dashboard.components import task_details

        task_details.details(current_user.require_user(), st.session_state["task"])

    visit("tasks")
    page = AppTest.from_function(script, default_timeout=PAGE_SECONDS)
    page.session_state["task"] = task
    assert not page.run().exception
    assert "Save" not in [each.label for each in page.button]
    page.button_group(key=f"what-if priority {task['id']}").set_value("urgent").run()
    assert "rank **2 → 1** of 3" in words(page) or "rank **3 → 1** of 3" in words(page)
    assert me.task(task["id"])["priority"] == "low"
    press(page, "Save")
    assert me.task(task["id"])["priority"] == "urgent"
    page.checkbox(key=f"subtask {child['id']} pending").check().run()
    assert me.task(child["id"])["status"] == "completed"


def test_a_line_becomes_a_task_and_says_what_was_understood(visit, me):
    def script():
        import streamlit as st

        from dashboard import current_user
        from dashboard.components import command_bar, undo

        user = current_user.require_user()
        st.session_state[undo.PAGE] = "today"
        if not st.session_state.get("is_added"):
            st.session_state["is_added"] = True
            st.session_state["parts"] = command_bar.understood("report tomorrow 30m !high #work every week", user)
            command_bar.add("report tomorrow 30m !high #work every week", user)
        undo.last_act("today")

    visit("today")
    page = AppTest.from_function(script, default_timeout=PAGE_SECONDS).run()
    assert not page.exception
    said = ["Due tomorrow", "30 min", "High priority", "Tag work", "Repeats every week"]
    assert [each["means"] for each in page.session_state["parts"]] == said
    assert page.markdown[0].value == "Added: **report** · " + " · ".join(said)
    (task,) = me.tasks()
    assert (task["title"], task["priority"], task["recurrence"]) == ("report", "high", "FREQ=WEEKLY")
    page.button(key="undo-act").click().run()
    assert list(me.tasks()) == []


PAGES = ("today", "overview", "tasks", "goals", "habits", "time", "insights", "reports", "notifications", "settings")

#: What each page says to somebody who has nothing.
EMPTY = {
    "today": "No open tasks. Add one above",
    "overview": "Add a task, start a timer or log a habit",
    "tasks": "No tasks here. Add one above.",
    "goals": "Add one below with a target date",
    "habits": "Add one below, small enough",
    "time": "Start the timer above",
    "insights": "Insights begin with your first week",
    "notifications": "All caught up",
}


def test_each_page_shows_a_new_user_what_to_do(visit):
    for name, text in EMPTY.items():
        assert text in words(visit(name)), name


def test_an_archive_without_reports_says_when_the_first_one_comes(visit):
    assert "No reports yet." in words(visit("reports", report="Archive"))


def test_nothing_of_others_is_shown_whatever_the_address_says(visit, api_address):
    with Client(api_address) as other:
        address = f"{new_id().hex}@example.com"
        other.register(address, PASSWORD, "Somebody else", "UTC")
        other.login(address, PASSWORD)
        them = other.me()["id"]
        ids = [other.create_task("theirs")["id"], other.create_goal("theirs")["id"], other.create_habit("theirs")["id"]]
    for name in PAGES:
        page = visit(name, user=them, user_id=them, id=ids[0], goal_id=ids[1], habit=ids[2], range="1 year")
        found = f"{words(page)} {[each.label for each in page.button]} {page.dataframe}"
        for text in ("theirs", address, "Somebody else"):
            assert text not in found, name


class Over:
    """A process that has ended."""

    def __init__(self, code=0):
        self._code = code

    def poll(self):
        return self._code

    def wait(self):
        return self._code

    def kill(self):
        pass


def test_a_new_user_is_offered_to_bring_their_history_and_can_undo_it(visit, me, database):
    def start(_url, import_id):
        run_job(database, import_id)
        return Over()

    def work():
        ImportQueue(database, "", start=start).turn()

    assert "Your past in another program" in words(visit("today"))
    me.upload_import("tasks.csv", b"Name,When\nPay,2026-01-02\n,2026-01-03\n")
    work()
    page = visit("today")
    assert "Ready to import: **1 task**." in words(page)
    assert press(page, "Import") == ["Importing …"]
    work()
    assert "Your past in another program" not in words(visit("today"))
    page = visit("settings", section="Import")
    assert "Imported: 1 task." in words(page)
    assert press(page, "Undo this import") == ["Undoing …"]
    work()
    assert "Undone." in words(visit("settings", section="Import"))
    assert list(me.tasks()) == []


def test_two_factor_authentication_is_turned_on_and_off_in_the_settings(visit, me):
    page = visit("settings", section="Security")
    press(page, "Set up")
    key = next(each.value for each in page.code if not each.value.startswith("otpauth://"))
    step = int(clock.now().timestamp()) // STEP_SECONDS
    labelled(page.text_input, "Code").set_value(code_at(base64.b32decode(key), step))
    press(page, "Turn on")
    assert len(page.code[0].value.splitlines()) == 10
    assert me.two_factor()["is_on"] is True
    page.run()
    press(page, "Turn off two-factor authentication")
    assert me.two_factor()["is_on"] is False


def test_a_user_who_must_have_a_second_factor_sees_nothing_but_its_setup(database_url, email, lake, tmp_path):
    settings = load_settings(home=tmp_path, lake_url=lake.location, require_second_factor="all")
    with served(create_app(settings, database_url)) as address:
        store = SignedIn(address)
        app_state.provide(settings, store)
        store.token = store.sign_in(email, PASSWORD)
        page = AppTest.from_file(Path(app_state.__file__).with_name("app.py"), default_timeout=PAGE_SECONDS).run()
        assert not page.exception, page.exception
        assert [each.value for each in page.title] == ["Settings: Security"]
        assert AccountRoles(address)(store.token) is None
        press(page, "Set up")
        key = next(each.value for each in page.code if not each.value.startswith("otpauth://"))
        step = int(clock.now().timestamp()) // STEP_SECONDS
        labelled(page.text_input, "Code").set_value(code_at(base64.b32decode(key), step))
        press(page, "Turn on")
        assert len(page.code[0].value.splitlines()) == 10
        store.forget(store.token)
        press(page, "I have stored them")
        assert [each.value for each in page.title] != ["Settings: Security"]
        assert AccountRoles(address)(store.token) == "user"
    app_state._provided.clear()


def test_a_key_takes_a_confirmation_where_the_sign_in_is_old(visit, me, database):
    visit("settings", section="Security")
    with database.owner() as connection:
        connection.execute("update refresh_tokens set created_at = now() - interval '16 minutes'")
    page = visit("settings", section="API keys")
    assert [each.label for each in page.text_input] == ["Password"]
    labelled(page.text_input, "Password").set_value(PASSWORD)
    assert press(page, "Confirm") == ["Confirmed."]
    assert "Name" in [each.label for each in page.text_input]
