"""What the pipeline published, read through the API: the same figures, with their date, whole, and one's own only."""

from datetime import timedelta
from uuid import UUID

import pytest

from focusflow import clock
from focusflow.clock import local_date
from tests.integration.api.published import busy_life, life_of
from tests.sizes import dice, sized

pytestmark = pytest.mark.usefixtures("nothing_published_yet")


def test_before_anything_is_published_the_answer_says_so(me):
    for path in ("productivity", "tasks", "goals", "habits", "calendar"):
        answer = me.call("GET", f"/analytics/{path}")
        assert answer.status_code == 200, answer.text
        assert (answer.json()["as_of"], answer.json()["is_fresh"]) == (None, False)
    assert me.call("GET", "/analytics/productivity").json()["items"] == []
    assert me.call("GET", "/analytics/tasks").json()["completion_rate"] is None


def test_days_weeks_and_months_are_those_of_the_lake(me, world, published):
    now = clock.now()
    published(busy_life(me), as_of=now, tables=("productivity_weekly", "productivity_monthly"))
    for granularity, table, column in (
        ("day", "daily", "local_date"),
        ("week", "weekly", "first_day"),
        ("month", "monthly", "first_day"),
    ):
        rows = world.rows(f"gold/productivity_{table}")
        first = (now.date() - timedelta(days=60)).replace(day=1)  # a month counts where its first day does
        answer = me.call(
            "GET", f"/analytics/productivity?granularity={granularity}&from={first}&to={now.date() + timedelta(days=1)}"
        ).json()
        assert answer["granularity"] == granularity
        assert [item[column] for item in answer["items"]] == [str(row[column]) for row in rows]
        assert [item["tasks_completed"] for item in answer["items"]] == [row["tasks_completed"] for row in rows]
        assert [item["productivity_score"] for item in answer["items"]] == pytest.approx(
            [row["productivity_score"] for row in rows]
        )
        assert answer["is_fresh"] is True
        assert answer["events"] == world.landed.total()


def test_tasks_goals_and_the_calendar_are_reported(me, published):
    of_tasks = ("task_outcomes", "task_flow_daily", "time_daily", "estimate_accuracy")
    published(busy_life(me), as_of=clock.now(), tables=(*of_tasks, "goal_progress", "calendar_load"))
    tasks = me.call("GET", "/analytics/tasks").json()
    assert (tasks["created"], tasks["completed_of_created"], tasks["completed"]) == (11, 10, 10)
    assert tasks["completion_rate"] == pytest.approx(10 / 11)
    assert (tasks["on_time_rate"], tasks["median_lead_hours"], tasks["median_cycle_hours"]) == (1, 1, 1)
    assert [(each["priority"], each["created"], each["completed"]) for each in tasks["by_priority"]] == [
        ("high", 10, 10),
        ("medium", 1, 0),
    ]
    assert sum(each["minutes"] for each in tasks["minutes_by_category"]) == pytest.approx(600)
    everything = next(each for each in tasks["estimate_accuracy"] if each["category_id"] == "*")
    assert 1.4 < everything["factor"] < 2
    (goal,) = me.call("GET", "/analytics/goals").json()["goals"]
    assert (goal["progress"], goal["progress_28_days"]) == (40, 40)
    today = str(clock.local_date(clock.now(), "Europe/Berlin"))
    assert today < goal["forecast_p50"] == goal["forecast_date"]
    assert goal["forecast_p10"] <= goal["forecast_p50"] <= (goal["forecast_p90"] or "9999")
    calendar = me.call("GET", "/analytics/calendar").json()
    assert (calendar["meetings"], calendar["conflicts"]) == (1, 0)
    assert calendar["busy_minutes"] == pytest.approx(30)  # of two hours, where it lies in both
    assert sum(each["busy_minutes"] for each in calendar["by_weekday"]) == pytest.approx(30)


