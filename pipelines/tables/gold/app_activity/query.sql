-- One row a day and platform, and one for all (the platform *): who was active, by what they began themselves: in an
-- app that tracks it, or by a task created, a timer stopped and the like, which say no platform. Nor does an app that
-- calls its platform *, or it would count as all.
with
    happened as (
        select user_id, local_date, coalesce(nullif(data ->> 'platform', '*'), '') as platform
        from silver.events
        where is_activity(type, actor, data)
    ),
    used as (select distinct user_id, local_date, platform from happened),
    by_platform as (
        from used
        union all by name
        select distinct user_id, local_date, '*' as platform
        from used
    ),
    -- All have a row for each day. A platform has one where someone was active within the thirty days up to it: anybody
    -- can name a thousand, and say that they were used in 1970.
    days as (
        select
            '*' as platform,
            unnest(generate_series(min(local_date), max(local_date), interval 1 day))::date as local_date
        from used
        union all by name
        select distinct
            platform,
            unnest(
                generate_series(local_date, least(local_date + 29, (select max(local_date) from used)), interval 1 day)
            )::date as local_date
        from (select distinct platform, local_date from used)
    ),
    events as (select local_date, platform, count(*) as events from happened group by all),
    all_events as (
        from events
        union all by name
        select local_date, '*' as platform, sum(events)::bigint as events
        from events
        group by local_date
    ),
    newcomers as (
        select first_day as local_date, platform, count(*) as new_users
        from (select user_id, platform, min(local_date) as first_day from by_platform group by user_id, platform)
        group by all
    )
select
    days.local_date,
    days.platform,
    count(distinct user_id) filter (where by_platform.local_date = days.local_date) as dau,
    count(distinct user_id) filter (where by_platform.local_date > days.local_date - 7) as wau,
    count(distinct user_id) as mau,
    dau / nullif(mau, 0) as stickiness,
    coalesce(any_value(new_users), 0) as new_users,
    coalesce(any_value(events), 0) as events
from days
left join
    by_platform
    on by_platform.platform = days.platform
    and by_platform.local_date between days.local_date - 29 and days.local_date
left join newcomers on newcomers.platform = days.platform and newcomers.local_date = days.local_date
left join all_events on all_events.platform = days.platform and all_events.local_date = days.local_date
group by days.local_date, days.platform
