-- What the pages ask of the lake about who is signed in: Polars' SQL, which sees only the rows of that user, without the column that says so.

-- days --
select * from gold.productivity_daily where local_date between $first and $last order by local_date

-- failed_rules --
select since, rule from quarantine.users order by since

-- weeks --
select * from gold.productivity_weekly where first_day between $first and $last order by first_day

-- judged_weeks --
select first_day, tasks_completed_trend from gold.productivity_weekly
where first_day < $before and tasks_completed_trend in ('usual', 'higher', 'lower')

-- unusual_weeks --
select first_day, tasks_completed, tasks_completed_trend, tasks_completed_usual_low as usual_low, tasks_completed_usual_high as usual_high
from gold.productivity_weekly
where first_day between $first and $last and tasks_completed_trend in ('higher', 'lower') order by first_day

-- task_flow --
select local_date, sum(created)::bigint as created, sum(completed)::bigint as completed, sum(open)::bigint as open, sum(overdue)::bigint as overdue
from gold.task_flow_daily where local_date between $first and $last group by local_date order by local_date

-- tasks_completed --
select completed_on, priority, category_id, lead_hours, hours_late, estimated_minutes, actual_minutes
from gold.task_outcomes where completed_on between $first and $last and not is_deleted order by completed_on

-- estimates --
select category_id, tasks, factor, factor_low, factor_high from gold.estimate_accuracy order by tasks desc, category_id

-- goal_progress --
select goal_id, local_date, status, progress, target_date, expected_progress, ahead, forecast_p10, forecast_p50, forecast_p90, probability_on_time
from gold.goal_progress where local_date between $first and $last order by goal_id, local_date

-- time_spent --
select local_date, hour_of_day, category_id, kind, minutes
from gold.time_daily where local_date between $first and $last order by local_date, hour_of_day, category_id, kind

-- busy_hours --
select local_date, hour_of_day, busy_minutes, meetings, conflicts
from gold.calendar_load where local_date between $first and $last order by local_date, hour_of_day

-- app_activity --
select local_date, dau, wau, mau, stickiness, new_users, events
from gold.app_users_daily where local_date between $first and $last order by local_date

-- app_retention --
select cohort_week, weeks_since, cohort, users, share
from gold.app_user_retention where cohort_week between $first and $last order by cohort_week, weeks_since

-- app_funnel --
select name, min(step) as step, sum(cohort)::bigint as cohort, sum(users)::bigint as users, sum(users)::double / sum(cohort) as share
from gold.app_user_funnel where cohort_week between $first and $last group by name order by step

-- app_features --
select event_name, sum(events)::bigint as events, sum(users)::bigint as person_days
from gold.app_user_features where local_date between $first and $last group by event_name order by events desc

-- app_uplift --
select month, users, first_weekly, latest_weekly, mean_change, mean_change_low, mean_change_high, share_up_20
from gold.app_user_uplift order by month
