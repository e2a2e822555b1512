-- What stays in quarantine, with the reason why it cannot be read now.
select bucket, log_offset, reason, value
from validated
join raw_events using (bucket, log_offset)
where reason is not null
order by log_offset
