-- Quarantined events of a bucket from a place on, for DuckDB.
select log_offset, reason, value
from quarantine.events
where bucket = $bucket and log_offset >= $first
order by log_offset
limit $limit
