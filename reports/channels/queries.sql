-- announce --
insert into channel_deliveries (id, user_id, channel_id, subject_id, kind, created_at, title, body, next_attempt_at, useful_until)
select gen_random_uuid(), user_id, id, %(subject_id)s, %(kind)s, %(now)s, %(title)s, %(body)s, %(now)s, %(useful_until)s
from notification_channels
where user_id = %(user_id)s and status = 'active' and %(kind)s = any(kinds)
on conflict (channel_id, subject_id) do nothing

-- due --
-- Channels with something to send, all users' first before anybody's second.
select channels.id, channels.user_id, failures > 0 as is_failing
from notification_channels as channels join users on users.id = channels.user_id and is_active and erased_at is null
where status = 'active' and (paused_until is null or paused_until <= %(now)s) and channels.id <> all(%(busy)s::uuid[])
  and exists (
      select from channel_deliveries as waiting
      where waiting.channel_id = channels.id and waiting.status = 'waiting' and waiting.next_attempt_at <= %(now)s)
order by row_number() over (partition by channels.user_id order by failures, channels.id), failures, channels.id
limit %(limit)s

-- claim --
-- An attempt counts from its beginning. A test is sent in quiet hours, too.
update channel_deliveries as delivery
set attempts = attempts + 1, next_attempt_at = %(until)s
from notification_channels as channel
where channel.id = delivery.channel_id and channel.status = 'active' and delivery.id = (
    select id from channel_deliveries
    where channel_id = %(channel_id)s and status = 'waiting' and next_attempt_at <= %(now)s
      and (not %(is_quiet)s or kind = 'test' or not kind = any(%(waiting_kinds)s))
    order by next_attempt_at, created_at, id limit 1 for update skip locked)
returning delivery.id, delivery.user_id, delivery.channel_id, kind, title, body, attempts, useful_until, secret, failing_since, failures, name

-- later --
-- Quiet hours: nothing of the user is looked at again before a while.
update channel_deliveries set next_attempt_at = %(again_at)s
where channel_id = %(channel_id)s and status = 'waiting' and next_attempt_at <= %(now)s

-- delivered --
update channel_deliveries set status = 'delivered', delivered_at = %(now)s, problem = null, title = null, body = null
where id = %(id)s and status = 'waiting'

-- works --
update notification_channels
set failures = 0, failing_since = null, paused_until = null, problem = null, updated_at = %(now)s, version = version + 1
where id = %(channel_id)s and failures > 0

-- failed --
update channel_deliveries
set status = %(status)s, next_attempt_at = coalesce(%(next_attempt_at)s, next_attempt_at), problem = %(problem)s,
    title = case when %(status)s = 'waiting' then title end, body = case when %(status)s = 'waiting' then body end
where id = %(id)s and status = 'waiting'

-- fails --
update notification_channels
set failures = failures + 1, failing_since = coalesce(failing_since, %(now)s), paused_until = %(paused_until)s, problem = %(problem)s,
    updated_at = %(now)s, version = version + 1
where id = %(channel_id)s

-- disable --
update notification_channels
set status = 'disabled', paused_until = null, updated_at = %(now)s, version = version + 1
where id = %(channel_id)s and status = 'active'
returning id

-- bury --
update channel_deliveries set status = 'dead', problem = coalesce(problem, 'The channel was turned off.'), title = null, body = null
where channel_id = %(channel_id)s and status = 'waiting'

-- locale --
select locale from users where id = %(user_id)s

-- notify --
insert into notifications (id, user_id, created_at, updated_at, type, title, body, scheduled_at)
values (%(id)s, %(user_id)s, %(now)s, %(now)s, 'system', %(title)s, %(body)s, %(now)s)
