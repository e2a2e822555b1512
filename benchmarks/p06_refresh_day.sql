-- What one would ask of the raw files to know a day: each event once, read from its JSON, and counted by person.
with events as (
    select json_transform(decode(value), '{"id": "UUID", "type": "VARCHAR", "userid": "VARCHAR", "localdate": "DATE", "subject": "VARCHAR",
        "data": {"status": "VARCHAR", "due_at": "TIMESTAMPTZ", "due_date": "DATE", "completed_at": "TIMESTAMPTZ", "kind": "VARCHAR",
                 "started_at": "TIMESTAMPTZ", "ended_at": "TIMESTAMPTZ"}}') as event
    from raw.events
), once as (
    select unnest(event) from events where event.id in (select event.id from events group by all having count(*) = 1)
), slices as (
    select userid, localdate, data.started_at as begin_at, data.ended_at as end_at,
           max(data.ended_at) over (partition by userid order by data.started_at rows between unbounded preceding and 1 preceding) as covered_until
    from once where type = 'time.logged'
), focus as (
    select userid, localdate, sum(epoch(greatest(end_at, covered_until) - greatest(begin_at, coalesce(covered_until, begin_at)))) / 60 as minutes
    from slices group by all
)
select userid, localdate, count(*) filter (where type = 'task.created') as tasks_created,
       count(*) filter (where type = 'task.completed') as tasks_completed,
       count(*) filter (where type = 'task.created' and data.due_date = localdate) as tasks_due,
       count(*) filter (where type = 'activity.tracked') as activity_events, any_value(minutes) as focus_minutes
from once left join focus using (userid, localdate) group by all
