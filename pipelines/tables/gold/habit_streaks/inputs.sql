-- habits --
-- Each habit's latest version, with its days. An archived one is followed up to the day on which it was archived.
with
    logs as (
        select user_id, habit_id, local_date, skipped
        from silver.habit_log_history
        semi join users using (user_id)
        where valid_to is null and change = 'habit.logged'
        qualify row_number() over (partition by user_id, habit_id, local_date order by log_offset desc) = 1
    ),
    days as (
        select
            user_id,
            habit_id,
            list(local_date) filter (where not skipped) as done,
            list(local_date) filter (where skipped) as skipped
        from logs
        group by user_id, habit_id
    ),
    free_days as (select user_id, list(distinct off_date) as days_off from days_off where is_current group by user_id)
select
    user_id,
    habit_id,
    frequency,
    coalesce(weekdays, []) as weekdays,
    coalesce(times_per_week, 1) as times_per_week,
    start_date,
    end_date,
    week_start,
    coalesce(timezone(changed_in, archived_at)::date, today) as until,
    coalesce(done, []) as done,
    coalesce(skipped, []) as skipped,
    coalesce(days_off, []) as days_off
from silver.habit_history
join users using (user_id)
left join days using (user_id, habit_id)
left join free_days using (user_id)
where valid_to is null and (frequency <> 'weekdays' or len(weekdays) > 0)
