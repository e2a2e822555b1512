-- The local days of which something is said that was not known, or that were the last to be computed.
-- An event counts for its own day; a correction of something that has a day of its own counts for that day too. Where
-- only the moment is known, it is the two days before as well: for somebody who has moved, it may have been one of
-- them.
select user_id, bucket, local_date
from first_facts
union all
select user_id, bucket, (started_at at time zone changed_in)::date - 2
from silver.time_entry_history
where time_entry_id in (select subject from new_events where noun = 'time_entry')
union all
select user_id, bucket, (start_at at time zone changed_in)::date - 2
from silver.calendar_event_history
where calendar_event_id in (select subject from new_events where noun = 'calendar_event')
union all
select user_id, bucket, local_date
from silver.habit_log_history
where habit_log_id in (select subject from new_events where noun = 'habit_log')
union all
select user_id, bucket, first_date
from silver.day_off_history
where day_off_id in (select subject from new_events where noun = 'day_off')
union all
select user_id, bucket, $from_day::date
from silver.user_history
where $from_day is not null
union all
select user_id, bucket, max(local_date)
from recent_days
group by user_id, bucket
union all  -- time that was written down before its task's category came
select entries.user_id, entries.bucket, (started_at at time zone changed_in)::date - 2
from silver.time_entry_history as entries
join
    new_events
    on noun = 'task'
    and new_events.user_id = entries.user_id
    and subject = task_id
    and occurred_at <= valid_from
union all  -- what an undo removed may have been on any day
select user_id, bucket, date '0001-01-01'
from new_events
where is_undo(type, actor)
union all  -- whoever has had no row for a month or more, because nothing was refreshed
select user_id, bucket, min(changed_on)
from silver.user_history
where user_id not in (select user_id from recent_days)
group by user_id, bucket
union all  -- another first day of the week divides all weeks again
select user_id, bucket, min(changed_on)
from
    (
        select
            *,
            week_start <> lag(week_start) over (partition by user_id order by version)
            and event_id in (select event_id from new_events) as divides_anew
        from silver.user_history
        where user_id in (select user_id from new_events where noun = 'user')
    )
group by user_id, bucket
having bool_or(divides_anew)
union all  -- what an earlier refresh has put off
select user_id, bucket, local_date
from deferred_days
join users using (user_id)
