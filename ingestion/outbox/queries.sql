-- lock_heads --
-- Before the statement that reads the rows: its snapshot must be younger than the lock.
select bucket, next from outbox_head order by bucket for update

-- give_offsets --
with chosen as (
    select id, recorded_on, bucket, row_number() over (partition by bucket order by id) - 1 as place
    from (select id, recorded_on, bucket from outbox where log_offset is null order by id limit %(limit)s) as oldest
), given as (
    update outbox set log_offset = outbox_head.next + chosen.place
    from chosen join outbox_head using (bucket)
    where outbox.id = chosen.id and outbox.recorded_on = chosen.recorded_on
    returning outbox.bucket
)
select bucket, count(*) as taken from given group by bucket

-- advance_heads --
update outbox_head set next = next + taken.count
from (select unnest(%(buckets)s::smallint[]) as bucket, unnest(%(counts)s::bigint[]) as count) as taken
where outbox_head.bucket = taken.bucket

-- heads --
select bucket, next from outbox_head order by bucket

-- unsequenced --
select bucket, count(*) as count from outbox where log_offset is null group by bucket

-- is_waiting --
-- Whoever is frozen with the heads locked lets the others go on before long: its session is ended, and its places are given again.
select exists (select from outbox where log_offset is null) as is_waiting, set_config('idle_in_transaction_session_timeout', '5s', true)

-- after_position --
-- The first one always, however large, or the bucket would stand still.
select log_offset, convert_to(value, 'UTF8')
from (
    select log_offset, value, sum(octet_length(value)) over (order by log_offset rows unbounded preceding) - octet_length(value) as before
    from (select log_offset, value from outbox
          where bucket = %(bucket)s and log_offset >= %(position)s order by log_offset limit %(limit)s) as next_rows
) as measured
where before < %(memory)s order by log_offset
