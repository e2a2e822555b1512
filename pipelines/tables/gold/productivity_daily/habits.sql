-- How many habits each day asked for, and how many of them were done. Habits are counted by the week of the user.
with
    spans as (
        select
            *,
            coalesce(
                lead(first_day) over (partition by user_id, habit_id order by version) - 1, date '9999-12-31'
            ) as last_day
        from
            (
                select
                    *,
                    max(changed_on) over (
                        partition by user_id, habit_id order by version rows unbounded preceding
                    ) as first_day
                from silver.habit_history
                semi join dirty_days using (user_id)
            )
    ),
    logs as (
        select user_id, habit_id, local_date, skipped
        from
            (
                select *
                from silver.habit_log_history
                semi join dirty_days using (user_id)
                qualify row_number() over (partition by user_id, habit_log_id order by version desc) = 1
            )
        where change = 'habit.logged'
        qualify row_number() over (partition by user_id, habit_id, local_date order by log_offset desc) = 1
    ),
    free as (select distinct user_id, off_date as local_date from days_off where is_current),
    habit_days as (
        select
            days.user_id,
            days.local_date,
            spans.habit_id,
            frequency,
            weekdays,
            times_per_week,
            days.local_date - (isodow(days.local_date) - 1 - week_start + 7)::integer % 7 as week_first,
            logs.local_date is not null and not logs.skipped as is_done,
            coalesce(logs.skipped, false) as is_skipped,
            free.local_date is not null as is_free
        from days
        left join free on free.user_id = days.user_id and free.local_date = days.local_date
        join spans on spans.user_id = days.user_id and days.local_date between first_day and last_day
        left join
            logs on logs.user_id = days.user_id and logs.habit_id = spans.habit_id and logs.local_date = days.local_date
        where days.local_date between start_date and coalesce(end_date, date '9999-12-31') and archived_at is null
    ),
    with_week as (
        select habit_days.*, count(logs.local_date) filter (where not logs.skipped) as done_before
        from habit_days
        left join
            logs
            on logs.user_id = habit_days.user_id
            and logs.habit_id = habit_days.habit_id
            and logs.local_date >= week_first
            and logs.local_date < habit_days.local_date
        group by all
    ),
    off_weeks as (  -- of a habit of n times a week: days off to come, and those that went by without it
        select
            habit_days.user_id,
            habit_days.habit_id,
            habit_days.local_date,
            count(distinct off_date) filter (where off_date >= habit_days.local_date) as off_left,
            count(distinct off_date) filter (
                where off_date < habit_days.local_date and coalesce(logs.skipped, true)
            ) as off_before
        from habit_days
        join days_off on days_off.user_id = habit_days.user_id and off_date between week_first and week_first + 6
        left join
            logs
            on logs.user_id = habit_days.user_id
            and logs.habit_id = habit_days.habit_id
            and logs.local_date = off_date
        where
            frequency = 'weekly'
            and case
                when off_date <= habit_days.local_date
                then is_current
                else habit_days.local_date between known_from and known_until
            end
        group by habit_days.user_id, habit_days.habit_id, habit_days.local_date
    )
select
    user_id,
    local_date,
    count(*) filter (where is_done) as habits_completed,
    count(*) filter (
        where
            not is_skipped
            and case
                when is_free
                then is_done
                when frequency = 'daily'
                then true
                when frequency = 'weekdays'
                then list_contains(weekdays, isodow(local_date) - 1)
                else
                    is_done
                    or week_first + 7 - local_date - coalesce(off_left, 0) <= times_per_week - done_before
                    and 7 - coalesce(off_left, 0) - coalesce(off_before, 0) >= times_per_week
            end
    ) as habits_scheduled
from with_week
left join off_weeks using (user_id, habit_id, local_date)
group by user_id, local_date
