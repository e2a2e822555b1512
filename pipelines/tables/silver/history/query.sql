-- One row a version of each entity that new events speak of: what it was, from when to when. Versions are ordered by their own
-- number, never by arrival; a version that came twice counts once; a moment never lies before that of the version before.
-- {noun}, {entity} and {structure} are made from the contract.
with touched as (
    select distinct subject from new_events where noun = {noun}
), versions as (
    select user_id, subject as {entity}, entity_version as version, type as change, event_id, occurred_at as valid_from, recorded_at,
           timezone as changed_in, local_date as changed_on, log_offset, bucket, unnest(json_transform(data, {structure}))
    from new_events where noun = {noun}
    union all by name
    select * exclude (valid_to) from history semi join touched on touched.subject = history.{entity}
), once as (
    select * from versions qualify row_number() over (partition by {entity}, version order by log_offset) = 1
), since as (
    select * replace (max(valid_from) over (partition by {entity} order by version rows unbounded preceding) as valid_from) from once
)
select *, lead(valid_from) over (partition by {entity} order by version) as valid_to from since
union all by name
select * from history anti join touched on touched.subject = history.{entity}
