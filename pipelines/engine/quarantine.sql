-- What `focusflow quarantine` shows, for DuckDB.

-- list --
select bucket, log_offset, reason, octet_length(value) as bytes from quarantine.events order by bucket, log_offset limit $limit

-- reasons --
select reason, count(*) as events from quarantine.events group by reason order by events desc, reason limit 20

-- one --
select reason, value from quarantine.events where bucket = $bucket and log_offset = $log_offset

-- buckets --
select distinct bucket from quarantine.events order by bucket
