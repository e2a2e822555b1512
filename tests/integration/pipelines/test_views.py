"""The daily rows under the names that other apps expect."""

import json

from pipelines.engine import daily
from tests.integration.pipelines.conftest import SampleUser


def test_the_views_tell_the_same_day_under_the_names_that_apps_expect(world):
    ada = SampleUser()
    ada.task("2026-03-02 09:00", due_date="2026-03-02").completed("2026-03-02 10:00")
    ada.time("2026-03-02 09:00", "2026-03-02 10:00", kind="pomodoro")
    ada.log(ada.habit("2026-03-02 08:00"), "2026-03-02")
    goal = ada.new("goal", title="Run", created_at=ada.moment("2026-03-02 09:00"))
    goal.happens("created", "2026-03-02 09:00")
    goal.happens("progressed", "2026-03-02 10:00", progress=20)
    day = world.day(ada, "2026-03-02")
    (stats,) = world.rows(daily.DAILY.name, "from gold.productivity_stats where stat_date = '2026-03-02'")
    assert stats == {
        "user_id": str(ada.id),
        "stat_date": day["local_date"],
        "tasks_created": 1,
        "tasks_completed": 1,
        "tasks_completed_on_time": 1,
        "goals_progressed": 1,
        "goals_completed": 0,
        "focus_minutes": 60,
        "pomodoro_sessions": 1,
        "ai_plans_generated": 0,
        "productivity_score": day["productivity_score"],
    }
    (metrics,) = world.rows(daily.DAILY.name, "from gold.productivity_metrics where date = '2026-03-02'")
    assert json.loads(metrics.pop("goals_progress")) == {"progressed": 1, "completed": 0}
    assert metrics == {
        "user_id": str(ada.id),
        "date": day["local_date"],
        "tasks_completed": 1,
        "habits_completed": 1,
        "focus_time": 60,
        "productivity_score": day["productivity_score"],
    }
