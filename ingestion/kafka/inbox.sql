-- positions --
select partition, next from inbox_position order by partition

-- begin --
insert into inbox_position (partition, next) select * from unnest(%(partitions)s::integer[], %(places)s::bigint[]) on conflict do nothing

-- advance --
-- Only from where we read: of two that take the same messages, one moves the position and the other writes nothing.
update inbox_position set next = taken.next
from (select * from unnest(%(partitions)s::integer[], %(before)s::bigint[], %(next)s::bigint[]) as each_one (partition, before, next)) as taken
where inbox_position.partition = taken.partition and inbox_position.next = taken.before

-- people --
select id, timezone from users where id = any(%(ids)s) and erased_at is null

-- first_time --
insert into inbox_events (user_id, event_id, received_at)
select user_id, event_id, %(now)s from unnest(%(users)s::uuid[], %(ids)s::uuid[]) as came (user_id, event_id)
on conflict do nothing returning user_id, event_id

-- refuse --
insert into inbox_refused (partition, kafka_offset, received_at, next_attempt_at, reason, value)
select partition, kafka_offset, %(now)s, %(now)s, reason, value
from unnest(%(partitions)s::integer[], %(offsets)s::bigint[], %(reasons)s::text[], %(values)s::bytea[]) as bad (partition, kafka_offset, reason, value)

-- unpublished --
-- So many of each partition: a long queue in one holds up no other.
select refused.*
from (select distinct partition from inbox_refused where not is_published) as waiting
cross join lateral (
    select partition, kafka_offset, received_at, reason, value from inbox_refused
    where inbox_refused.partition = waiting.partition and not is_published and next_attempt_at <= %(now)s
    order by next_attempt_at, kafka_offset limit %(limit)s for update skip locked) as refused

-- put_off --
-- The first of a partition that the broker did not take makes room for those behind it: for five seconds, at last for an hour. An attempt
-- counts only if the broker took something else.
update inbox_refused set attempts = attempts + %(counted)s, next_attempt_at = %(now)s + least(interval '5 seconds' * 2 ^ least(attempts, 20), interval '1 hour')
from (select * from unnest(%(partitions)s::integer[], %(offsets)s::bigint[], %(received)s::timestamptz[]) as each_one (partition, kafka_offset, received_at)) as bad
where inbox_refused.partition = bad.partition and inbox_refused.kafka_offset = bad.kafka_offset
  and inbox_refused.received_at = bad.received_at

-- published --
update inbox_refused set is_published = true
from (select * from unnest(%(partitions)s::integer[], %(offsets)s::bigint[], %(received)s::timestamptz[]) as each_one (partition, kafka_offset, received_at)) as sent
where inbox_refused.partition = sent.partition and inbox_refused.kafka_offset = sent.kafka_offset
  and inbox_refused.received_at = sent.received_at
