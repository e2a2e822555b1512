-- The daily table under the column sets that apps of this kind already expect. The table may change; these are the stable doors.

-- productivity_stats --
select user_id, local_date as stat_date, tasks_created, tasks_completed, tasks_completed_on_time, goals_progressed, goals_completed,
       focus_minutes, pomodoro_sessions, ai_plans_generated, productivity_score
from gold.productivity_daily

-- productivity_metrics --
select user_id, local_date as date, tasks_completed, habits_completed,
       json_object('progressed', goals_progressed, 'completed', goals_completed) as goals_progress,
       focus_minutes as focus_time, productivity_score
from gold.productivity_daily
