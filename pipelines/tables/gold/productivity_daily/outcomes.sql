-- One row per user and local day: what was done, due and open by its end, from the counts of each domain.
with
    undone as (select user_id, subject from silver.events where is_undo(type, actor)),
    event_counts as (
        select
            user_id,
            local_date,
            count(*) filter (
                where actor <> 'system' and type not like 'user.%' and not is_of_app_user(type, data)
            ) as events,
            count(*) filter (where type = 'ai.plan_generated') as ai_plans_generated,
            count(*) filter (where type = 'activity.tracked' and not is_of_app_user(type, data)) as activity_events
        from silver.events
        semi join dirty_days using (user_id)
        anti join undone using (user_id, subject)
        group by user_id, local_date
    ),
    free as (select distinct user_id, off_date as local_date from days_off where is_current),
    counted as (
        select
            days.user_id,
            days.bucket,
            days.local_date,
            days.focus_goal,
            coalesce(tasks_created, 0) as tasks_created,
            coalesce(tasks_completed, 0) as tasks_completed,
            coalesce(tasks_completed_with_due, 0) as tasks_completed_with_due,
            coalesce(tasks_completed_on_time, 0) as tasks_completed_on_time,
            coalesce(tasks_due, 0) as tasks_due,
            sum(coalesce(open_more, 0)) over so_far as tasks_open,
            sum(coalesce(overdue_more, 0)) over so_far as tasks_overdue,
            coalesce(goals_progressed, 0) as goals_progressed,
            coalesce(goals_completed, 0) as goals_completed,
            coalesce(dated_goals, 0) as dated_goals,
            score_goals,
            coalesce(habits_scheduled, 0) as habits_scheduled,
            coalesce(habits_completed, 0) as habits_completed,
            coalesce(focus_minutes, 0) as focus_minutes,
            coalesce(pomodoro_sessions, 0) as pomodoro_sessions,
            coalesce(meeting_minutes, 0) as meeting_minutes,
            coalesce(ai_plans_generated, 0) as ai_plans_generated,
            coalesce(activity_events, 0) as activity_events,
            coalesce(events, 0) as events,
            free.local_date is not null as is_day_off
        from days
        left join task_counts using (user_id, local_date)
        left join goal_counts using (user_id, local_date)
        left join habit_counts using (user_id, local_date)
        left join time_counts using (user_id, local_date)
        left join event_counts using (user_id, local_date)
        left join free using (user_id, local_date)
        window so_far as (partition by days.user_id order by days.local_date rows unbounded preceding)
    )
select *, coalesce(lag(tasks_open) over (partition by user_id order by local_date), 0) as open_at_start
from counted
qualify row_number() over (partition by user_id order by local_date) > 1
