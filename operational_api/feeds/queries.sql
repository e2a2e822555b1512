-- current --
select created_at from calendar_feeds where user_id = %(user_id)s

-- replace --
insert into calendar_feeds (user_id, token_hash, created_at) values (%(user_id)s, %(token_hash)s, %(now)s)
on conflict (user_id) do update set token_hash = excluded.token_hash, created_at = excluded.created_at

-- revoke --
delete from calendar_feeds where user_id = %(user_id)s

-- owner --
select user_id
from calendar_feeds join users on users.id = user_id
where user_id = %(user_id)s and token_hash = %(token_hash)s and is_active and erased_at is null

-- plan --
select id, title, start_at, end_at, updated_at
from calendar_events
where calendar_id = %(plan_calendar)s and end_at > %(since)s order by start_at, id limit 500

-- due --
select id, title, due_at, due_date, updated_at
from tasks
where deleted_at is null and status in ('pending', 'in_progress') and (due_at is not null or due_date is not null)
order by coalesce(due_at, due_date), id limit 1000

-- habits --
select id, title, frequency, weekdays, times_per_week, start_date, end_date, reminder_time, updated_at
from habits where archived_at is null order by created_at, id limit 500
