-- Raw events that have not been taken in yet, typed, and either fit for silver or with the reason why not.
-- Nothing raises here: what cannot be read is a row with a reason, never a failed batch. Days that only some readers of the lake
-- can represent (infinity, the year 99999) count as unreadable. A moment needs its offset, or it would be taken for one in UTC.
with texts as (
    select bucket, log_offset, try(decode(value)) as text from fresh
), envelopes as (
    select bucket, log_offset, text, try(json_transform(text, '{
        "id": "VARCHAR", "source": "VARCHAR", "type": "VARCHAR", "subject": "VARCHAR", "time": "VARCHAR", "userid": "VARCHAR",
        "entityversion": "VARCHAR", "recordedtime": "VARCHAR", "timezone": "VARCHAR", "localdate": "VARCHAR", "actor": "VARCHAR",
        "dataschema": "VARCHAR", "data": "JSON"
    }')) as said
    from texts
), typed as (
    select bucket, log_offset, text, said,
           try_cast(said.id as uuid)::varchar as event_id, said.source as source, said.type as type,
           try_cast(said.subject as uuid)::varchar as subject, try_cast(said.userid as uuid)::varchar as user_id,
           case when regexp_matches(said.time, $offset) then try_cast(said.time as timestamptz) end as occurred_at,
           case when regexp_matches(said.recordedtime, $offset) then try_cast(said.recordedtime as timestamptz) end as recorded_at,
           case when regexp_matches(said.entityversion, '^[0-9]+$') then try_cast(said.entityversion as bigint) end as entity_version,
           said.timezone as timezone, try_cast(said.localdate as date) as local_date, said.actor as actor, said.dataschema as dataschema,
           case when json_type(said.data) = 'OBJECT' then said.data end as data
    from envelopes
)
select typed.* exclude (text, said), nouns.noun,
       case
           when text is null then 'not UTF-8'
           when said is null and not json_valid(text) then 'not JSON'
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
           when list_contains($actors, actor) is not true then 'actor is missing or unknown'
           when data is null then 'data is missing or not an object'
       end as reason
from typed left join nouns using (type) left join zones on zones.name = typed.timezone
