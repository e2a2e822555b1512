-- Which events have been kept long enough, for DuckDB.

-- first_kept --
-- From which place on the events of a bucket are still kept.
select bucket, min(log_offset) from raw.events where recorded_time >= $before group by bucket

-- last_expired --
-- Up to which place the events of a bucket are old.
select bucket, max(events.log_offset) from silver.events
where recorded_at < $before and bucket in (select bucket from quarantine.events) group by bucket

-- old_activity --
select distinct bucket from silver.events where month < $month and noun = 'activity' order by bucket
