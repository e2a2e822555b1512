-- What a report reads of one user.

-- days --
select local_date, tasks_completed, tasks_created, focus_minutes, habits_completed, habits_scheduled, meeting_minutes, productivity_score, is_day_off
from gold.productivity_daily where user_id = $user and local_date between $first and $last order by local_date

-- totals --
select count(*) as days, sum(tasks_created)::bigint as tasks_created, sum(tasks_completed)::bigint as tasks_completed,
       sum(tasks_completed_with_due)::bigint as tasks_completed_with_due, sum(tasks_completed_on_time)::bigint as tasks_completed_on_time,
       arg_max(tasks_open, local_date) as tasks_open, arg_max(tasks_overdue, local_date) as tasks_overdue,
       sum(goals_progressed)::bigint as goals_progressed, sum(goals_completed)::bigint as goals_completed,
       sum(habits_scheduled)::bigint as habits_scheduled, sum(habits_completed)::bigint as habits_completed,
       sum(focus_minutes) as focus_minutes, sum(meeting_minutes) as meeting_minutes,
       avg(productivity_score order by local_date) filter (where local_date < $today) as productivity_score  -- of days that are over
from gold.productivity_daily where user_id = $user and local_date between $first and $last

-- week --
select * from gold.productivity_weekly where user_id = $user and first_day = $first and final_day = $last

-- month --
select * from gold.productivity_monthly where user_id = $user and first_day = $first and final_day = $last

-- events --
-- From how many the days are made: what came later than the tables is not among them.
select count(*) as events from silver.events
where user_id = $user and local_date between $first and $last and recorded_at <= $as_of

-- week_coverage --
-- How many earlier periods had a usual range, and how many of them lay in it: what the range is worth for this user.
select count(*) as judged, count(*) filter (tasks_completed_trend = 'usual') as inside from gold.productivity_weekly
where user_id = $user and first_day < $first and final_day < $last and tasks_completed_trend in ('usual', 'higher', 'lower')

-- month_coverage --
select count(*) as judged, count(*) filter (tasks_completed_trend = 'usual') as inside from gold.productivity_monthly
where user_id = $user and first_day < $first and final_day < $last and tasks_completed_trend in ('usual', 'higher', 'lower')

-- week_scores --
select final_day, productivity_score as score from gold.productivity_weekly
where user_id = $user and first_day < $first and final_day < $last and productivity_score is not null order by first_day desc

-- month_scores --
select final_day, productivity_score as score from gold.productivity_monthly
where user_id = $user and first_day < $first and final_day < $last and productivity_score is not null order by first_day desc

-- withheld --
select distinct user_id from quarantine.users

-- by_user --
from unsorted_rows order by user_id
