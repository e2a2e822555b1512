"""The typed client, call by call, against the API under a real address."""

from datetime import date, timedelta

import pytest

from focusflow import clock
from focusflow.client import Client
from focusflow.problems import Conflict, Invalid, NotFound, Unavailable
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
    assert client.tell_progress(percent["id"], 30)["progress"] == 30


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
    client.take_days_off(date(2026, 12, 24), date(2026, 12, 26))
    assert len(list(client.days_off())) == 1
    assert client.change_preferences(calm_mode=True)["calm_mode"] is True
    assert client.preferences()["calm_mode"] is True
    assert list(client.notifications()) == []
    key = client.make_key("App", ["tasks:read"])
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


def test_an_api_that_is_not_there_is_told():
    with Client("http://127.0.0.1:9") as nowhere, pytest.raises(Unavailable):
        nowhere.me()


def test_plans_and_suggestions(client):
    client.create_task("Write", estimated_minutes=20)
    assert client.what_now(30)["title"] == "Write"
    tomorrow = clock.now().date() + timedelta(days=2)
    made = client.plan_day(day=tomorrow)
    assert [block["title"] for block in made["blocks"]] == ["Write"]
    assert [event["title"] for event in client.accept_plan(made["id"])] == ["Write"]
    client.create_goal("Read")
    assert "Read" in client.task_suggestions()[0]["title"]
    assert client.ai_usage()["model"] is None


def test_reports_and_insights(client, http, me):
    today = clock.local_date(clock.now(), "Europe/Berlin")
    put(http, me.id, [today - timedelta(days=n) for n in range(14)], tasks_completed=1)
    assert client.preview_report()["headline"]
    days = (today - timedelta(days=2), today)
    assert client.make_report(*days, sections=["numbers"])["headline"].startswith("3 tasks completed")
    assert b"3 tasks completed" in client.report_page(days, "text")
    assert client.insights()["observations"]
    assert client.analyze(*days)["figures"]["tasks_completed"] == 3
    assert list(client.reports()) == []
    with pytest.raises(NotFound):
        client.report(me.id)
