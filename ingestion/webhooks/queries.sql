-- begin --
-- A bucket that was never read begins at its end: what happened before is no news.
insert into webhook_positions (bucket, next)
select bucket, next from outbox_head where not exists (select from webhook_positions)
on conflict do nothing

-- behind --
select bucket, position.next as position, head.next as head
from webhook_positions as position join outbox_head as head using (bucket)
where position.next < head.next
order by bucket limit 1 for update of position skip locked

-- events --
-- Whose events nobody wants to be told of are not loaded.
select event_id, outbox.user_id, value, endpoints.id as endpoint_id, event_types, has_text
from outbox join webhook_endpoints as endpoints on endpoints.user_id = outbox.user_id and endpoints.status = 'active'
where bucket = %(bucket)s and log_offset >= %(first)s and log_offset < %(end)s
order by log_offset

-- write --
insert into webhook_deliveries (id, user_id, endpoint_id, event_id, type, created_at, happened_at, data, next_attempt_at)
values (%(id)s, %(user_id)s, %(endpoint_id)s, %(event_id)s, %(type)s, %(now)s, %(happened_at)s, %(data)s, %(now)s)
on conflict (endpoint_id, event_id) do nothing

-- advance --
update webhook_positions set next = %(end)s where bucket = %(bucket)s

-- due --
-- Endpoints with something to send, all users' first before anybody's second.
select endpoints.id, endpoints.user_id, failures > 0 as is_failing
from webhook_endpoints as endpoints join users on users.id = endpoints.user_id and is_active and erased_at is null
where status = 'active' and (paused_until is null or paused_until <= %(now)s) and endpoints.id <> all(%(busy)s::uuid[])
  and exists (
      select from webhook_deliveries as waiting
      where waiting.endpoint_id = endpoints.id and waiting.status = 'waiting' and waiting.next_attempt_at <= %(now)s)
order by row_number() over (partition by endpoints.user_id order by failures, endpoints.id), failures, endpoints.id
limit %(limit)s

-- claim --
-- An attempt counts from its beginning. Whoever claims a delivery and is killed leaves it to the next one, after the lease.
update webhook_deliveries as delivery
set attempts = attempts + 1, next_attempt_at = %(until)s
from webhook_endpoints as endpoint
where endpoint.id = delivery.endpoint_id and endpoint.status = 'active' and delivery.id = (
    select id from webhook_deliveries
    where endpoint_id = %(endpoint_id)s and status = 'waiting' and next_attempt_at <= %(now)s
    order by next_attempt_at, created_at, id limit 1 for update skip locked)
returning delivery.id, delivery.user_id, delivery.endpoint_id, event_id, type, delivery.created_at, happened_at, data, attempts, url, secret,
    old_secret, old_secret_until, failing_since, failures

-- delivered --
-- What was delivered is not kept a second time.
update webhook_deliveries
set status = 'delivered', delivered_at = %(now)s, response_status = %(response_status)s, problem = null, data = null
where id = %(id)s and status = 'waiting'

-- works --
update webhook_endpoints
set failures = 0, failing_since = null, paused_until = null, problem = null, updated_at = %(now)s, version = version + 1
where id = %(endpoint_id)s and failures > 0

-- failed --
update webhook_deliveries
set status = %(status)s, next_attempt_at = coalesce(%(next_attempt_at)s, next_attempt_at), response_status = %(response_status)s,
    problem = %(problem)s
where id = %(id)s and status = 'waiting'

-- fails --
update webhook_endpoints
set failures = failures + 1, failing_since = coalesce(failing_since, %(now)s), paused_until = %(paused_until)s, problem = %(problem)s,
    updated_at = %(now)s, version = version + 1
where id = %(endpoint_id)s

-- disable --
update webhook_endpoints
set status = 'disabled', problem = %(problem)s, paused_until = null, updated_at = %(now)s, version = version + 1
where id = %(endpoint_id)s and status = 'active'
returning url

-- bury --
update webhook_deliveries set status = 'dead', problem = coalesce(problem, 'The endpoint was turned off.')
where endpoint_id = %(endpoint_id)s and status = 'waiting'

-- locale --
select locale from users where id = %(user_id)s

-- notify --
insert into notifications (id, user_id, created_at, updated_at, type, title, body, data, scheduled_at)
values (%(id)s, %(user_id)s, %(now)s, %(now)s, 'system', %(title)s, %(body)s, %(data)s, %(now)s)
