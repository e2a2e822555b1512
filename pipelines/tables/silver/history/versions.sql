-- The versions of each entity that new events speak of: those that they bring, and those that are known. `place`
-- tells one row from another. Of what an undo removed there are none. {noun}, {entity} and {structure} are made from
-- the contract.
select *, row_number() over () as place
from
    (
        select
            user_id,
            subject as {entity},
            entity_version as version,
            type as change,
            event_id,
            occurred_at as valid_from,
            recorded_at,
            timezone as changed_in,
            local_date as changed_on,
            log_offset,
            bucket,
            unnest(json_transform(data, {structure}))
        from new_events
        where noun = {noun}
        union all by name
        select * exclude (valid_to, last_month)
        from known_versions
        anti join new_events using (bucket, log_offset)  -- what is read a second time replaces itself
    ) as said
anti join
    (select user_id, subject from new_events where noun = {noun} and is_undo(type, actor)) as undone
    on undone.user_id = said.user_id
    and undone.subject = said. {entity}
