-- What `focusflow verify` counts in the lake, for DuckDB. `positions` holds where raw and silver stand in each bucket,
-- and from where on raw still has its events: what was let go before is accounted for.

-- in_raw --
select bucket, count(*) as raw_rows,
       count(distinct log_offset) filter (log_offset >= coalesce(floor, 0) and log_offset < coalesce(landed, 0)) as raw_offsets,
       count(*) filter (log_offset < coalesce(floor, 0) or log_offset >= coalesce(landed, 0)) as raw_beyond
from raw.events left join positions using (bucket) group by bucket

-- gaps --
-- Spans of the log, both ends included, that raw should have and does not.
with ends as (
    select bucket, log_offset from raw.events join positions using (bucket) where log_offset >= floor and log_offset < landed
    union all select bucket, floor - 1 from positions
    union all select bucket, landed from positions
)
select bucket, before + 1 as first, log_offset - 1 as last
from (select bucket, log_offset, lag(log_offset) over (partition by bucket order by log_offset) as before from ends)
where log_offset > before + 1 order by all

-- days_of --
-- Of which local days the events of a span are, as far as silver has them.
select min(local_date), max(local_date) from silver.events where bucket = $bucket and log_offset between $first and $last

-- in_silver --
select bucket, count(*) as silver from silver.events join positions using (bucket)
where log_offset >= floor and log_offset < refreshed group by bucket

-- in_quarantine --
select bucket, count(*) as quarantined from quarantine.events join positions using (bucket)
where log_offset >= floor and log_offset < refreshed group by bucket

-- repeated --
-- Below silver's position, neither in silver nor in quarantine, because silver has the id from another place in the log.
select bucket, count(*) as repeated
from raw.events join positions using (bucket)
where log_offset >= floor and log_offset < refreshed
  and not exists (select 1 from silver.events as taken where taken.bucket = events.bucket and taken.log_offset = events.log_offset)
  and not exists (select 1 from quarantine.events as bad where bad.bucket = events.bucket and bad.log_offset = events.log_offset)
  and exists (select 1 from silver.events as first where first.bucket = events.bucket and first.event_id = coalesce(try_cast(events.id as uuid)::varchar, events.id))
group by bucket

-- erased --
select bucket, count(*) as erased from raw.events join positions using (bucket)
where type = $erased_type and log_offset >= floor and log_offset < refreshed group by bucket
