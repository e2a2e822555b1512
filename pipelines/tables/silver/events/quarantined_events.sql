-- Events of quarantine with the type that their text says, as raw has them.
select
    bucket,
    log_offset,
    case when text is not null and json_valid(text) then json_extract_string(text, '$.type') end as type,
    value
from (select bucket, log_offset, value, try(decode(value)) as text from quarantine.events)
