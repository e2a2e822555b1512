-- One row a person and local day, from the day on that `people` names: what was done, due and open.
-- The state at the end of a day is that of the last version whose change belongs to that day or an earlier one; the day of a change
-- is frozen in its event, so nothing here depends on where somebody lives now.
with choices as (  -- what somebody had chosen by the end of a day
    select user_id, first_day, arg_max(week_start, version) as week_start, arg_max_null(daily_focus_goal_minutes, version) as focus_goal
    from (select *, max(changed_on) over (partition by user_id order by version rows unbounded preceding) as first_day
          from silver.user_history semi join people using (user_id))
    group by user_id, first_day
), day_list as (  -- with the day before the first, whose end is the first day's beginning
    select user_id, bucket, today, unnest(generate_series(from_day - 1, to_day, interval 1 day))::date as local_date from people
), days as (
    select day_list.*, coalesce(choices.week_start, 0) as week_start, choices.focus_goal
    from day_list asof left join choices on choices.user_id = day_list.user_id and choices.first_day <= day_list.local_date
), day_parts as (  -- a day is as long as the clocks around somebody say; on a day of moving house it has a part in each place
    select user_id, local_date, greatest(timezone(timezone, local_date::timestamp), stay_begin) as part_begin,
           least(timezone(timezone, (local_date + 1)::timestamp), stay_end) as part_end
    from day_list join stays using (user_id) where part_begin < part_end
),

-- days off: those that have come by a day count as they are known now, those still to come as they were known on that day, so that
-- a day off that is added later changes no pace of before
off_dates as (
    select user_id, unnest(generate_series(first_date, last_date, interval 1 day))::date as off_date, is_current, known_from,
           coalesce(lead(known_from) over (partition by user_id, day_off_id order by version) - 1, date '9999-12-31') as known_until
    from (select *, valid_to is null as is_current,
                 max(changed_on) over (partition by user_id, day_off_id order by version rows unbounded preceding) as known_from
          from silver.day_off_history semi join people using (user_id))
    qualify change <> 'dayoff.deleted'
), free as (
    select distinct user_id, off_date as local_date from off_dates where is_current
),

-- tasks
task_versions as (
    select *, max(changed_on) over (partition by user_id, task_id order by version rows unbounded preceding) as first_day,
           coalesce(due_date, timezone(changed_in, due_at)::date) as due_day
    from silver.task_history semi join people using (user_id)
), task_spans as (
    select user_id, task_id, version, due_day, due_at, first_day,
           coalesce(lead(first_day) over (partition by user_id, task_id order by version) - 1, date '9999-12-31') as last_day,
           deleted_at is null and status in ('pending', 'in_progress') as is_open,
           deleted_at is null and status not in ('cancelled', 'archived') as is_expected
    from task_versions
), overdue_spans as (  -- a day that is not over yet: only what has passed already is overdue
    select user_id, today, last_day,
           greatest(first_day, from_day - 1, case when due_day = today and (due_at is null or due_at > $as_of) then due_day + 1 else due_day end)
               as overdue_from
    from task_spans join people using (user_id)
    where is_open and due_day is not null and last_day >= first_day and last_day >= from_day - 1 and last_day >= overdue_from
), open_changes as (
    select user_id, greatest(first_day, from_day - 1) as local_date, 1 as open, 0 as overdue
    from task_spans join people using (user_id) where is_open and last_day >= first_day and last_day >= from_day - 1
    union all
    select user_id, last_day + 1, -1, 0
    from task_spans join people using (user_id) where is_open and last_day >= first_day and last_day >= from_day - 1 and last_day < today
    union all
    select user_id, overdue_from, 0, 1 from overdue_spans where overdue_from <= today
    union all
    select user_id, last_day + 1, 0, -1 from overdue_spans where last_day < today
), open_counts as (
    select user_id, local_date, sum(open) as open, sum(overdue) as overdue from open_changes group by user_id, local_date
), task_created as (
    select user_id, changed_on as local_date, count(distinct task_id) as tasks_created
    from task_versions where change = 'task.created' group by user_id, changed_on
), last_words as (  -- completed and reopened on one day: the last of them counts
    select user_id, task_id, changed_on, arg_max(change, version) as change, arg_max_null(due_day, version) as due_day,
           arg_max_null(due_at, version) as due_at, arg_max(coalesce(completed_at, valid_from), version) as completed_at
    from task_versions where change in ('task.completed', 'task.reopened') group by user_id, task_id, changed_on
), task_completed as (
    select user_id, changed_on as local_date, count(task_id) as tasks_completed,
           count(*) filter (where due_day is not null) as tasks_completed_with_due,
           count(*) filter (where case when due_at is null then changed_on <= due_day else completed_at <= due_at end)
               as tasks_completed_on_time
    from last_words where change = 'task.completed' group by user_id, changed_on
), task_due as (
    select user_id, due_day as local_date, count(task_id) as tasks_due
    from task_spans where is_expected and due_day between first_day + 1 and last_day + 1 group by user_id, due_day
),

