"""Habits and their days over HTTP. How streaks are counted is in the unit tests of the rules."""

from datetime import date, timedelta

import pytest

from focusflow import clock


def habit(me, **fields):
    answer = me.call("POST", "/habits", {"title": "Stretch", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def types(events, me):
    return [each["type"] for each in events(me.id)]


def test_a_habit_begins_today_unless_a_date_is_given(me, events):
    made = habit(me, frequency="weekdays", weekdays=[4, 0, 4], reminder_time="07:30")
    assert made["weekdays"] == [0, 4]
    assert made["start_date"] == str(clock.local_date(clock.now(), "Europe/Berlin"))
    assert types(events, me)[-1] == "habit.created"


def test_a_day_is_logged_once_however_often_it_is_sent(me, events):
    made = habit(me)
    path = f"/habits/{made['id']}/logs/{made['start_date']}"
    first, again = (me.call("PUT", path, {"mood": 4}).json() for _ in range(2))
    assert first == again
    assert types(events, me).count("habit.logged") == 1
    assert me.call("PUT", path, {"mood": 5}).json()["version"] == 2
    assert [each["mood"] for each in me.call("GET", f"/habits/{made['id']}/logs").json()["items"]] == [5]


def test_the_habits_of_a_day_tell_what_is_done_and_what_is_due(me):
    today = clock.local_date(clock.now(), "Europe/Berlin")
    done, _, weekly, never = (
        habit(me, title="Read"),
        habit(me, title="Stretch"),
        habit(me, title="Run", frequency="weekly", times_per_week=1),
        habit(me, title="Rest", frequency="weekdays", weekdays=[(today.weekday() + 1) % 7]),
    )
    for each in (done, weekly):
        me.call("PUT", f"/habits/{each['id']}/logs/{today}", {})
    items = me.call("GET", "/habits/day").json()["items"]
    assert [(each["title"], each["status"], each["is_due"]) for each in items] == [
        ("Read", "done", True),
        ("Stretch", "open", True),
        ("Run", "done", True),
        ("Rest", "open", False),
    ]
    assert items[2]["done_this_week"] == 1
    me.call("PATCH", f"/habits/{never['id']}", {"archived": True})
    assert len(me.call("GET", "/habits/day").json()["items"]) == 3


def test_a_day_can_be_skipped_for_a_reason_and_taken_back(me, events):
    made = habit(me)
    path = f"/habits/{made['id']}/logs/{made['start_date']}"
    skipped = me.call("PUT", path, {"skipped": True, "skip_reason": "ill"})
    assert skipped.json()["skipped"] is True
    assert me.call("GET", f"/habits/{made['id']}/streak").json()["total"] == 0
    assert me.call("DELETE", path).status_code == 204
    assert me.call("DELETE", path).status_code == 404
    assert types(events, me)[-2:] == ["habit.logged", "habit.unlogged"]


def test_a_streak_is_reported(me):
    today = date.fromisoformat(habit(me)["start_date"])
    made = habit(me, start_date=str(today - timedelta(days=9)))
    for days_ago in (9, 8, 7, 3, 2, 1):
        me.call("PUT", f"/habits/{made['id']}/logs/{today - timedelta(days=days_ago)}", {})
    me.call(
        "POST", "/days-off", {"first_date": str(today - timedelta(days=5)), "last_date": str(today - timedelta(days=4))}
    )
    me.call("PUT", f"/habits/{made['id']}/logs/{today - timedelta(days=6)}", {"skipped": True, "skip_reason": "ill"})
    streak = me.call("GET", f"/habits/{made['id']}/streak").json()
    assert (streak["current"], streak["longest"], streak["total"], streak["unit"]) == (6, 6, 6, "days")
    assert (streak["ended_on"], streak["rate_30_days"]) == (None, 1)
    assert 0 < streak["strength"] < 0.5


def test_an_archived_habit_is_put_away_and_can_be_taken_up(me, events):
    made = habit(me)
    assert me.call("DELETE", f"/habits/{made['id']}").status_code == 204
    assert me.call("GET", "/habits").json()["items"] == []
    assert len(me.call("GET", "/habits?archived=true").json()["items"]) == 1
    assert me.call("PUT", f"/habits/{made['id']}/logs/{made['start_date']}", {}).status_code == 409
    assert me.call("PATCH", f"/habits/{made['id']}", {"archived": False}).json()["archived_at"] is None
    assert me.call("PATCH", f"/habits/{made['id']}", {"archived": True}).json()["archived_at"]
    assert types(events, me)[1:] == ["habit.created", "habit.archived", "habit.updated", "habit.archived"]


def test_a_habit_stays_whole_when_it_is_changed(me):
    made = habit(me)
    assert me.call("PATCH", f"/habits/{made['id']}", {"frequency": "weekly"}).status_code == 422
    assert me.call("PATCH", f"/habits/{made['id']}", {"frequency": "weekly", "times_per_week": 3}).status_code == 200
    assert me.call("PATCH", f"/habits/{made['id']}", {"end_date": "2020-01-01"}).status_code == 422
    assert me.call("PATCH", f"/habits/{made['id']}", {"title": "x"}, If_Match='"1"').status_code == 412


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": "x", "frequency": "hourly"},
        {"title": "x", "frequency": "weekdays"},
        {"title": "x", "weekdays": [1]},
        {"title": "x", "frequency": "weekdays", "weekdays": [7]},
        {"title": "x", "frequency": "weekly", "times_per_week": 8},
        {"title": "x", "times_per_week": 2},
        {"title": "x", "reminder_time": "25:00"},
        {"title": "x", "reminder_time": 7},
        {"title": "x", "start_date": "2026-02-01", "end_date": "2026-01-01"},
        {"title": "x", "archived": True},
    ],
    ids=str,
)
def test_a_habit_that_cannot_be_is_refused(me, events, body):
    assert me.call("POST", "/habits", body).status_code == 422
    assert types(events, me) == ["user.registered"]


@pytest.mark.parametrize("day", ["2019-12-31", "2199-01-01", "yesterday", "0", "0000-01-01", "9999-12-31"])
def test_a_day_that_is_none_of_the_habits_is_refused(me, events, day):
    made = habit(me, start_date="2020-01-01")
    answer = me.call("PUT", f"/habits/{made['id']}/logs/{day}", {})
    assert answer.status_code == 422, answer.text
    assert types(events, me)[-1] == "habit.created"


@pytest.mark.parametrize(
    "body", [{"mood": 6}, {"value": 0}, {"value": -1}, {"skipped": True}, {"skip_reason": "ill"}, {"day": 1}]
)
def test_a_log_that_cannot_be_is_refused(me, body):
    made = habit(me)
    assert me.call("PUT", f"/habits/{made['id']}/logs/{made['start_date']}", body).status_code == 422
