-- meetings --
select user_id, bucket, calendar_event_id, start_at, end_at from silver.calendar_event_history

-- held --
-- Python works out the streaks, each column from all of these.
select user_id, habit_id, {columns}
from (select habits.user_id, habits.habit_id, concat(frequency, weekdays, times_per_week, logs.local_date, skipped) as made_of
      from silver.habit_history as habits join silver.habit_log_history as logs using (habit_id))

-- resampled --
-- Python draws the cohorts.
select month, change as low, change as high from gold.uplift_people

-- wanted --
-- They are the same for all.
select 'one' as achievement, 'tasks_completed' as metric, 1 as threshold, 1 as points

-- people_of_days --
select user_id, bucket, changed_on as registered_on, changed_on as from_day, timezone as today, timezone as to_day from silver.user_history
