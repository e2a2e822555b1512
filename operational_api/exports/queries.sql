-- categories --
select id, name, color, icon from categories where id > %(after)s order by id limit %(limit)s

-- goals --
select
    goals.id, title, description, categories.name as category, horizon, start_date, target_date, measurement, target_value, unit, current_value,
    progress, status, weekly_minutes, goals.created_at, completed_at
from goals left join categories on categories.id = category_id
where goals.id > %(after)s and deleted_at is null order by goals.id limit %(limit)s

-- milestones --
select milestones.id, goal_id, milestones.title, order_index, milestones.target_date, milestones.status, milestones.completed_at
from milestones join goals on goals.id = goal_id
where milestones.id > %(after)s and deleted_at is null order by milestones.id limit %(limit)s

-- tasks --
select
    tasks.id, title, description, notes, priority, status, categories.name as category, tags, due_at, due_date, start_at, estimated_minutes,
    actual_minutes, completed_at, parent_task_id, goal_id, recurrence, blocked_by, pinned, tasks.created_at
from tasks left join categories on categories.id = category_id
where tasks.id > %(after)s and deleted_at is null order by tasks.id limit %(limit)s

-- habits --
select id, title, frequency, weekdays, times_per_week, start_date, end_date, reminder_time, created_at, archived_at
from habits where id > %(after)s order by id limit %(limit)s

-- habit_logs --
select id, habit_id, local_date, value, mood, notes, skipped, skip_reason
from habit_logs where id > %(after)s order by id limit %(limit)s

-- time_entries --
-- A timer that runs is no record yet.
select id, task_id, kind, started_at, ended_at, note
from time_entries where id > %(after)s and ended_at is not null order by id limit %(limit)s

-- calendar_events --
-- An accepted plan is no appointment.
select id, title, start_at, end_at, all_day, busy, location, attendees, rrule,
    extra_rrules, rdates, exdates, source
from calendar_events
where id > %(after)s and calendar_id is distinct from %(plan_calendar)s order by id limit %(limit)s

-- days_off --
select id, first_date, last_date, reason from days_off where id > %(after)s order by id limit %(limit)s
