-- One row a version of each entity that new events speak of: what it was, from when to when. Versions are ordered by their own
-- number, never by arrival; a version that came twice counts once; a moment never lies before that of the version before. An entity is its
-- owner's: somebody else who names its id has another one.
-- It lies in the month of the last day on which it held, or in which nothing more was to be expected of it; until then in the last of all.
-- {noun}, {entity} and {structure} are made from the contract; when something is settled, the noun says.
with versions as (
    select user_id, subject as {entity}, entity_version as version, type as change, event_id, occurred_at as valid_from, recorded_at,
           timezone as changed_in, local_date as changed_on, log_offset, bucket, unnest(json_transform(data, {structure}))
    from new_events where noun = {noun}
    union all by name
    select * exclude (valid_to, last_month) from known_versions
    anti join new_events using (bucket, log_offset)  -- what is read a second time replaces itself
), twice as (  -- looked for among the numbers alone, for whole rows are wide
    select user_id, {entity}, version, min(log_offset) as first_offset from versions group by all having count(*) > 1
), once as (
    select versions.* from versions left join twice using (user_id, {entity}, version) where first_offset is null or log_offset = first_offset
)
select * exclude (first_day, next_day), coalesce(strftime(coalesce(next_day, {settled_on}), '%Y-%m'), '9999-12') as last_month
from (select * replace (max(valid_from) over up_to_it as valid_from), max(changed_on) over up_to_it as first_day,
             case when lead(version) over in_order is not null then max(valid_from) over up_to_the_next end as valid_to,
             case when lead(version) over in_order is not null then max(changed_on) over up_to_the_next end as next_day
      from once
      window in_order as (partition by user_id, {entity} order by version),
             up_to_it as (partition by user_id, {entity} order by version rows unbounded preceding),
             up_to_the_next as (partition by user_id, {entity} order by version rows between unbounded preceding and 1 following))
