-- What cannot be read, with its bytes; not what quarantine has already.
select bucket, log_offset, reason, value
from proven join fresh using (bucket, log_offset) anti join put_aside using (bucket, log_offset)
where reason is not null
