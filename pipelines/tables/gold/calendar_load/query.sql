-- One row per user, local day and hour in which something is on: busy minutes (overlap counts once), meetings that
-- begin, and conflicts; and on the same days a row for each hour in which an hour or more begins that is free,
-- between the hours of work. Time is laid out in quarters of an hour, for each of those lies within one hour of the
-- wall clock in every zone.
with
    quarters as (
        select *, greatest(quarter, start_at) as begin_at, least(quarter + interval 15 minutes, end_at) as until_at
        from
            (
                select
                    *,
                    unnest(
                        generate_series(
                            time_bucket(interval 15 minutes, start_at),
                            end_at - interval 1 microsecond,
                            interval 15 minutes
                        )
                    ) as quarter
                from meetings
            )
    ),
    uncovered as (
        select
            *,
            max(until_at) over (
                partition by user_id, quarter
                order by start_at, calendar_event_id
                rows between unbounded preceding and 1 preceding
            ) as covered_until
        from quarters
    ),
    placed as (  -- in two, where somebody moved
        select
            uncovered.* replace (greatest(begin_at, zone_begin) as begin_at, least(until_at, zone_end) as until_at),
            user_timezones.timezone as zone,
            timezone(user_timezones.timezone, greatest(begin_at, zone_begin)) as wall,
            wall::date as local_date
        from uncovered
        join
            user_timezones
            on user_timezones.user_id = uncovered.user_id
            and begin_at < zone_end
            and until_at > zone_begin
    ),
    busy_hours as (
        select
            user_id,
            local_date,
            hour(wall) as hour_of_day,
            sum(greatest(0, epoch(until_at - greatest(begin_at, coalesce(covered_until, begin_at)))))
            / 60 as busy_minutes,
            count(*) filter (where begin_at = start_at) as meetings,
            count(distinct calendar_event_id) filter (where covered_until > begin_at) as conflicts
        from placed
        group by user_id, local_date, hour(wall)
    ),
    work as (
        select
            user_id,
            local_date,
            arg_min(zone, begin_at) as zone,
            timezone(arg_min(zone, begin_at), local_date + $work_from) as opens_at,
            timezone(arg_min(zone, begin_at), local_date + $work_until) as closes_at
        from placed
        group by user_id, local_date
    ),
    taken as (  -- and the end of work
        select user_id, local_date, greatest(begin_at, opens_at) as begin_at, least(until_at, closes_at) as until_at
        from placed
        join work using (user_id, local_date)
        where begin_at < closes_at and until_at > opens_at
        union all
        select user_id, local_date, closes_at, closes_at
        from work
    ),
    free as (  -- what lies between one thing and all that was before it
        select
            user_id,
            local_date,
            begin_at,
            coalesce(
                max(until_at) over (
                    partition by user_id, local_date
                    order by begin_at, until_at
                    rows between unbounded preceding and 1 preceding
                ),
                opens_at
            ) as free_from,
            zone
        from taken
        join work using (user_id, local_date)
    ),
    free_hours as (
        select user_id, local_date, hour(timezone(zone, free_from)) as hour_of_day, count(*) as free_blocks
        from free
        where begin_at - free_from >= interval 60 minutes
        group by user_id, local_date, hour(timezone(zone, free_from))
    )
select
    user_id,
    bucket,
    local_date,
    hour_of_day,
    coalesce(busy_minutes, 0) as busy_minutes,
    coalesce(meetings, 0) as meetings,
    coalesce(conflicts, 0) as conflicts,
    coalesce(free_blocks, 0) as free_blocks,
    strftime(local_date, '%Y-%m') as month
from busy_hours
full join free_hours using (user_id, local_date, hour_of_day)
join users using (user_id)
where local_date >= (select from_day from dirty_months)
