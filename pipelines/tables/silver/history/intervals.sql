-- When each version of what new events speak of was valid. Versions are ordered by their own number, never by
-- arrival; a version that came twice counts once; a moment never lies before that of the version before. An entity is
-- its owner's: another user who names its id has another one.
-- It lies in the month of the last day on which it was valid, or in which nothing more was to be expected of it;
-- until then in the last of all.
-- {entity} is made from the contract; when something is settled, the noun says. Rows of `versions` are wide: what is
-- put in order here is only their place and what the order asks for.
with
    numbered as (select place, user_id, {entity}, version, log_offset, valid_from, changed_on from versions),
    repeated as (
        select user_id, {entity}, version, min(log_offset) as first_offset
        from numbered
        group by all
        having count(*) > 1
    ),
    once as (
        select numbered.*
        from numbered
        left join repeated using (user_id, {entity}, version)
        where first_offset is null or log_offset = first_offset
    ),
    dated as (
        select
            place,
            max(valid_from) over up_to_it as valid_from,
            max(changed_on) over up_to_it as first_day,
            case when lead(version) over in_order is not null then max(valid_from) over up_to_the_next end as valid_to,
            case when lead(version) over in_order is not null then max(changed_on) over up_to_the_next end as next_day
        from once
        window
            in_order as (partition by user_id, {entity} order by version),
            up_to_it as (partition by user_id, {entity} order by version rows unbounded preceding),
            up_to_the_next as (
                partition by user_id, {entity} order by version rows between unbounded preceding and 1 following
            )
    )
select
    place,
    bucket,
    user_id,
    {entity},
    version,
    dated.valid_from,
    valid_to,
    coalesce(strftime(coalesce(next_day, {settled_on}), '%Y-%m'), '9999-12') as last_month
from dated
join versions using (place)
