-- busy --
-- Busy appointments, those of a user together and the oldest first: ids grow with time. The latest version counts,
-- for all its times. Accepted plans are no meetings, whole days take no time, and nothing is on for longer than a
-- month.
select
    user_id,
    bucket,
    calendar_event_id,
    start_at,
    end_at,
    rrule,
    extra_rrules,
    rdates,
    exdates,
    rrule is not null or coalesce(len(rdates), 0) > 0 as is_recurring,
    changed_in
from silver.calendar_event_history
semi join users using (user_id)
where
    valid_to is null
    and change <> 'calendar.deleted'
    and busy
    and not all_day
    and calendar_id is distinct from $plans
    and end_at > start_at
    and end_at - start_at <= interval 31 days
order by user_id, calendar_event_id
