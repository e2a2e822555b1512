"""The typed client, call by call, against the API under a real address."""

import ast
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

import dashboard.api_client
from dashboard.api_client import Client
from focusflow import clock
from focusflow.errors import Conflict, Forbidden, Invalid, NotFound, NotSignedIn, Unavailable
from tests.integration.api.conftest import PASSWORD
from tests.integration.api.lake import put


@pytest.fixture
def client(address, me):
    with Client(address) as client:
        client.login(me.email, PASSWORD)
        yield client


def test_tasks(client):
    titles = [f"Task {number}" for number in range(60)]
    for title in titles:
        client.create_task(title)
    assert sorted(task["title"] for task in client.tasks(limit=25)) == sorted(titles)
    first = client.search_tasks("Task 7", limit=1)[0]
    client.change_task(first["id"], priority="high")
    assert client.complete_task(first["id"])["status"] == "completed"
    assert client.reopen_task(first["id"])["priority"] == "high"
    assert client.scores(1)[0]["rank"] == 1
    client.delete_task(first["id"])
    with pytest.raises(NotFound):
        client.task(first["id"])


def test_goals_and_milestones(client):
    goal = client.create_goal("Read", measurement="milestones")
    step = client.add_milestone(goal["id"], "First")
    assert client.complete_milestone(goal["id"], step["id"])["status"] == "completed"
    assert [each["status"] for each in client.milestones(goal["id"])] == ["completed"]
    assert [each["status"] for each in client.goals()] == ["completed"]
    percent = client.create_goal("Write")
    assert client.record_progress(percent["id"], 30)["progress"] == 30


def test_habits(client):
    habit = client.create_habit("Stretch")
    today = date.fromisoformat(habit["start_date"])
    client.log_habit(habit["id"], today, mood=4)
    assert client.streak(habit["id"])["current"] == 1
    client.unlog_habit(habit["id"], today)
    assert client.streak(habit["id"])["current"] == 0
    assert [each["title"] for each in client.habits()] == ["Stretch"]


def test_time_and_calendar(client):
    client.start_timer(kind="pomodoro")
    assert client.running_timer()["kind"] == "pomodoro"
    with pytest.raises(Conflict):
        client.start_timer()
    client.start_timer(switch=True)
    client.stop_timer()
    assert client.running_timer() is None
    now = clock.now()
    client.log_time(now - timedelta(hours=3), now - timedelta(hours=2), note="x")
    assert len(list(client.time())) == 3
    day = date(2026, 12, 1)
    at = clock.start_of(day, "Europe/Berlin") + timedelta(hours=10)
    client.create_event("Meeting", at, at + timedelta(hours=1))
    assert [each["title"] for each in client.occurrences(day, day)] == ["Meeting"]
    assert [each["minutes"] for each in client.free_slots(day, day)] == [60, 360]


def test_the_rest(client):
    client.create_category("Home")
    assert [each["name"] for each in client.categories()] == ["Home"]
    client.create_days_off(date(2026, 12, 24), date(2026, 12, 26))
    assert len(list(client.days_off())) == 1
    assert client.change_preferences(calm_mode=True)["calm_mode"] is True
    assert client.preferences()["calm_mode"] is True
    assert list(client.notifications()) == []
    key = client.create_api_key("App", ["tasks:read"])
    assert [each["prefix"] for each in client.api_keys()] == [key["prefix"]]
    client.revoke_key(key["id"])
    assert client.track([{"name": "x"}, {"name": ""}])["accepted"] == 1
    assert client.analytics("productivity", first=date(2026, 1, 1), granularity="month")["items"] == []
    assert client.change_me(display_name="Ada")["display_name"] == "Ada"
    with pytest.raises(Invalid):
        client.change_me(timezone="Nowhere")
    tokens = client.change_password(PASSWORD, "a better password")
    assert client.refresh(tokens.refresh).access
    client.logout()


def test_what_else_is_done_with_tasks(client):
    parent = client.create_task("Move house")
    child = client.create_task("Pack", parent_task_id=parent["id"])
    assert [each["title"] for each in client.subtasks(parent["id"])] == ["Pack"]
    again = client.duplicate_task(child["id"])
    assert client.task_score(again["id"])["score"] > 0
    assert client.archive_task(again["id"])["status"] == "archived"
    assert client.restore_task(again["id"])["status"] == "pending"
    ids = [child["id"], again["id"]]
    client.change_tasks(ids, priority="urgent")
    client.complete_tasks(ids)
    assert {(client.task(each)["priority"], client.task(each)["status"]) for each in ids} == {("urgent", "completed")}
    client.delete_tasks(ids)
    assert [each["title"] for each in client.tasks()] == ["Move house"]


def test_what_else_is_done_with_goals(client):
    goal = client.create_goal("Read")
    client.record_progress(goal["id"], 10)
    assert [each["progress"] for each in client.progress(goal["id"])] == [10]
    assert client.change_goal(goal["id"], title="Read more")["title"] == "Read more"
    moves = (client.pause_goal, client.resume_goal, client.cancel_goal, client.resume_goal, client.complete_goal)
    assert [move(goal["id"])["status"] for move in moves] == ["paused", "active", "cancelled", "active", "completed"]
    step = client.add_milestone(goal["id"], "First")
    assert client.change_milestone(goal["id"], step["id"], title="Begin")["title"] == "Begin"
    assert client.skip_milestone(goal["id"], step["id"])["status"] == "skipped"
    assert client.reopen_milestone(goal["id"], step["id"])["status"] == "pending"
    client.delete_milestone(goal["id"], step["id"])
    assert client.milestones(goal["id"]) == []
    client.delete_goal(goal["id"])
    with pytest.raises(NotFound):
        client.goal(goal["id"])


