-- One row per workspace and day, from its first day with a user of the app to its last.
with
    used as (
        select user_id, app_user_id, local_date, sum(events) as events, any_value(bucket) as bucket
        from gold.app_user_days
        group by user_id, app_user_id, local_date
    ),
    days as (
        select
            user_id,
            any_value(bucket) as bucket,
            unnest(generate_series(min(local_date), max(local_date), interval 1 day))::date as local_date
        from used
        group by user_id
    ),
    newcomers as (
        select user_id, first_day as local_date, count(*) as new_users
        from (select user_id, app_user_id, min(local_date) as first_day from used group by user_id, app_user_id)
        group by user_id, first_day
    )
select
    days.user_id,
    days.local_date,
    count(distinct app_user_id) filter (where used.local_date = days.local_date) as dau,
    count(distinct app_user_id) filter (where used.local_date > days.local_date - 7) as wau,
    count(distinct app_user_id) as mau,
    dau / nullif(mau, 0) as stickiness,
    coalesce(any_value(new_users), 0) as new_users,
    coalesce(sum(events) filter (where used.local_date = days.local_date), 0)::bigint as events,
    any_value(days.bucket) as bucket
from days
left join used on used.user_id = days.user_id and used.local_date between days.local_date - 29 and days.local_date
left join newcomers on newcomers.user_id = days.user_id and newcomers.local_date = days.local_date
group by days.user_id, days.local_date
