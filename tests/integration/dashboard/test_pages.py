"""The pages, run as Streamlit runs them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import polars as pl
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from focusflow.errors import Conflict
from focusflow.identity import bucket_of, new_id
from focusflow.lake.session import duckdb_session
from pipelines.engine import user_quarantine
from pipelines.engine.descriptions import table
from tests.integration.dashboard.conftest import PAGE_SECONDS, TODAY, days_of, task


def run(name, **query):
    """A page as `dashboard.app` runs it, whatever comes of it."""

    def script(name):
        from importlib import import_module

        from dashboard.components import layout

        layout.show_message()
        import_module(f"dashboard.views.{name}").page()

    page = AppTest.from_function(script, kwargs={"name": name}, default_timeout=PAGE_SECONDS)
    for key, value in query.items():
        page.query_params[key] = value
    return page.run()


def show(name, **query):
    page = run(name, **query)
    assert not page.exception, page.exception
    return page


def metrics(page):
    return {each.label: each.value for each in page.metric}


def words(page):
    return " ".join(
        each.value for kind in (page.markdown, page.caption, page.info, page.error, page.title) for each in kind
    )


def test_today_shows_what_is_next_and_why(look):
    me = str(new_id())
    look(days_of(me, 5), user_id=me)
    page = show("today")
    assert "Task 1" in words(page)
    assert "2 days overdue" in words(page)
    assert "Task 7" in words(page)
    assert metrics(page) == {"Completed": "5", "Focus": "1 h 30 min", "Habits done": "–", "Overdue": "2"}
    assert "usual on a" in words(page)


def test_only_reasons_that_set_a_task_apart_stand_beside_it(look, api):
    me = str(new_id())
    look(days_of(me, 5), user_id=me)
    texts = {
        "pinned": "not pinned",
        "goal": "part of a goal",
        "priority": "low priority",
        "tags": "has 1 tag",
        "age": "waiting for 9 days",
    }
    reasons = [{"code": code, "text": text, "points": 9.0} for code, text in texts.items()]
    api.open = [task(1, "Task 1") | {"reasons": [*reasons, {"code": "due", "text": "due in 30 days", "points": -2.0}]}]
    badges = " ".join(each.value for each in show("today").markdown if ":small" in each.value)
    assert [text for text in (*texts.values(), "due in 30 days") if text in badges] == [
        "part of a goal",
        "waiting for 9 days",
    ]


def test_a_users_own_words_are_not_markup(look, api):
    me = look()
    api.open[0]["title"] = "[click](http://evil) **now** <img src=x>"
    assert "\\[click\\]\\(http\\://evil\\)" in words(show("today"))
    assert me


def test_a_task_is_completed_through_the_api(look, api):
    me = str(new_id())
    look(days_of(me, 5), user_id=me)
    page = show("today")
    page.button(key="complete-task-1").click().run()
    assert api.completed == ["task-1"]
    assert "Done: **Task 1**" in words(page)
    page.button(key="undo-act").click().run()
    assert api.completed == []
    assert "Done: **Task 1**" not in words(page)


def test_calm_shows_one_step_and_no_count_of_what_is_late(look):
    me = str(new_id())
    look(days_of(me, 5), user_id=me)
    page = show("today")
    page.toggle(key="calm").set_value(True).run()
    assert "Task 1" in words(page)
    assert "Task 2" not in words(page)
    assert "overdue" not in words(page)
    assert "days ago" not in words(page)
    assert metrics(page) == {}


def test_calm_counts_the_times_a_user_came_back(look):
    me = str(new_id())
    busy = pl.col("local_date").is_in([TODAY - timedelta(days=n) for n in (30, 29, 20, 16, 1)])
    gaps = pl.col("tasks_completed").cast(pl.Float64)
    look(
        days_of(me, 5).with_columns(
            tasks_completed=pl.when(busy).then("tasks_completed").otherwise(0),
            focus_minutes=pl.when(busy).then(gaps).otherwise(0.0),
            is_day_off=pl.col("local_date") == TODAY - timedelta(days=18),
        ),
        user_id=me,
    )
    page = show("today")
    assert "you came back" not in words(page)
    page.toggle(key="calm").set_value(True).run()
    assert "you came back 2 times after 3 days or more without" in words(page)


def test_counts_of_today_add_up_to_what_is_open(look, api):
    me = str(new_id())
    look(days_of(me, 5), user_id=me)
    page = show("today")
    assert "of 8 open" in words(page)
    assert page.expander[0].label == "3 more open tasks"
    assert "And 1 waiting for another task." in words(page)


def test_today_is_no_part_of_a_mean(look):
    me = str(new_id())
    days = days_of(me, 5)
    unfinished = pl.col("local_date") == days["local_date"].max()
    look(days.with_columns(productivity_score=pl.when(unfinished).then(5.0).otherwise(61.0)), user_id=me)
    assert metrics(show("overview"))["Productivity score"] == "61"


def test_without_the_api_the_numbers_are_still_there(look, api):
    me = str(new_id())
    look(days_of(me, 5), user_id=me)
    api.is_down = True
    page = show("today")
    assert "does not answer" in page.error[0].value
    assert "No open tasks" not in words(page)
    assert metrics(page)["Completed"] == "5"


def test_a_new_user_learns_what_to_do(look, api):
    look()
    api.open.clear()
    assert "No open tasks" in words(show("today"))
    assert "Add a task" in words(show("overview"))


def test_a_new_user_without_comparison_gets_no_comparison(look):
    me = str(new_id())
    look(days_of(me, 2, count=10), user_id=me)
    page = show("overview")
    assert metrics(page)["Completed"] == "20"
    assert "no earlier period to compare" in words(page)


def test_overview_sums_up_the_chosen_range(look):
    me = str(new_id())
    look(days_of(me, 5), user_id=me)
    page = show("overview")
    assert metrics(page) == {"Completed": "150", "On time": "75%", "Focus": "45 h", "Productivity score": "61"}
    page.segmented_control(key="range").set_value("7 days").run()
    assert metrics(page)["Completed"] == "35"


def test_a_page_that_asks_for_no_days_keeps_those_of_the_address(look, api):
    api.is_down = True
    look()
    page = show("reports", range="90 days")
    assert page.session_state["range-kept"] == "90 days"


def test_another_users_id_in_the_address_shows_nothing_of_theirs(look):
    me, other = str(new_id()), str(new_id())
    look(days_of(me, 1), days_of(other, 77), user_id=me)
    for name in ("today", "overview"):
        page = show(name, user=other, user_id=other, id=other)
        assert "77" not in metrics(page).values()
        assert metrics(page)["Completed"] in ("1", "30")


@pytest.mark.parametrize("is_quarantined", [True, False])
def test_only_a_quarantined_user_sees_that_numbers_may_be_wrong(look, lake, is_quarantined):
    def script():
        from dashboard.components import layout

        layout.quarantine_notice()

    me, other = str(new_id()), str(new_id())
    look(user_id=me)
    user_quarantine.record(
        lake,
        duckdb_session(),
        "gold/time_daily",
        {"negative_minutes": {me if is_quarantined else other: 1}},
        datetime(2026, 3, 2, 14, 5, tzinfo=UTC),
    )
    page = AppTest.from_function(script, default_timeout=PAGE_SECONDS).run()
    assert not page.exception
    assert ["2 March, 14:05" in each.value for each in page.warning] == [True] * is_quarantined


@pytest.mark.parametrize("name", ["goals", "habits", "time", "reports", "notifications", "settings"])
def test_a_page_says_in_words_that_the_api_is_down(look, api, name):
    look()
    api.is_down = True
    page = show(name)
    assert "does not answer" in page.error[0].value


def test_a_report_that_is_not_computed_yet_is_announced_and_no_outage(look, api, monkeypatch):
    """As in the first minutes of a week, until the next refresh."""
    look()
    monkeypatch.setattr(
        api, "report_page", Mock(side_effect=Conflict("The numbers of these days are not computed yet."))
    )
    page = show("reports")
    assert [each.value for each in page.info] == ["The numbers of these days are not computed yet."]
    assert not page.error


EXPLAINED = {
    "metric": "tasks_completed", "label": "Completed", "meaning": "Tasks completed that day.", "day": "2026-03-02",
    "as_of": "2026-03-02T22:59:59Z", "result": 3, "published": None, "current": 4,
    "late": [{"type": "task.completed", "recorded_at": "2026-03-03T08:00:00Z"}],
    "queries": [{"name": "productivity_daily/tasks.sql", "sql": "select 1 as tasks_completed"}],
    "inputs": [{"table": "silver/task_history", "count": 300, "rows": [{"task_id": "a", "status": None}]}],
}  # fmt: skip


def test_a_number_is_explained_by_its_rows_and_queries(look, api, monkeypatch):
    me = str(new_id())
    look(days_of(me, 3), user_id=me)
    asked = Mock(return_value=EXPLAINED)
    monkeypatch.setattr(api, "explanation", asked, raising=False)

    def script():
        from datetime import date
        from types import SimpleNamespace
        from unittest.mock import patch

        from dashboard.components import explanation
        from focusflow.clock import Period

        day = date(2026, 3, 2)
        with patch("streamlit.expander") as expander:
            expander.return_value.__enter__.return_value = SimpleNamespace(open=True)
            explanation.explain(Period.between(day, day))

    page = AppTest.from_function(script, default_timeout=PAGE_SECONDS).run()
    assert not page.exception
    asked.assert_not_called()
    page.button[0].click().run()
    assert not page.exception
    assert asked.call_args.args[0] == "tasks_completed"
    told = words(page)
    assert "Completed on 2 March 2026: 3" in told
    assert "Published by then: –; published now: 4" in told
    assert "300 input rows, the first 1 are shown" in told
    assert page.code[0].value == "select 1 as tasks_completed"
    assert len(page.dataframe) == 2


HABIT = {
    "id": "a", "title": "Stretch", "frequency": "daily", "weekdays": None, "times_per_week": None, "start_date": f"{TODAY}",
}  # fmt: skip
STREAK = {
    "strength": 0.5, "current": 1, "longest": 1, "total": 1, "unit": "days", "ended_length": None,
}  # fmt: skip


@pytest.mark.parametrize(("name", "metric"), [("today", "tasks_completed"), ("habits", "habits_completed")])
def test_a_page_of_the_day_explains_its_numbers(look, api, monkeypatch, name, metric):
    me = str(new_id())
    look(days_of(me, 5), user_id=me)
    for method, answer in {"habits": [HABIT], "days_off": [], "logs": [], "streak": STREAK}.items():
        monkeypatch.setattr(api, method, Mock(return_value=answer))
    page = run(name)
    page.session_state["explain"] = True
    page.run()
    assert not page.exception
    (number,) = [each for each in page.selectbox if each.label == "Number"]
    assert number.value == metric


def test_a_report_is_shown_as_of_a_past_day(look, api, monkeypatch):
    look()
    asked = Mock(return_value=b"<p>then</p>")
    monkeypatch.setattr(api, "report_page", asked)
    page = show("reports")
    assert asked.call_args.kwargs == {"as_of": None}
    page.date_input(key="as of report").set_value(TODAY - timedelta(days=9)).run()
    assert not page.exception
    assert f"{asked.call_args.kwargs['as_of']:%Y-%m-%d %H:%M}" == f"{TODAY - timedelta(days=9)} 23:59"
    assert "as it was known then" in words(page)


@pytest.mark.parametrize("name", ["product", "model", "data_health"])
def test_a_page_about_all_users_is_not_shown_to_every_user(look, name):
    look()
    page = run(name)
    assert "may not do this" in str(page.exception[0].value)
    assert not page.metric
    assert not page.dataframe


@pytest.mark.parametrize(
    "name",
    [
        "today", "overview", "tasks", "goals", "habits", "time", "insights", "reports", "notifications", "settings", "product", "model",
        "data_health",
    ],
)  # fmt: skip
def test_without_a_session_there_is_nothing_but_the_way_in(look, name):
    look(signed_in=False)
    page = show(name)
    assert "Your session has ended." in words(page)
    assert not page.metric


def test_app_users_shows_who_uses_the_users_own_app(look, lake):
    me, other = str(new_id()), str(new_id())
    look(user_id=me)
    assert "No app has sent events" in words(show("app_users"))
    spec: dict[str, dict[str, Any]] = {
        "app_users_daily": {"dau": 6, "wau": 7, "mau": 8, "stickiness": 0.75, "new_users": 1, "events": 9},
        "app_user_features": {"event_name": "opened", "users": 6, "events": 9},
    }
    for name, values in spec.items():
        for user, factor in ((me, 1), (other, 100)):
            row = values | {"user_id": user, "local_date": TODAY, "bucket": bucket_of(UUID(user), 8)}
            row |= {"dau": row["dau"] * factor} if "dau" in row else {}
            schema = table(f"gold/{name}").spec.schema
            lake.open(table(f"gold/{name}").spec).append(pa.Table.from_pylist([row], schema=schema), positions={})
    page = show("app_users")
    assert metrics(page)["Active a day"] == "6"
    assert metrics(page)["In 30 days"] == "8"


def linked(task_id):
    def script():
        from dashboard import current_user
        from dashboard.components import task_details

        task_details.linked(current_user.require_user())

    page = AppTest.from_function(script, default_timeout=PAGE_SECONDS)
    page.query_params["task"] = task_id
    page.run()
    assert not page.exception, page.exception
    return page


def test_a_link_of_a_mail_opens_its_task(look, api):
    look()
    known = str(new_id())
    api.answers[f"tasks/{known}"] = {"id": known, "title": "Call *mum*", "status": "completed"}
    api.answers[f"tasks/{known}/subtasks"] = {"items": []}
    page = linked(known)
    assert "Call \\*mum\\*" in words(page)
    page.button(key="linked close").click().run()
    assert "mum" not in words(page)
    for gone in (str(new_id()), "../me"):
        assert "does not exist any more" in words(linked(gone))


def test_an_achievement_is_celebrated_until_it_is_put_away(look, api):
    me = str(new_id())
    look(days_of(me, 5), user_id=me)
    api.answers["notifications"] = {"items": [{"id": "n-1", "title": "100 tasks completed"}], "next_cursor": None}
    page = show("today")
    assert "Achieved: **100 tasks completed**" in words(page)
    page.button(key="reached-close-n-1").click().run()
    assert "Achieved" not in words(page)
