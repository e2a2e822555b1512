-- What one would ask of the raw files to know a day, one noun after the other: each event once, read from its JSON as what it should be,
-- with nothing held against the contract and nothing kept. What stands in braces is made from the contract.
create table bare.{noun}_history as
select event.userid as user_id, event.subject as {entity}, event.entityversion as version, event.type as change, event.actor as actor,
       event.id as event_id, event.time as valid_from,
       lead(event.time) over (partition by event.userid, event.subject order by event.entityversion) as valid_to,
       event.timezone as changed_in, event.localdate as changed_on, log_offset, bucket, unnest(event.data)
from (select bucket, log_offset, json_transform(decode(value), '{{
          "id": "VARCHAR", "type": "VARCHAR", "userid": "VARCHAR", "subject": "VARCHAR", "entityversion": "BIGINT", "time": "TIMESTAMPTZ",
          "timezone": "VARCHAR", "localdate": "DATE", "actor": "VARCHAR", "data": {structure}}}') as event
      from raw.events anti join twice using (id) where type in ({types}))
