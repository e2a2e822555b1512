-- What cannot be read, with its bytes; not what quarantine has already.
select bucket, log_offset, reason, value
from validated
join raw_events using (bucket, log_offset)
anti join quarantined using (bucket, log_offset)
where reason is not null
