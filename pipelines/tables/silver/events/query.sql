-- Raw events that have not been taken in yet, typed, and either fit for silver or with the reason why not.
-- Nothing raises here: what cannot be read is a row with a reason, never a failed batch. Days that only some readers of the lake
-- can represent (infinity, the year 99999) count as unreadable.
with texts as (
    select bucket, log_offset, value, try(decode(value)) as text from fresh
), envelopes as (
    select bucket, log_offset, value, text,
           case when text is not null and json_valid(text) then json_extract_string(text, [
               '$.id', '$.source', '$.type', '$.subject', '$.time', '$.userid', '$.entityversion', '$.recordedtime', '$.timezone',
               '$.localdate', '$.actor', '$.dataschema'
           ]) end as said,
           case when text is not null and json_valid(text) then json_extract(text, '$.data') end as data
    from texts
), typed as (
    select bucket, log_offset, value, text, said is not null as is_json,
           try_cast(said[1] as uuid)::varchar as event_id, said[2] as source, said[3] as type, try_cast(said[4] as uuid)::varchar as subject,
           try_cast(said[5] as timestamptz) as occurred_at, try_cast(said[6] as uuid)::varchar as user_id,
           try_cast(said[7] as bigint) as entity_version, try_cast(said[8] as timestamptz) as recorded_at, said[9] as timezone,
           try_cast(said[10] as date) as local_date, said[11] as actor, said[12] as dataschema,
           case when json_type(data) = 'OBJECT' then data end as data
    from envelopes
)
select typed.*, nouns.noun,
       case
           when text is null then 'not UTF-8'
           when not is_json then 'not JSON'
           when nouns.noun is null then 'unknown type ' || coalesce(left(type, 100), '(none)')
           when typed.dataschema is distinct from nouns.dataschema then 'unknown version ' || coalesce(left(typed.dataschema, 100), '(none)')
           when event_id is null then 'id is missing or not a UUID'
           when subject is null then 'subject is missing or not a UUID'
           when user_id is null then 'userid is missing or not a UUID'
           when occurred_at between '0001-01-02' and '9999-12-31' is not true then 'time is missing or not a moment'
           when recorded_at between '0001-01-02' and '9999-12-31' is not true then 'recordedtime is missing or not a moment'
           when entity_version is null or entity_version < 1 then 'entityversion is missing or not a positive number'
           when local_date between '0001-01-01' and '9999-12-31' is not true then 'localdate is missing or not a date'
           when timezone is null or zones.name is null then 'timezone is missing or unknown'
           when data is null then 'data is missing or not an object'
       end as reason
from typed left join nouns using (type) left join zones on zones.name = typed.timezone