def test_what_else_is_done_with_habits_time_and_appointments(client):
    habit = client.create_habit("Stretch")
    assert client.change_habit(habit["id"], title="Run")["title"] == "Run"
    client.archive_habit(habit["id"])
    assert client.habit(habit["id"])["archived_at"]
    at = clock.now() - timedelta(hours=2)
    entry = client.log_time(at, at + timedelta(hours=1))
    assert client.change_time(entry["id"], note="x")["note"] == "x"
    client.delete_time(entry["id"])
    with pytest.raises(NotFound):
        client.time_entry(entry["id"])
    day = date(2026, 12, 1)
    at = clock.start_of(day, "Europe/Berlin") + timedelta(hours=10)
    meetings = [client.create_event(title, at, at + timedelta(hours=1)) for title in ("One", "Two")]
    assert len(client.conflicts(day, day)) == 1
    client.change_event(meetings[0]["id"], end_at=at + timedelta(minutes=30))
    assert client.event(meetings[0]["id"])["end_at"] == f"{at + timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}"
    client.delete_event(meetings[0]["id"])
    assert client.conflicts(day, day) == []


def test_what_else_is_done_with_small_nouns(client):
    home = client.create_category("Home")
    assert client.change_category(home["id"], name="House")["name"] == "House"
    client.delete_category(home["id"])
    with pytest.raises(NotFound):
        client.category(home["id"])
    off = client.create_days_off(date(2026, 12, 24), date(2026, 12, 26))
    client.change_days_off(off["id"], date(2026, 12, 24), date(2026, 12, 31))
    assert client.day_off(off["id"])["last_date"] == "2026-12-31"
    reminder = client.create_reminder("Call", clock.now() + timedelta(days=1))
    assert client.notification(reminder["id"])["title"] == "Call"
    assert client.change_reminder(reminder["id"], title="Call the bank")["title"] == "Call the bank"
    client.delete_notification(reminder["id"])
    for call in (lambda: client.product("funnel"), lambda: list(client.accounts()), lambda: list(client.audit())):
        with pytest.raises(Forbidden):
            call()
    with pytest.raises(Forbidden):
        client.change_account(reminder["id"], role="admin")
    client.end_all_sessions()
    with pytest.raises(NotSignedIn):
        client.me()


def test_the_client_has_every_call_of_the_api(http):
    """But those that are for other programs: Segment's, a mail reader's, a monitor's."""
    tree = ast.parse(Path(dashboard.api_client.__file__).read_text(encoding="utf-8"))
    made = {
        spoken
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and (spoken := _spoken(node))
    }
    known = {
        (method.upper(), re.sub(r"{[^}]*}", "{}", path))
        for path, methods in http.app.openapi()["paths"].items()
        for method in methods
        if path.startswith("/api/v1") and "unsubscribe" not in path and "/schemas" not in path
    }
    analytics = {each for each in known if each[1].startswith("/api/v1/analytics/") and "/product/" not in each[1]}
    assert made - {("GET", "/api/v1/analytics/{}")} == known - analytics


def _spoken(call):
    """The method and the path of a call, in which what is filled in is `{}`."""
    if call.func.attr in ("_items", "_pages"):
        method, path = "GET", call.args[0]
    elif call.func.attr in ("_call", "_answer") and isinstance(call.args[0], ast.Constant):
        method, path = str(call.args[0].value), call.args[1]
    else:
        return None
    match path:
        case ast.Constant(value=text):
            return method, text
        case ast.JoinedStr(values=parts):
            return method, "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)
    return None


def test_an_api_that_is_not_there_is_told():
    with Client("http://127.0.0.1:9") as nowhere, pytest.raises(Unavailable):
        nowhere.me()


def test_plans_and_suggestions(client):
    client.create_task("Write", estimated_minutes=20)
    assert client.suggest_now(30)["title"] == "Write"
    tomorrow = clock.now().date() + timedelta(days=2)
    made = client.plan_day(day=tomorrow)
    assert [block["title"] for block in made["blocks"]] == ["Write"]
    assert [event["title"] for event in client.accept_plan(made["id"])["items"]] == ["Write"]
    client.create_goal("Read")
    assert "Read" in client.task_suggestions()[0]["title"]
    assert client.ai_usage()["model"] is None


def test_reports_and_insights(client, http, me):
    today = clock.local_date(clock.now(), "Europe/Berlin")
    put(http, me.id, [today - timedelta(days=n) for n in range(14)], tasks_completed=1)
    assert client.preview_report()["headline"]
    days = (today - timedelta(days=2), today)
    assert client.create_report(*days, sections=["numbers"])["headline"].startswith("3 tasks completed")
    assert b"3 tasks completed" in client.report_page(days, "text")
    assert client.insights()["observations"]
    assert client.analyze(*days)["figures"]["tasks_completed"] == 3
    assert list(client.reports()) == []
    with pytest.raises(NotFound):
        client.report(me.id)
