-- How many events wait for each stage on the way to silver, and since when. `positions` is where a stage stands in each bucket.

-- heads --
select bucket, next from outbox_head order by bucket

-- unsequenced --
-- The oldest by its place in the index: reading the time of each would read the whole backlog.
select (select count(*) from outbox where log_offset is null) as events,
       (select (value::json ->> 'recordedtime')::timestamptz from outbox where log_offset is null order by id limit 1) as since

-- published --
select bucket, next from relay_position order by bucket

-- oldest --
select min(next_event.recorded_time) as since
from unnest(%(buckets)s::smallint[], %(positions)s::bigint[]) as stage (bucket, position)
cross join lateral (
    select (value::json ->> 'recordedtime')::timestamptz as recorded_time
    from outbox
    where outbox.bucket = stage.bucket and log_offset >= stage.position
    order by log_offset
    limit 1
) as next_event

-- oldest_in_raw --
-- For DuckDB.
select min(recorded_time) as since
from raw.events join (select unnest($buckets) as bucket, unnest($positions) as position) as stage using (bucket)
where log_offset >= position
