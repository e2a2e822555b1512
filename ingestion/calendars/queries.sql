-- Connections of all users, and what is known of a user's calendars.

-- due --
select from calendar_connections
where not is_paused and next_sync_at <= %(now)s and (claimed_at is null or claimed_at < %(expired)s)
limit 1

-- claim --
-- One that fails or is slow waits behind the others, and takes no more than its share of what runs at a time.
update calendar_connections set claimed_at = %(now)s
where id = (
    select waiting.id from calendar_connections as waiting
    where not waiting.is_paused and waiting.next_sync_at <= %(now)s
        and (waiting.claimed_at is null or waiting.claimed_at < %(expired)s)
        and (%(with_slow)s or (waiting.failures = 0 and waiting.duration_ms < %(slow_ms)s))
        and (
            select count(*) from calendar_connections as running
            where running.user_id = waiting.user_id and running.claimed_at >= %(expired)s
        ) < %(per_user)s
    order by waiting.failures > 0 or waiting.duration_ms >= %(slow_ms)s, waiting.next_sync_at
    limit 1 for update skip locked
)
returning id, user_id, failures > 0 or duration_ms >= %(slow_ms)s as is_slow

-- connection --
select calendar_connections.*, users.timezone
from calendar_connections join users on users.id = calendar_connections.user_id
where calendar_connections.id = %(id)s

-- hold --
-- Whoever claimed a connection may write for it until another did, or until it was removed.
select from calendar_connections where id = %(id)s and claimed_at = %(claimed_at)s and deleted_at is null for no key update

-- finish --
-- A synchronization that was asked for in the meantime is due at once.
update calendar_connections
set claimed_at = null, failures = 0, problem = null, last_attempt_at = %(now)s, last_synced_at = %(now)s,
    next_sync_at = case when next_sync_at > claimed_at then next_sync_at else %(next_sync_at)s end,
    duration_ms = %(duration_ms)s, counts = %(counts)s,
    findings = case when %(is_unchanged)s then findings else %(findings)s end,
    findings_count = case when %(is_unchanged)s then findings_count else %(findings_count)s end,
    updated_at = %(now)s, version = version + 1
where id = %(id)s and claimed_at = %(claimed_at)s

-- fail --
update calendar_connections
set claimed_at = null, failures = failures + 1, problem = %(problem)s, last_attempt_at = %(now)s,
    next_sync_at = case when next_sync_at > claimed_at then next_sync_at else %(next_sync_at)s end,
    duration_ms = %(duration_ms)s, updated_at = %(now)s, version = version + 1
where id = %(id)s and claimed_at = %(claimed_at)s

-- keep_state --
update calendar_connections set state = %(state)s where id = %(id)s

-- keep_credentials --
update calendar_connections set credentials = %(credentials)s where id = %(id)s and claimed_at = %(claimed_at)s

-- same_account --
select from calendar_connections where address_hash = %(address_hash)s and deleted_at is null and id <> %(id)s

-- keep_account --
update calendar_connections set address_hash = %(address_hash)s where id = %(id)s

-- events --
select * from calendar_events where calendar_id = %(calendar_id)s for update

-- remove_events --
delete from calendar_events where id = any(%(ids)s) returning *

-- some_events_of --
select id from calendar_events where calendar_id like %(prefix)s limit %(limit)s

-- remove_connection --
delete from calendar_connections where id = %(id)s and deleted_at is not null

-- keep_calendars --
update calendar_connections set calendars = %(calendars)s where id = %(id)s

-- known_objects --
select href, calendar, etag, content like '%%RRULE%%' or content like '%%RDATE%%' as is_series
from calendar_objects where connection_id = %(id)s

-- object --
select * from calendar_objects where connection_id = %(id)s and href = %(href)s for update

-- objects_of --
select * from calendar_objects where connection_id = %(id)s and calendar = %(calendar)s order by href

-- keep_object --
insert into calendar_objects (connection_id, href, user_id, calendar, etag, content, entries)
values (%(id)s, %(href)s, %(user_id)s, %(calendar)s, %(etag)s, %(content)s, %(entries)s)
on conflict (connection_id, href) do update
set calendar = excluded.calendar, etag = excluded.etag, content = excluded.content, entries = excluded.entries

-- drop_object --
delete from calendar_objects where connection_id = %(id)s and href = %(href)s

-- object_with --
select from calendar_objects
where connection_id = %(id)s and etag <> '' and entries @> jsonb_build_array(jsonb_build_object('event', %(event_id)s::text))
limit 1

-- drop_gone --
-- Where it holds other appointments too, it stays for them.
delete from calendar_objects
where connection_id = %(id)s and etag = '' and jsonb_array_length(entries) = 1
    and entries @> jsonb_build_array(jsonb_build_object('event', %(event_id)s::text))

-- rows --
select * from calendar_events where id = any(%(ids)s) for update

-- versions --
select id, version from calendar_events where id = any(%(ids)s)

-- taken_ids --
select external_id from calendar_events where calendar_id = %(calendar_id)s and external_id = any(%(ids)s)

-- own_events --
-- Appointments that were made here and are in no connected calendar yet.
select * from calendar_events
where (
        (%(plans)s and calendar_id = %(plan_calendar)s)
        or (not %(plans)s and calendar_id is null and source = 'manual')
    )
    and (end_at > %(since)s or rrule is not null or rdates <> '{}')
    and id not in (
        select (entry ->> 'event')::uuid from calendar_objects, jsonb_array_elements(entries) as entry
    )
order by start_at, id

-- add_conflict --
insert into calendar_conflicts (id, user_id, connection_id, at, event_id, title, winner, lost)
values (%(conflict_id)s, %(user_id)s, %(id)s, %(now)s, %(event_id)s, %(title)s, %(winner)s, %(lost)s)
