-- Minutes of focus and of meetings on each day; overlapping ones count once. The last version of an entry counts, for
-- a correction is meant to correct. A day is as long as the clocks around the user say; on a day of moving house it
-- has a part in each place.
with
    day_parts as (
        select
            user_id,
            local_date,
            greatest(timezone(timezone, local_date::timestamp), zone_begin) as part_begin,
            least(timezone(timezone, (local_date + 1)::timestamp), zone_end) as part_end
        from days
        join user_timezones using (user_id)
        where part_begin < part_end
    ),
    entries as (
        select user_id, 'focus' as activity, kind, started_at as begin_at, ended_at as end_at
        from silver.time_entry_history
        semi join dirty_days using (user_id)
        where valid_to is null and change <> 'time.deleted' and ended_at > started_at
        union all
        select user_id, 'meeting', null, start_at, least(end_at, $as_of)
        from meetings
        where start_at < $as_of  -- what has passed
    ),
    near as (
        select *, unnest(generate_series(begin_at::date - 1, end_at::date + 1, interval 1 day))::date as near_date
        from entries
    ),
    slices as (
        select
            day_parts.user_id,
            local_date,
            activity,
            kind,
            begin_at,
            end_at,
            part_end,
            greatest(begin_at, part_begin) as slice_begin,
            least(end_at, part_end) as slice_end
        from near
        join day_parts on day_parts.user_id = near.user_id and local_date = near_date
        where begin_at < part_end and end_at > part_begin
    ),
    uncovered as (  -- each slice adds only the part that no earlier one has covered
        select
            *,
            max(slice_end) over (
                partition by user_id, local_date, activity
                order by slice_begin, slice_end
                rows between unbounded preceding and 1 preceding
            ) as covered_until
        from slices
    ),
    lengths as (
        select *, greatest(0, epoch(slice_end - greatest(slice_begin, coalesce(covered_until, slice_begin)))) as seconds
        from uncovered
    )
select
    user_id,
    local_date,
    sum(seconds) filter (where activity = 'focus') / 60 as focus_minutes,
    sum(seconds) filter (where activity = 'meeting') / 60 as meeting_minutes,
    count(*) filter (
        where kind = 'pomodoro' and end_at <= part_end and end_at - begin_at >= interval 20 minutes
    ) as pomodoro_sessions
from lengths
group by user_id, local_date
