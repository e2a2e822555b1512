-- days --
-- What users did on each of some days, on which all users did the same: tasks, most of them done on their day, the time they took, and use of the app.
create or replace temp table done as
select user_id, bucket, day::date as day, slot, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5, 20][slot + 1] as lag, person,
       day::date + interval 9 hours + slot * interval 10 minutes as began_at, strftime(day::date, '%Y-%m') as month
from people, generate_series($first::date, $last::date, interval 1 day) as days(day), range(12) as slots(slot)

-- tasks --
with tasks as (
    select *, day + lag::integer as done_on, began_at + lag * interval 1 day + interval 25 minutes as done_at from done
)
select user_id, task_id(day, slot, person) as task_id, bucket, version, begins_on as changed_on, begins_at as valid_from, until_at as valid_to,
       change, status, 'Europe/Berlin' as changed_in, 'medium' as priority, day as due_date, began_at as created_at,
       case when status = 'completed' then begins_at end as completed_at, 0 as log_offset, last_month
from (select *, 1 as version, 'task.created' as change, 'pending' as status, day as begins_on, began_at as begins_at,
             case when done_on < $until then done_at end as until_at,
             case when done_on < $until then strftime(done_on, '%Y-%m') else '9999-12' end as last_month from tasks
      union all
      select *, 2, 'task.completed', 'completed', done_on, done_at, null, strftime(done_on, '%Y-%m') from tasks where done_on < $until)

-- entries --
select user_id, task_id(day, 256 + slot, person) as time_entry_id, bucket, 1 as version, 'time.logged' as change, day as changed_on,
       began_at + interval 25 minutes as valid_from, 'Europe/Berlin' as changed_in, task_id(day, slot, person) as task_id, 'focus' as kind,
       began_at as started_at, began_at + interval 25 minutes as ended_at, 0 as log_offset, month as last_month
from done

-- events --
select task_id(day, 512 + 4 * slot + number, person) as event_id, user_id, bucket, day as local_date, month, 'Europe/Berlin' as timezone,
       began_at as occurred_at, began_at as recorded_at, 'user' as actor, 'benchmark' as source, 1 as entity_version, 0 as log_offset,
       task_id(day, case number when 2 then 256 else 0 end + slot, person) as subject,
       ['task', 'task', 'time_entry', 'activity'][number + 1] as noun,
       ['task.created', 'task.completed', 'time.logged', 'activity.tracked'][number + 1] as type,
       '{"name": "page", "platform": "web", "priority": "medium", "status": "pending", "due_date": "2026-03-02"}' as data
from done, range(4) as numbers(number)

-- rows --
select distinct user_id, bucket, day as local_date, month, 12 as tasks_created, 12 as tasks_completed, 12 as tasks_completed_with_due,
       9 as tasks_completed_on_time, 12 as tasks_due, 26 as tasks_open, 0 as tasks_overdue, 0 as goals_progressed, 0 as goals_completed,
       0 as habits_scheduled, 0 as habits_completed, 300.0 as focus_minutes, 0 as pomodoro_sessions, 0.0 as meeting_minutes,
       0 as ai_plans_generated, 12 as activity_events, 60.0 as productivity_score
from done
