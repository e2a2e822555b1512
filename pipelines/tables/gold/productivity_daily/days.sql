-- The days to be computed, with the day before the first, whose end is the first day's beginning; and what the user
-- had chosen by their end.
with
    choices as (
        select
            user_id,
            first_day,
            arg_max(week_start, version) as week_start,
            arg_max_null(daily_focus_goal_minutes, version) as focus_goal
        from
            (
                select
                    *,
                    max(changed_on) over (partition by user_id order by version rows unbounded preceding) as first_day
                from silver.user_history
                semi join dirty_days using (user_id)
            )
        group by user_id, first_day
    ),
    day_list as (
        select user_id, bucket, today, unnest(generate_series(from_day - 1, to_day, interval 1 day))::date as local_date
        from dirty_days
    )
select day_list.*, coalesce(choices.week_start, 0) as week_start, choices.focus_goal
from day_list
asof left join choices on choices.user_id = day_list.user_id and choices.first_day <= day_list.local_date
