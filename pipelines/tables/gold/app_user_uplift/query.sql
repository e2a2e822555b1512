-- One row per workspace and month: events a week of each user in the latest four full weeks against the first four. A
-- week is full where it begins on or after the user's first day and is over everywhere. Users who came more than five
-- years ago are left out: each would add a row a week, and an app can send events of any day.
with
    firsts as (
        select user_id, app_user_id, any_value(bucket) as bucket, min(local_date) as first_day
        from gold.app_user_days
        group by user_id, app_user_id
        having min(local_date) >= last_day_over($as_of) - 1826
    ),
    weeks as (
        select
            user_id,
            app_user_id,
            bucket,
            unnest(
                generate_series(
                    date_trunc('week', first_day + 6)::date,
                    date_trunc('week', last_day_over($as_of) + 1)::date - 7,
                    interval 7 day
                )
            )::date as week
        from firsts
    ),
    counted as (
        select user_id, app_user_id, date_trunc('week', local_date)::date as week, sum(events) as events
        from gold.app_user_days
        group by user_id, app_user_id, date_trunc('week', local_date)
    ),
    running as (
        select
            weeks.user_id,
            weeks.app_user_id,
            weeks.bucket,
            weeks.week + 6 as final_day,
            row_number() over by_user as number,
            avg(coalesce(counted.events, 0)) over (by_user rows 3 preceding) as weekly
        from weeks
        left join
            counted
            on counted.user_id = weeks.user_id
            and counted.app_user_id = weeks.app_user_id
            and counted.week = weeks.week
        window by_user as (partition by weeks.user_id, weeks.app_user_id order by weeks.week)
    ),
    beginnings as (select user_id, app_user_id, weekly as first_weekly from running where number = 4),
    users as (
        select
            running.user_id,
            running.app_user_id,
            any_value(running.bucket) as bucket,
            date_trunc('month', final_day)::date as month,
            any_value(first_weekly) as first_weekly,
            arg_max(weekly, number) as latest_weekly
        from running
        join beginnings on beginnings.user_id = running.user_id and beginnings.app_user_id = running.app_user_id
        where number >= 8
        group by running.user_id, running.app_user_id, date_trunc('month', final_day)
    )
select
    user_id,
    month,
    count(*) as users,
    avg(first_weekly) as first_weekly,
    avg(latest_weekly) as latest_weekly,
    avg(latest_weekly - first_weekly) as mean_change,
    case
        when count(*) >= 5 then mean_change - 1.96 * stddev_samp(latest_weekly - first_weekly) / sqrt(count(*))
    end as mean_change_low,
    case
        when count(*) >= 5 then mean_change + 1.96 * stddev_samp(latest_weekly - first_weekly) / sqrt(count(*))
    end as mean_change_high,
    avg((latest_weekly >= 1.2 * first_weekly and latest_weekly > first_weekly)::integer) as share_up_20,
    any_value(bucket) as bucket
from users
group by user_id, month