def test_what_one_has_already_is_not_sent_again(me, published):
    published(busy_life(me), as_of=clock.now())
    first = me.call("GET", "/analytics/productivity")
    again = me.call("GET", "/analytics/productivity", If_None_Match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    late = life_of(me)
    late.events.clear()
    late.task(clock.now() - timedelta(days=2))
    published(late, as_of=clock.now())
    assert me.call("GET", "/analytics/productivity", If_None_Match=first.headers["etag"]).status_code == 200


def test_nobody_sees_another_users_figures(me, new_user, published):
    other = new_user()
    published(busy_life(other), as_of=clock.now(), tables=["task_outcomes"])
    assert me.call("GET", "/analytics/productivity").json()["items"] == []
    assert me.call("GET", "/analytics/tasks").json()["created"] == 0
    assert len(other.call("GET", "/analytics/productivity").json()["items"]) == 30


def test_groups_of_fewer_users_than_the_smallest_are_withheld_and_counted(me, new_user, database, published):
    user_histories = [life_of(user) for user in (me, new_user())]
    for history in user_histories:
        rare = history.new("activity", name="rare.feature", platform="Ada's own phone")
        rare.happens("tracked", clock.now() - timedelta(days=1))
    published(*user_histories, as_of=clock.now(), tables=["retention", "funnel", "feature_usage", "app_activity"])
    with database.owner() as connection:
        connection.execute("update users set role = 'analyst' where id = %s", [me.id])
    for table in ("retention", "funnel", "feature_usage"):
        answer = me.call("GET", f"/analytics/product/{table}").json()
        assert answer["items"] == []
        assert answer["withheld"] > 0
        assert answer["min_group_size"] == 5
    activity = me.call("GET", "/analytics/product/app_activity").json()
    assert {each["platform"] for each in activity["items"]} == {"*", ""}
    assert activity["withheld"] > 0


@pytest.mark.parametrize("seed", range(sized(2, 10)))
def test_numbers_shown_together_add_up(me, published, seed):
    draw, history = dice(seed), life_of(me)
    for days_ago in range(30, 2, -1):
        at = clock.now() - timedelta(days=days_ago, hours=3)
        task = history.task(
            at,
            priority=draw.choice(["low", "medium", "high", "urgent"]),
            due_at=at + timedelta(hours=draw.randrange(60)),
        )
        if draw.random() < 0.6:
            task.completed(at + timedelta(hours=1))
        if draw.random() < 0.3:
            task.reopened(at + timedelta(hours=30))
        if draw.random() < 0.3:
            task.happens("updated", at + timedelta(hours=31), priority="low")
        if draw.random() < 0.3:
            task.deleted(at + timedelta(hours=32))
    published(history, as_of=clock.now(), tables=["task_outcomes", "task_flow_daily"])
    tasks = me.call("GET", "/analytics/tasks").json()
    days = me.call("GET", "/analytics/productivity").json()["items"]
    for name in ("created", "completed", "open", "overdue"):
        assert tasks[name] == sum(each[name] for each in tasks["by_priority"]), name
    for name in ("created", "completed"):
        assert tasks[name] == sum(each[f"tasks_{name}"] for each in days), name
    for name in ("open", "overdue"):
        assert tasks[name] == days[-1][f"tasks_{name}"], name
    for name in ("completed_with_due", "completed_on_time"):
        assert tasks[name] == sum(each[f"tasks_{name}"] for each in days), name
    assert tasks["on_time_rate"] == pytest.approx(tasks["completed_on_time"] / tasks["completed_with_due"])
    assert tasks["completion_rate"] == pytest.approx(tasks["completed_of_created"] / tasks["created"])
    assert tasks["completed_of_created"] <= tasks["created"]


@pytest.mark.parametrize("seed", range(sized(2, 10)))
def test_times_and_habits_shown_together_add_up(me, published, seed):
    """Time in one thing at a time, meetings that overlap and recur, habits of some days, and a day off."""
    draw, history = dice(seed), life_of(me)
    start = clock.now() - timedelta(days=30)
    habits = [history.habit(start, frequency="daily"), history.habit(start, frequency="weekdays", weekdays=[0, 2, 5])]
    for days_ago in range(29, 2, -1):
        at = clock.now() - timedelta(days=days_ago, hours=draw.randrange(24))
        category = UUID(int=draw.randrange(1, 4))
        task = history.task(at, category_id=category)
        minutes = draw.randrange(5, 60)
        entry = history.new("time_entry", task_id=task.id, started_at=at, ended_at=at + timedelta(minutes=minutes))
        entry.happens("logged", at + timedelta(minutes=minutes))
        meeting = {"start_at": at, "end_at": at + timedelta(minutes=draw.randrange(200)), "busy": draw.random() < 0.8}
        series = {"rrule": "FREQ=WEEKLY;COUNT=2", "rdates": [at + timedelta(days=3)]} if draw.random() < 0.2 else {}
        history.new("calendar_event", title="M", **meeting, **series).happens("created", at)
        for habit in habits:
            if draw.random() < 0.5:
                history.log(habit, local_date(at, history.timezone))
    day_off = local_date(clock.now() - timedelta(days=9), history.timezone)
    history.new("day_off", first_date=day_off, last_date=day_off).happens("created", clock.now() - timedelta(days=10))
    published(history, as_of=clock.now(), tables=["time_daily", "calendar_load", "habit_streaks"])
    days = me.call("GET", "/analytics/productivity").json()["items"]
    spent = me.call("GET", "/analytics/tasks").json()["minutes_by_category"]
    total = sum(each["focus_minutes"] for each in days)
    assert total > 0
    assert sum(each["minutes"] for each in spent) == pytest.approx(total, abs=0.1)
    load = me.call("GET", "/analytics/calendar").json()
    for name in ("busy_minutes", "meetings"):
        for parts in ("by_hour", "by_weekday"):
            assert sum(each[name] for each in load[parts]) == pytest.approx(load[name], abs=0.1), (name, parts)
    is_over = [each for each in days if each["local_date"] < str(local_date(clock.now(), history.timezone))]
    assert load["busy_minutes"] >= sum(each["meeting_minutes"] for each in is_over) - 0.1
    habit_days = me.call("GET", "/analytics/habits").json()
    for name in ("scheduled", "completed"):
        assert habit_days[name] == sum(each[name] for each in habit_days["items"])
        assert habit_days[name] == sum(each[f"habits_{name}"] for each in days)
    assert habit_days["rate"] == pytest.approx(habit_days["completed"] / habit_days["scheduled"])


def test_figures_about_all_users_are_for_analysts(me, new_user, database, published):
    user_histories = [life_of(user) for user in (me, *(new_user() for _ in range(4)))]
    for history in user_histories:
        history.new("activity", name="app.opened", platform="ios").happens("tracked", clock.now() - timedelta(days=1))
    published(
        *user_histories, as_of=clock.now(), tables=["app_activity", "feature_usage", "retention", "funnel", "uplift"]
    )
    assert me.call("GET", "/analytics/product/app_activity").status_code == 403
    with database.owner() as connection:
        connection.execute("update users set role = 'analyst' where id = %s", [me.id])
    activity = me.call("GET", "/analytics/product/app_activity").json()
    assert [each["dau"] for each in activity["items"] if each["platform"] == "ios"] == [5]
    assert me.call("GET", "/analytics/product/feature_usage").json()["items"][0]["event_name"] == "app.opened"
    for table in ("retention", "funnel", "uplift"):
        assert me.call("GET", f"/analytics/product/{table}").status_code == 200
    # Their first week lies further back than the range of days that other tables have.
    for table in ("retention", "funnel"):
        items = me.call("GET", f"/analytics/product/{table}").json()["items"]
        assert {each["cohort"] for each in items} == {5}
    assert me.call("GET", "/analytics/product/users").status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-02-01&to=2026-01-01",
        "from=2020-01-01&to=2026-01-01",
        "from=yesterday",
        "from=2199-01-01",
        "granularity=year",
        "user_id=1",
    ],
)
def test_a_range_that_cannot_be_is_refused(me, query):
    assert me.call("GET", f"/analytics/productivity?{query}").status_code == 422


