-- state --
select as_of, published_at, events, as_of > %(now)s - interval '2 hours' as is_fresh from publications where table_name = %(table)s

-- rows --
select json_build_object('items', coalesce(json_agg(row order by day, key), '[]'))::text as found
from published_rows where user_id = %(user_id)s and table_name = %(table)s and day between %(from)s and %(to)s

-- product --
select json_build_object('items', coalesce(json_agg(row order by day, key), '[]'))::text as found
from (select * from published_product where table_name = %(table)s and day between %(from)s and %(to)s order by day desc, key limit 5000) as page

-- tasks --
with outcomes as materialized (
    select (row->>'created_on')::date as created_on, (row->>'completed_on')::date as completed_on, (row->>'lead_hours')::double precision as lead_hours,
           (row->>'cycle_hours')::double precision as cycle_hours, (row->>'hours_late')::double precision as hours_late, (row->>'is_deleted')::boolean as is_deleted
    from published_rows where user_id = %(user_id)s and table_name = 'task_outcomes'
), created as (
    select * from outcomes where created_on between %(from)s and %(to)s and not is_deleted
), done as (
    select * from outcomes where completed_on between %(from)s and %(to)s
), flow as materialized (
    select day, row->>'priority' as priority, (row->>'created')::integer as created, (row->>'completed')::integer as completed, (row->>'open')::integer as open
    from published_rows where user_id = %(user_id)s and table_name = 'task_flow_daily' and day between %(from)s and %(to)s
), priorities as (
    select priority, sum(created) as created, sum(completed) as completed, coalesce(sum(open) filter (where day = (select max(day) from flow)), 0) as open
    from flow group by priority order by array_position(array['urgent', 'high', 'medium', 'low'], priority)
), spent as (
    select row->>'category_id' as category_id, sum((row->>'minutes')::double precision) as minutes
    from published_rows where user_id = %(user_id)s and table_name = 'time_daily' and day between %(from)s and %(to)s group by 1 order by 2 desc limit 200
)
select json_build_object(
    'created', (select count(*) from created), 'completed_of_created', (select count(completed_on) from created),
    'completion_rate', (select count(completed_on)::double precision / nullif(count(*), 0) from created),
    'completed', (select count(*) from done),
    'on_time_rate', (select count(*) filter (where hours_late <= 0)::double precision / nullif(count(hours_late), 0) from done),
    'median_lead_hours', (select percentile_cont(0.5) within group (order by lead_hours) from done),
    'median_cycle_hours', (select percentile_cont(0.5) within group (order by cycle_hours) from done),
    'by_priority', (select coalesce(json_agg(priorities), '[]') from priorities),
    'minutes_by_category', (select coalesce(json_agg(spent), '[]') from spent),
    'estimate_accuracy', (select coalesce(json_agg(row order by key), '[]') from published_rows
                          where user_id = %(user_id)s and table_name = 'estimate_accuracy'))::text as found

-- goals --
with days as materialized (
    select day, row->>'goal_id' as goal_id, row->>'status' as status, row
    from published_rows where user_id = %(user_id)s and table_name = 'goal_progress' and day <= %(to)s
), latest as (
    select distinct on (goal_id) goal_id, day, status, row
    from days order by goal_id, day desc
), seen as (
    select * from latest where day >= %(from)s
)
select json_build_object(
    'completed', (select count(*) filter (where status = 'completed') from seen),
    'completion_rate', (select count(*) filter (where status = 'completed')::double precision / nullif(count(*), 0) from seen),
    'median_days_to_complete', (select min((row->>'days')::integer) from published_rows  -- three quarters of two thirds may be a little more
                                where user_id = %(user_id)s and table_name = 'goal_completion' and (row->>'still_open')::double precision <= 0.5 + 1e-9),
    'goals', (select coalesce(json_agg(row || jsonb_build_object('forecast_date', row->'forecast_p50') order by goal_id), '[]') from seen))::text as found

-- habits --
with days as (
    select day, (row->>'habits_scheduled')::integer as scheduled, (row->>'habits_completed')::integer as completed
    from published_rows where user_id = %(user_id)s and table_name = 'productivity_daily' and day between %(from)s and %(to)s
)
select json_build_object('scheduled', coalesce(sum(scheduled), 0), 'completed', coalesce(sum(completed), 0),
                         'rate', sum(completed)::double precision / nullif(sum(scheduled), 0),
                         'habits', (select coalesce(json_agg(row order by key), '[]') from published_rows
                                    where user_id = %(user_id)s and table_name = 'habit_streaks'),
                         'items', coalesce(json_agg(days order by day), '[]'))::text as found from days

-- calendar --
with hours as materialized (
    select day, (row->>'hour_of_day')::integer as hour_of_day, (row->>'busy_minutes')::double precision as busy_minutes,
           (row->>'meetings')::integer as meetings, (row->>'conflicts')::integer as conflicts
    from published_rows where user_id = %(user_id)s and table_name = 'calendar_load' and day between %(from)s and %(to)s
), by_hour as (
    select hour_of_day, sum(busy_minutes) as busy_minutes, sum(meetings) as meetings from hours group by 1 order by 1
), by_weekday as (
    select extract(isodow from day)::integer - 1 as weekday, sum(busy_minutes) as busy_minutes, sum(meetings) as meetings from hours group by 1 order by 1
)
select json_build_object(
    'busy_minutes', (select coalesce(sum(busy_minutes), 0) from hours), 'meetings', (select coalesce(sum(meetings), 0) from hours),
    'conflicts', (select coalesce(sum(conflicts), 0) from hours), 'by_hour', (select coalesce(json_agg(by_hour), '[]') from by_hour),
    'by_weekday', (select coalesce(json_agg(by_weekday), '[]') from by_weekday))::text as found
