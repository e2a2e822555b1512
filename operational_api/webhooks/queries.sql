-- all --
select endpoints.*, found.waiting, found.dead
from webhook_endpoints as endpoints
cross join lateral (
    select count(*) filter (where status = 'waiting') as waiting, count(*) filter (where status = 'dead') as dead
    from webhook_deliveries
    where webhook_deliveries.user_id = endpoints.user_id and endpoint_id = endpoints.id) as found
where %(id)s::uuid is null or id = %(id)s
order by created_at, id

-- count --
select count(*) as endpoints from webhook_endpoints

-- deliveries --
select id, event_id, type, status, attempts, case when status = 'waiting' then next_attempt_at end as next_attempt_at, delivered_at,
    response_status, problem, created_at
from webhook_deliveries
where user_id = %(user_id)s and endpoint_id = %(endpoint_id)s and (%(status)s::text is null or status = %(status)s)
  and (%(after_at)s::timestamptz is null or (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
order by created_at desc, id desc limit %(limit)s + 1

-- redeliver --
-- What is sent again gets all its attempts again.
update webhook_deliveries set status = 'waiting', attempts = 0, next_attempt_at = %(now)s, problem = null
where user_id = %(user_id)s and endpoint_id = %(endpoint_id)s and status = 'dead' and (%(id)s::uuid is null or id = %(id)s)
returning id, event_id, type, status, attempts, next_attempt_at, delivered_at, response_status, problem, created_at

-- test --
insert into webhook_deliveries (id, user_id, endpoint_id, event_id, type, created_at, happened_at, data, next_attempt_at)
values (%(id)s, %(user_id)s, %(endpoint_id)s, %(event_id)s, %(type)s, %(now)s, %(now)s, %(data)s, %(now)s)
returning id, event_id, type, status, attempts, next_attempt_at, delivered_at, response_status, problem, created_at

-- tests_waiting --
select count(*) as tests from webhook_deliveries
where user_id = %(user_id)s and endpoint_id = %(endpoint_id)s and type = %(type)s and status = 'waiting'
