-- One row; each column counts rows that break a rule, and is named for the rule.
select count(*) - count(distinct (user_id, local_date)) as rows_that_repeat_a_day,
       count(*) filter (where productivity_score not between 0 and 100 or isnan(productivity_score)) as scores_out_of_range,
       count(*) filter (where score_raw not between 0 and 1 or score_lambda not between 0 and 1) as components_out_of_range,
       count(*) filter (where tasks_completed_on_time > tasks_completed_with_due or tasks_completed_with_due > tasks_completed)
           as completions_that_do_not_add_up,
       count(*) filter (where tasks_overdue > tasks_open) as more_overdue_than_open,
       count(*) filter (where least(tasks_created, tasks_completed, tasks_due, tasks_open, tasks_overdue, habits_scheduled, habits_completed,
                                    goals_progressed, goals_completed, pomodoro_sessions, ai_plans_generated, activity_events) < 0)
           as negative_counts,
       -- no longer than one date lasts around the world, for somebody may fly along with it
       count(*) filter (where focus_minutes not between 0 and 3000.001 or meeting_minutes not between 0 and 3000.001) as days_of_more_than_50_hours,
       count(*) filter (where is_day_off and productivity_score is not null) as scores_on_days_off
from gold.productivity_daily
