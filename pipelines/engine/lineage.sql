-- meetings --
-- Python follows the rules of recurring ones.
select user_id, bucket, calendar_event_id, concat(start_at, rrule, extra_rrules, rdates, exdates, changed_in) as start_at,
       concat(end_at, rrule, extra_rrules, rdates, exdates, changed_in) as end_at
from silver.calendar_event_history
where valid_to is null and change <> 'calendar.deleted' and busy and not all_day and calendar_id <> 'plans' and end_at > start_at

-- habit_streaks --
-- Python works out the streaks, each column from all of these.
select user_id, habit_id, {columns}
from (select habits.user_id, habits.habit_id, concat(frequency, weekdays, times_per_week, logs.local_date, skipped) as made_of
      from silver.habit_history as habits join silver.habit_log_history as logs using (habit_id))

-- bootstrap_intervals --
-- Python draws the cohorts.
select month, change as low, change as high from gold.uplift_people

-- achievement_rules --
-- They are the same for all.
select 'one' as achievement, 'tasks_completed' as metric, 1 as threshold, 1 as points

-- dirty_months --
select date '2020-01-01' as from_day

-- dirty_days --
select user_id, bucket, timezone as today, changed_on as from_day, timezone as to_day from silver.user_history

-- scores --
-- Python scores from what the histories say of the tasks, of the work on them and of their goals.
with work as (
    select user_id, task_id, any_value(concat(started_at, ended_at, valid_from)) as stretches from silver.time_entry_history where ended_at is not null group by user_id, task_id
), goals as (
    select user_id, goal_id, any_value(concat(status, progress, start_date, target_date)) as pace from silver.goal_history group by user_id, goal_id
), zones as (
    select user_id, any_value(timezone) as timezone from silver.user_history group by user_id
), features as (
    select tasks.*, timezone, concat(due_at, due_date, timezone) as due,
           concat(tasks.due_at, tasks.due_date, timezone, tasks.priority, tasks.status, tasks.tags, tasks.pinned, tasks.blocked_by, tasks.created_at, tasks.start_at) as urgency,
           concat(tasks.priority, tasks.pinned, tasks.blocked_by, tasks.goal_id, pace) as importance,
           concat(tasks.created_at, tasks.category_id, tasks.parent_task_id, tasks.estimated_minutes, tasks.recurrence, tasks.valid_from, tasks.completed_at, stretches) as habits
    from silver.task_history as tasks join zones using (user_id) left join work using (user_id, task_id) left join goals using (user_id, goal_id)
    where deleted_at is null and tasks.status in ('pending', 'in_progress')
)
select user_id, changed_on as local_date, task_id, concat(urgency, importance, habits) as score, concat(urgency, importance, habits) as rank,
       due as rank_by_due_date, urgency as rank_by_urgency, concat(urgency, importance, habits) as reasons, concat(urgency, habits) as deadline_risk,
       importance, concat(urgency, habits) as likelihood, version as task_version,
       changed_on as month, bucket
from features
