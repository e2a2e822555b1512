"""The typed client, call by call, against the API under a real address."""

import ast
import re
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

import dashboard.api_client
from dashboard.api_client import Client
from focusflow import clock
from focusflow.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
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
    first = client.scores(1)[0]
    assert first["rank"] == 1
    assert client.complete_task(first["task_id"])["status"] == "completed"
    assert client.task(first["task_id"])["completed_at"]
    with pytest.raises(NotFound):
        client.task(str(uuid4()))


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
    assert client.change_me(display_name="Ada")["display_name"] == "Ada"
    with pytest.raises(Invalid):
        client.change_me(timezone="Nowhere")
    client.change_password(PASSWORD, "a better password")
    client.logout()


def test_what_is_for_admins_is_refused(client):
    with pytest.raises(Forbidden):
        list(client.accounts())


def test_each_call_of_the_client_is_one_of_the_api(http):
    tree = ast.parse(Path(dashboard.api_client.__file__).read_text(encoding="utf-8"))
    calls = {
        call
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and (call := _method_and_path(node))
    }
    known = {  # those of the dashboard alone, which are not described, included
        (method, re.sub(r"{[^}]*}", "{}", route.path or ""))
        for route in iter_route_contexts(http.app.routes)
        if isinstance(route.original_route, APIRoute)
        for method in route.methods or ()
    }
    assert calls
    assert calls - known == set()


def _method_and_path(call):
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


def test_an_api_that_is_not_there_is_reported():
    with Client("http://127.0.0.1:9") as nowhere, pytest.raises(Unavailable):
        nowhere.me()


def test_plans_and_suggestions(client):
    client.create_task("Write", estimated_minutes=20)
    tomorrow = clock.now().date() + timedelta(days=2)
    made = client.plan_day(day=tomorrow)
    assert [block["title"] for block in made["blocks"]] == ["Write"]
    assert [event["title"] for event in client.accept_plan(made["id"])["items"]] == ["Write"]


def test_reports_and_insights(client, http, me):
    today = clock.local_date(clock.now(), "Europe/Berlin")
    put(http, me.id, [today - timedelta(days=n) for n in range(14)], tasks_completed=1)
    days = (today - timedelta(days=2), today)
    assert b"3 tasks completed" in client.report_page(days, "text")
    assert client.insights()["observations"]
    assert list(client.reports()) == []
