-- One row per user, local day, hour, category and kind: where time went. Time is laid out in quarters of an hour, for
-- that is what the offsets of all zones are multiples of: each quarter lies within one hour of the wall clock, on
-- days of 23 and 25 hours too.
with
    entries as (
        select user_id, bucket, task_id, kind, started_at, ended_at, valid_from as written_at
        from silver.time_entry_history
        semi join users using (user_id)
        where valid_to is null and change <> 'time.deleted' and ended_at > started_at
    ),
    categories as (
        select user_id, task_id, valid_from, arg_max_null(category_id, version) as category_id
        from silver.task_history
        semi join entries using (user_id, task_id)
        group by user_id, task_id, valid_from
    ),
    quarters as (
        select *, greatest(quarter, started_at) as begin_at, least(quarter + interval 15 minutes, ended_at) as end_at
        from
            (
                select
                    *,
                    unnest(
                        generate_series(
                            time_bucket(interval 15 minutes, started_at),
                            ended_at - interval 1 microsecond,
                            interval 15 minutes
                        )
                    ) as quarter
                from entries
            )
    ),
    placed as (  -- in two, where somebody moved
        select
            quarters.* replace (greatest(begin_at, zone_begin) as begin_at, least(end_at, zone_end) as end_at),
            timezone(user_timezones.timezone, greatest(begin_at, zone_begin)) as wall
        from quarters
        join user_timezones on user_timezones.user_id = quarters.user_id and begin_at < zone_end and end_at > zone_begin
    )
select
    placed.user_id,
    any_value(placed.bucket) as bucket,
    wall::date as local_date,
    hour(wall) as hour_of_day,
    coalesce(category_id, '') as category_id,
    kind,
    sum(epoch(end_at - begin_at)) / 60 as minutes,
    strftime(wall::date, '%Y-%m') as month
from placed
asof left join
    categories
    on categories.user_id = placed.user_id
    and categories.task_id = placed.task_id
    and categories.valid_from <= written_at
where wall::date >= (select from_day from dirty_months)
group by placed.user_id, wall::date, hour(wall), coalesce(category_id, ''), kind
