-- The first local day that new events tell of, by user: the day of an event, of a habit log, and of the start of a
-- time entry, which may all be from before the registration. Before it, the user's first zone counts. A new zone may
-- have yesterday again. Of users who have just registered, and of those who undo an import, older events are read too:
-- `nearby_events` has them among others.
with
    zones as (select user_id, arg_min(timezone, version) as first_zone from silver.user_history group by user_id),
    events as (
        select user_id, bucket, subject, local_date, occurred_at, noun, type, actor, data
        from new_events
        union all
        select user_id, bucket, subject, local_date, occurred_at, noun, type, actor, data
        from nearby_events
        semi join (from new_events where type = 'user.registered' or is_undo(type, actor)) as known_anew using (user_id)
    ),
    undone as (select user_id, subject from events where is_undo(type, actor)),
    facts as (from events anti join undone using (user_id, subject))
select
    user_id,
    bucket,
    min(
        least(
            local_date,
            case
                noun
                when 'habit_log'
                then (data ->> 'local_date')::date
                when 'time_entry'
                then timezone(first_zone, (data ->> 'started_at')::timestamptz)::date
                when 'user'
                then timezone(data ->> 'timezone', occurred_at)::date
            end
        )
    ) as local_date
from facts
left join zones using (user_id)
group by user_id, bucket