-- goals
goal_versions as (
    select *, max(changed_on) over (partition by user_id, goal_id order by version rows unbounded preceding) as first_day,
           progress > lag(progress) over (partition by user_id, goal_id order by version) as has_risen
    from silver.goal_history semi join people using (user_id)
), goal_spans as (
    select *, coalesce(lead(first_day) over (partition by user_id, goal_id order by version) - 1, date '9999-12-31') as last_day
    from goal_versions
), goal_days as (
    select user_id, changed_on as local_date, count(distinct goal_id) filter (where has_risen) as goals_progressed,
           count(distinct goal_id) filter (where change = 'goal.completed') as goals_completed
    from goal_versions group by user_id, changed_on
), off_ahead as (  -- of a goal with a date, the days off until then
    select days.user_id, days.local_date, goal_id, count(distinct off_date) as days_off
    from days
    join goal_spans using (user_id) join off_dates using (user_id)
    where days.local_date - 1 between first_day and last_day and status = 'active' and off_date between days.local_date and target_date
      and case when off_date = days.local_date then is_current else days.local_date between known_from and known_until end
    group by days.user_id, days.local_date, goal_id
), goal_pace as (
    select days.user_id, days.local_date, count(*) as dated_goals,
           avg(case when later.status = 'completed' or morning.progress >= 100 then 1
                    else least(1, greatest(0, (later.progress - morning.progress)
                                              / ((100 - morning.progress)
                                                 / greatest(morning.target_date - days.local_date + 1 - coalesce(days_off, 0), 1))))
               end) as score_goals
    from days
    join goal_spans as morning on morning.user_id = days.user_id and days.local_date - 1 between morning.first_day and morning.last_day
    join goal_spans as later on later.user_id = morning.user_id and later.goal_id = morning.goal_id and days.local_date between later.first_day and later.last_day
    left join off_ahead on off_ahead.user_id = days.user_id and off_ahead.local_date = days.local_date and off_ahead.goal_id = morning.goal_id
    where morning.status = 'active' and morning.target_date is not null and morning.change <> 'goal.deleted'
    group by days.user_id, days.local_date
),

-- habits
habit_spans as (
    select *, coalesce(lead(first_day) over (partition by user_id, habit_id order by version) - 1, date '9999-12-31') as last_day
    from (select *, max(changed_on) over (partition by user_id, habit_id order by version rows unbounded preceding) as first_day
          from silver.habit_history semi join people using (user_id))
), logs as (
    select user_id, habit_id, local_date, skipped
    from (select * from silver.habit_log_history semi join people using (user_id)
          qualify row_number() over (partition by user_id, habit_log_id order by version desc) = 1)
    where change = 'habit.logged'
    qualify row_number() over (partition by user_id, habit_id, local_date order by log_offset desc) = 1
), habit_days as (
    select days.user_id, days.local_date, habit_spans.habit_id, frequency, weekdays, times_per_week,
           days.local_date - (isodow(days.local_date) - 1 - week_start + 7)::integer % 7 as week_first,
           logs.local_date is not null and not logs.skipped as is_done, coalesce(logs.skipped, false) as is_skipped,
           free.local_date is not null as is_free
    from days
    left join free on free.user_id = days.user_id and free.local_date = days.local_date
    join habit_spans on habit_spans.user_id = days.user_id and days.local_date between first_day and last_day
    left join logs on logs.user_id = days.user_id and logs.habit_id = habit_spans.habit_id and logs.local_date = days.local_date
    where days.local_date between start_date and coalesce(end_date, date '9999-12-31') and archived_at is null
), habit_weeks as (
    select habit_days.*, count(logs.local_date) filter (where not logs.skipped) as done_before
    from habit_days
    left join logs on logs.user_id = habit_days.user_id and logs.habit_id = habit_days.habit_id
         and logs.local_date >= week_first and logs.local_date < habit_days.local_date
    group by all
), off_weeks as (  -- of a habit of n times a week, the days off around a day: those to come, and those that went by without it
    select habit_days.user_id, habit_days.habit_id, habit_days.local_date,
           count(distinct off_date) filter (where off_date >= habit_days.local_date) as off_left,
           count(distinct off_date) filter (where off_date < habit_days.local_date and coalesce(logs.skipped, true)) as off_before
    from habit_days
    join off_dates on off_dates.user_id = habit_days.user_id and off_date between week_first and week_first + 6
    left join logs on logs.user_id = habit_days.user_id and logs.habit_id = habit_days.habit_id and logs.local_date = off_date
    where frequency = 'weekly'
      and case when off_date <= habit_days.local_date then is_current else habit_days.local_date between known_from and known_until end
    group by habit_days.user_id, habit_days.habit_id, habit_days.local_date
), habit_counts as (
    select user_id, local_date, count(*) filter (where is_done) as habits_completed,
           count(*) filter (where not is_skipped and case
               when is_free then is_done
               when frequency = 'daily' then true
               when frequency = 'weekdays' then list_contains(weekdays, isodow(local_date) - 1)
               else is_done or week_first + 7 - local_date - coalesce(off_left, 0) <= times_per_week - done_before
                               and 7 - coalesce(off_left, 0) - coalesce(off_before, 0) >= times_per_week
           end) as habits_scheduled
    from habit_weeks left join off_weeks using (user_id, habit_id, local_date) group by user_id, local_date
),