def test_an_api_key_reads_figures_with_its_scope_only(http, me):
    for scope, status in (("analytics:read", 200), ("tasks:read", 403)):
        key = me.call("POST", "/keys", {"name": "App", "scopes": [scope]}).json()["key"]
        assert http.get("/api/v1/analytics/habits", headers={"X-API-Key": key}).status_code == status


def test_achievements_say_how_far_one_is_and_keep_what_was_earned(me, database, published):
    assert {each["progress"] for each in me.call("GET", "/analytics/achievements").json()["items"]} == {0}
    published(busy_life(me), as_of=clock.now(), tables=["achievements"])
    with database.owner() as connection:
        connection.execute("insert into earned_achievements values (%s, 'goals_completed-1', now())", [me.id])
    found = me.call("GET", "/analytics/achievements").json()
    by_name = {each["name"]: each for each in found["items"]}
    ten, fifty = by_name["tasks_completed-10"], by_name["tasks_completed-50"]
    assert (ten["title"], ten["value"], ten["progress"], ten["earned_on"] is not None) == (
        "10 tasks completed",
        10,
        1,
        True,
    )
    assert (fifty["progress"], fifty["earned_on"]) == (0.2, None)
    assert by_name["goals_completed-1"]["earned_on"]
    assert found["points"] == sum(each["points"] for each in found["items"] if each["earned_on"])
