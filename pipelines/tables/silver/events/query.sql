-- Raw events that have not been taken in yet, as text, each with the noun of its type. What cannot be read as text has none.
select fresh.bucket, fresh.log_offset, fresh.type, nouns.noun, nouns.dataschema, try(decode(fresh.value)) as text
from fresh left join nouns using (type)
