-- state --
select as_of, published_at, events, as_of > %(now)s - interval '2 hours' as is_fresh from publications where table_name = %(table)s

-- rows --
select json_build_object('items', coalesce(json_agg(row order by day, key), '[]'))::text as found
from published_rows where user_id = %(user_id)s and table_name = %(table)s and day between %(from)s and %(to)s

-- product --
-- Cohorts, months, feature names and platforms of fewer users than the smallest group are counted only: an app names its platforms itself.
with wanted as materialized (
    select *, coalesce((row->>'platform') in ('*', ''), false)
        or coalesce((row->>'cohort')::integer, (row->>'users')::integer, (row->>'mau')::integer) >= %(min_group_size)s as is_shown
    from published_product where table_name = %(table)s and day between %(from)s and %(to)s
)
select json_build_object('withheld', (select count(*) from wanted where not is_shown), 'items', coalesce(json_agg(row order by day, key), '[]'))::text as found
from (select * from wanted where is_shown order by day desc, key limit 5000) as page

-- tasks --
-- Each number has one source: what came, went and is open is of `task_flow_daily`, which has it by priority; what was on time is of the days.
with outcomes as materialized (
    select (row->>'created_on')::date as created_on, (row->>'completed_on')::date as completed_on, (row->>'lead_hours')::double precision as lead_hours,
           (row->>'cycle_hours')::double precision as cycle_hours
    from published_rows where user_id = %(user_id)s and table_name = 'task_outcomes'
), created as (
    select * from outcomes where created_on between %(from)s and %(to)s
), done as (
    select * from outcomes where completed_on between %(from)s and %(to)s
), days as materialized (
    select day, (row->>'tasks_completed_with_due')::integer as with_due, (row->>'tasks_completed_on_time')::integer as on_time
    from published_rows where user_id = %(user_id)s and table_name = 'productivity_daily' and day between %(from)s and %(to)s
), flow as materialized (
    select day, row->>'priority' as priority, (row->>'created')::integer as created, (row->>'completed')::integer as completed,
           (row->>'open')::integer as open, (row->>'overdue')::integer as overdue
    from published_rows where user_id = %(user_id)s and table_name = 'task_flow_daily' and day between %(from)s and %(to)s
), priorities as (
    select priority, sum(created) as created, sum(completed) as completed, coalesce(sum(open) filter (where is_last), 0) as open,
           coalesce(sum(overdue) filter (where is_last), 0) as overdue
    from (select *, day = (select max(day) from days) as is_last from flow) as flow group by priority order by array_position(array['urgent', 'high', 'medium', 'low'], priority)
), spent as (
    select row->>'category_id' as category_id, sum((row->>'minutes')::double precision) as minutes
    from published_rows where user_id = %(user_id)s and table_name = 'time_daily' and day between %(from)s and %(to)s group by 1 order by 2 desc limit 200
)
select json_build_object(
    'created', (select coalesce(sum(created), 0) from priorities), 'completed_of_created', (select count(completed_on) from created),
    'completion_rate', (select count(completed_on)::double precision / nullif(count(*), 0) from created),
    'completed', (select coalesce(sum(completed), 0) from priorities),
    'open', (select coalesce(sum(open), 0) from priorities), 'overdue', (select coalesce(sum(overdue), 0) from priorities),
    'completed_with_due', (select coalesce(sum(with_due), 0) from days), 'completed_on_time', (select coalesce(sum(on_time), 0) from days),
    'on_time_rate', (select sum(on_time)::double precision / nullif(sum(with_due), 0) from days),
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

-- locale --
select locale from users where id = %(user_id)s

-- achievements --
-- What was earned stays earned, also where the numbers have changed since.
with known as (
    select key as name, (row->>'value')::double precision as value, (row->>'progress')::double precision as progress, row->>'earned_on' as earned_on
    from published_rows where user_id = %(user_id)s and table_name = 'achievements'
), kept as (
    select achievement as name, (earned_at at time zone %(timezone)s)::date::text as earned_on from earned_achievements where user_id = %(user_id)s
)
select coalesce(known.name, kept.name) as name, coalesce(value, 0) as value,
       case when coalesce(known.earned_on, kept.earned_on) is null then coalesce(progress, 0) else 1 end as progress,
       coalesce(known.earned_on, kept.earned_on)::date as earned_on
from known full join kept using (name)

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