-- time: what was said last of an entry counts, for a correction is meant to correct
stretches as (
    select user_id, 'focus' as what, kind, started_at as begin_at, ended_at as end_at
    from silver.time_entry_history semi join people using (user_id)
    where valid_to is null and change <> 'time.deleted' and ended_at > started_at
    union all
    select user_id, 'meeting', null, start_at, least(end_at, $as_of) from meetings where start_at < $as_of  -- what has passed
), slices as (
    select day_parts.user_id, local_date, what, kind, begin_at, end_at, part_end,
           greatest(begin_at, part_begin) as slice_begin, least(end_at, part_end) as slice_end
    from (select *, unnest(generate_series(begin_at::date - 1, end_at::date + 1, interval 1 day))::date as near_date from stretches) as near
    join day_parts on day_parts.user_id = near.user_id and local_date = near_date
    where begin_at < part_end and end_at > part_begin
), uncovered as (  -- each slice adds only the part that no earlier one has covered
    select *, max(slice_end) over (partition by user_id, local_date, what order by slice_begin, slice_end
                                   rows between unbounded preceding and 1 preceding) as covered_until
    from slices
), minutes as (
    select user_id, local_date,
           sum(greatest(0, epoch(slice_end - greatest(slice_begin, coalesce(covered_until, slice_begin))))) filter (where what = 'focus') / 60
               as focus_minutes,
           sum(greatest(0, epoch(slice_end - greatest(slice_begin, coalesce(covered_until, slice_begin))))) filter (where what = 'meeting') / 60
               as meeting_minutes,
           count(*) filter (where kind = 'pomodoro' and end_at <= part_end and end_at - begin_at >= interval 20 minutes) as pomodoro_sessions
    from uncovered group by user_id, local_date
),

-- the rest
happened as (
    select user_id, local_date, count(*) filter (where actor <> 'system' and type not like 'user.%') as events,
           count(*) filter (where type = 'ai.plan_generated') as ai_plans_generated, count(*) filter (where type = 'activity.tracked') as activity_events
    from silver.events semi join people using (user_id) group by user_id, local_date
), counted as (
    select days.user_id, days.bucket, days.local_date, days.focus_goal,
           coalesce(tasks_created, 0) as tasks_created, coalesce(tasks_completed, 0) as tasks_completed,
           coalesce(tasks_completed_with_due, 0) as tasks_completed_with_due,
           coalesce(tasks_completed_on_time, 0) as tasks_completed_on_time, coalesce(tasks_due, 0) as tasks_due,
           sum(coalesce(open, 0)) over so_far as tasks_open, sum(coalesce(overdue, 0)) over so_far as tasks_overdue,
           coalesce(goals_progressed, 0) as goals_progressed, coalesce(goals_completed, 0) as goals_completed,
           coalesce(dated_goals, 0) as dated_goals, score_goals,
           coalesce(habits_scheduled, 0) as habits_scheduled, coalesce(habits_completed, 0) as habits_completed,
           coalesce(focus_minutes, 0) as focus_minutes, coalesce(pomodoro_sessions, 0) as pomodoro_sessions,
           coalesce(meeting_minutes, 0) as meeting_minutes, coalesce(ai_plans_generated, 0) as ai_plans_generated,
           coalesce(activity_events, 0) as activity_events, coalesce(events, 0) as events, free.local_date is not null as is_day_off
    from days
    left join open_counts using (user_id, local_date) left join task_created using (user_id, local_date)
    left join task_completed using (user_id, local_date) left join task_due using (user_id, local_date)
    left join goal_days using (user_id, local_date) left join goal_pace using (user_id, local_date)
    left join habit_counts using (user_id, local_date) left join minutes using (user_id, local_date)
    left join happened using (user_id, local_date) left join free using (user_id, local_date)
    window so_far as (partition by days.user_id order by days.local_date rows unbounded preceding)
)
select *, coalesce(lag(tasks_open) over (partition by user_id order by local_date), 0) as open_at_start
from counted
qualify row_number() over (partition by user_id order by local_date) > 1
