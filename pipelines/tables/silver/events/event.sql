-- One noun's events, typed: the envelope and the contract's fields that are no personal text; or what is wrong with
-- them. Nothing raises here: what cannot be read is a row with a reason, never a failed batch. Days that only some
-- readers of the lake can represent (infinity, the year 99999) count as unreadable. A moment needs its offset, or it
-- would be taken for one in UTC. What stands in braces is made from the contract.
with events as (
    select bucket, log_offset, noun, dataschema, text, try(json_transform(text, '{{
        "id": "VARCHAR", "source": "VARCHAR", "type": "VARCHAR", "subject": "VARCHAR", "time": "VARCHAR",
        "userid": "VARCHAR", "entityversion": "VARCHAR", "recordedtime": "VARCHAR", "timezone": "VARCHAR",
        "localdate": "VARCHAR", "actor": "VARCHAR",
        "dataschema": "VARCHAR", "data": {structure}
    }}')) as said
    from decoded where noun = {noun}
), typed as (
    select *, said.source as source, said.type as type, said.timezone as timezone, said.actor as actor,
           try_cast(said.id as uuid)::varchar as event_id,
           try_cast(said.subject as uuid)::varchar as subject, try_cast(said.userid as uuid)::varchar as user_id,
           case when regexp_matches(said.time, {offset}) then try_cast(said.time as timestamptz) end as occurred_at,
           case when regexp_matches(said.recordedtime, {offset}) then try_cast(said.recordedtime as timestamptz) end
               as recorded_at,
           case when regexp_matches(said.entityversion, '^[0-9]+$') then try_cast(said.entityversion as bigint) end
               as entity_version,
           try_cast(said.localdate as date) as local_date
    from events
)
select bucket, log_offset, noun, source, type, timezone, actor, event_id, subject, user_id, occurred_at, recorded_at,
       entity_version, local_date,
       to_json({{{public}}})::varchar as data,
       case
           when said.dataschema is distinct from dataschema
               then 'unknown version ' || coalesce(left(said.dataschema, 100), '(none)')
           when event_id is null then 'id is missing or not a UUID'
           when subject is null then 'subject is missing or not a UUID'
           when user_id is null then 'userid is missing or not a UUID'
           when occurred_at between '0001-01-02' and '9999-12-31' is not true then 'time is missing or not a moment'
           when recorded_at between '0001-01-02' and '9999-12-31' is not true
               then 'recordedtime is missing or not a moment'
           when entity_version is null or entity_version < 1 then 'entityversion is missing or not a positive number'
           when local_date between '0001-01-01' and '9999-12-31' is not true then 'localdate is missing or not a date'
           when zones.name is null then 'timezone is missing or unknown'
           when (actor in ({actors})) is not true then 'actor is missing or unknown'
           when {nothing} and json_type(text, '$.data') is distinct from 'OBJECT'
               then 'data is missing or not an object'
           {misfit}
       end as reason
from typed left join zones on zones.name = typed.timezone
