"""Time: one timer that runs, and entries written afterwards."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from focusflow import clock


def types(events, me):
    return [each["type"] for each in events(me.id)]


def span(hours_ago, minutes=30):
    begun = clock.now() - timedelta(hours=hours_ago)
    return {"started_at": begun.isoformat(), "ended_at": (begun + timedelta(minutes=minutes)).isoformat()}


def test_a_timer_starts_and_stops(me, events):
    task = me.task()
    started = me.call("POST", "/time/start", {"task_id": task["id"], "kind": "pomodoro", "note": "deep"})
    assert (started.status_code, started.json()["ended_at"]) == (201, None)
    assert me.call("GET", "/time/running").json()["running"]["id"] == started.json()["id"]
    assert me.call("POST", "/time/stop").json()["ended_at"]
    assert me.call("GET", "/time/running").json() == {"running": None}
    assert types(events, me)[2:] == ["time.started", "time.stopped"]
    assert events(me.id)[-1]["before"] == {"ended_at": None}


def test_a_timer_that_was_just_stopped_runs_on(me):
    started = me.call("POST", "/time/start", {}).json()
    me.call("POST", "/time/stop")
    assert me.call("POST", f"/time/{started['id']}/resume").json()["started_at"] == started["started_at"]
    assert me.call("GET", "/time/running").json()["running"]["id"] == started["id"]
    assert me.call("POST", f"/time/{started['id']}/resume").status_code == 409  # it runs
    me.call("POST", "/time/stop")
    long_over = me.call("POST", "/time", span(2)).json()
    assert me.call("POST", f"/time/{long_over['id']}/resume").status_code == 409


def test_one_timer_runs_at_a_time_and_can_be_switched(me, events):
    first = me.call("POST", "/time/start", {}).json()
    refused = me.call("POST", "/time/start", {})
    assert refused.status_code == 409
    assert first["id"] in refused.json()["detail"]
    second = me.call("POST", "/time/start?switch=true", {})
    assert second.status_code == 201
    assert me.call("GET", f"/time/{first['id']}").json()["ended_at"]
    assert types(events, me)[1:] == ["time.started", "time.stopped", "time.started"]
    me.call("POST", "/time/stop")
    assert me.call("POST", "/time/stop").status_code == 409


def test_a_timer_whose_begin_lies_ahead_of_the_servers_clock_can_be_stopped(me):
    task = me.task()
    ahead = (clock.now() + timedelta(minutes=3)).isoformat()
    for stop in ("/time/stop", "/time/start?switch=true", f"/tasks/{task['id']}/complete"):
        timer = me.call("POST", "/time/start?switch=true", {"task_id": task["id"]}).json()
        assert me.call("PATCH", f"/time/{timer['id']}", {"started_at": ahead}).status_code == 200
        assert me.call("POST", stop, {} if "start" in stop else None).status_code < 300
        stopped = me.call("GET", f"/time/{timer['id']}").json()
        assert stopped["ended_at"] > stopped["started_at"]


def test_of_many_that_start_at_once_one_runs(me, events):
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: me.call("POST", "/time/start", {}).status_code, range(10)))
    assert sorted(answers) == [201] + [409] * 9
    assert types(events, me).count("time.started") == 1


def test_of_two_that_start_before_either_is_written_one_runs(me, both_at_once):
    def start():
        return me.call("POST", "/time/start", {})

    assert both_at_once("time_entries", start, start) == [201, 409]


def test_a_start_sent_twice_under_one_key_starts_once(me):
    first, second = (me.call("POST", "/time/start", {}, Idempotency_Key="k") for _ in range(2))
    assert first.json() == second.json()


def test_time_is_written_down_afterwards_changed_and_deleted(me, events):
    entry = me.call("POST", "/time", {**span(5), "note": "on paper"}).json()
    assert entry["kind"] == "manual"
    changed = me.call("PATCH", f"/time/{entry['id']}", {"kind": "focus"}, If_Match='"1"')
    assert changed.json()["version"] == 2
    assert me.call("PATCH", f"/time/{entry['id']}", {"kind": "manual"}, If_Match='"1"').status_code == 412
    assert me.call("DELETE", f"/time/{entry['id']}").status_code == 204
    assert types(events, me)[1:] == ["time.logged", "time.updated", "time.deleted"]


def test_lists_go_by_local_day_task_and_kind(me):
    """The user is in Berlin: 23:30 UTC is the next day there."""
    task = me.task()
    late = me.call("POST", "/time", {"started_at": "2026-03-01T23:30:00Z", "ended_at": "2026-03-01T23:50:00Z"}).json()
    early = me.call(
        "POST",
        "/time",
        {"started_at": "2026-03-01T10:00:00Z", "ended_at": "2026-03-01T11:00:00Z", "task_id": task["id"]},
    ).json()

    def ids(query):
        return [each["id"] for each in me.call("GET", f"/time?{query}").json()["items"]]

    assert ids("since=2026-03-02&until=2026-03-02") == [late["id"]]
    assert ids("until=2026-03-01") == [early["id"]]
    assert ids(f"task_id={task['id']}") == [early["id"]]
    assert ids("kind=focus") == []
    first = me.call("GET", "/time?limit=1").json()
    assert ids(f"limit=1&cursor={first['next_cursor']}") == [early["id"]]


def test_the_running_timer_has_no_end_to_change(me):
    running = me.call("POST", "/time/start", {}).json()
    assert me.call("PATCH", f"/time/{running['id']}", {"ended_at": clock.now().isoformat()}).status_code == 409
    earlier = (clock.now() - timedelta(minutes=10)).isoformat()
    assert me.call("PATCH", f"/time/{running['id']}", {"started_at": earlier}).status_code == 200
    assert me.call("DELETE", f"/time/{running['id']}").status_code == 204
    assert me.call("GET", "/time/running").json() == {"running": None}


@pytest.mark.parametrize(
    "body",
    [
        {},
        span(1, minutes=-5),
        span(1, minutes=0),
        span(-2),
        span(0, minutes=60),
        span(40, minutes=60 * 25),
        {**span(1), "kind": "sleep"},
        {**span(1), "minutes": 30},
        {**span(1), "task_id": "00000000-0000-4000-8000-000000000000"},
        {**span(1), "note": "a\0b"},
        {"started_at": "0000-01-01T00:00:00Z", "ended_at": "0000-01-01T01:00:00Z"},
        {"started_at": "2026-01-01T00:00:00", "ended_at": "2026-01-01T01:00:00"},
    ],
)
def test_time_that_cannot_have_been_is_refused(me, events, body):
    assert me.call("POST", "/time", body).status_code == 422
    assert types(events, me) == ["user.registered"]
