-- One row a person, local day and hour in which something is on: busy minutes (overlap counts once), meetings that begin, and conflicts. Time
-- is laid out in quarters of an hour, for each of those lies within one hour of the wall clock in every zone.
with zones as (  -- since which moment somebody has lived in a zone
    select user_id, valid_from, timezone from silver.user_history semi join people using (user_id)
), quarters as (
    select *, greatest(quarter, start_at) as begin_at, least(quarter + interval 15 minutes, end_at) as until_at
    from (select *, unnest(generate_series(time_bucket(interval 15 minutes, start_at), end_at - interval 1 microsecond, interval 15 minutes)) as quarter
          from meetings)
), uncovered as (
    select *, max(until_at) over (partition by user_id, quarter order by begin_at, until_at rows between unbounded preceding and 1 preceding) as covered_until
    from quarters
), placed as (  -- what lies before the first moment lies in the first zone
    select uncovered.*, timezone(coalesce(zones.timezone, first_timezone), quarter) as wall
    from (select uncovered.*, first_timezone from uncovered join people using (user_id)) as uncovered
    asof left join zones on zones.user_id = uncovered.user_id and zones.valid_from <= uncovered.quarter
)
select user_id, any_value(bucket) as bucket, wall::date as local_date, hour(wall) as hour_of_day,
       sum(greatest(0, epoch(until_at - greatest(begin_at, coalesce(covered_until, begin_at))))) / 60 as busy_minutes,
       count(*) filter (where begin_at = start_at) as meetings,
       count(distinct calendar_event_id) filter (where covered_until > begin_at) as conflicts
from placed group by user_id, wall::date, hour(wall)
