-- Raw events as text, each with the noun of its type. What cannot be read as text has none.
select
    raw_events.bucket,
    raw_events.log_offset,
    raw_events.type,
    nouns.noun,
    nouns.dataschema,
    try(decode(raw_events.value)) as text
from raw_events
left join nouns using (type)
