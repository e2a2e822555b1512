-- One row per user and achievement of `achievement_rules`: the first day on which there was enough of what it counts,
-- as it is known now. What somebody was told of stays theirs all the same: that is kept in Postgres.
with
    spent as (
        select user_id, local_date, sum(minutes) / 60 as hours
        from gold.time_daily
        semi join users using (user_id)
        group by user_id, local_date
    ),
    counted as (
        select
            user_id,
            completed_on as local_date,
            'tasks_completed' as metric,
            row_number() over (partition by user_id order by completed_on)::double as value
        from gold.task_outcomes
        semi join users using (user_id)
        where completed_on is not null and not is_deleted
        union all
        select user_id, reached_on, 'goals_completed', row_number() over (partition by user_id order by reached_on)
        from
            (
                select user_id, coalesce(timezone(changed_in, completed_at)::date, changed_on) as reached_on
                from silver.goal_history
                semi join users using (user_id)
                where valid_to is null and status = 'completed' and change <> 'goal.deleted'
            )
        union all
        select user_id, local_date, 'hours_logged', sum(hours) over (partition by user_id order by local_date)
        from spent
        union all
        select user_id, local_date, 'habit_days', row_number() over (partition by user_id, habit_id order by local_date)
        from
            (
                select distinct user_id, habit_id, local_date
                from silver.habit_log_history
                semi join users using (user_id)
                where valid_to is null and change = 'habit.logged' and not skipped
            )
    )
select
    user_id,
    any_value(bucket) as bucket,
    any_value(registered_on) as registered_on,
    achievement,
    metric,
    threshold,
    points,
    coalesce(max(value), 0) as value,
    least(1, coalesce(max(value), 0) / threshold) as progress,
    min(local_date) filter (where value >= threshold) as earned_on
from users
cross join achievement_rules
left join counted using (user_id, metric)
group by user_id, achievement, metric, threshold, points
