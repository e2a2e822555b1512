-- One row per workspace, app user, day and event name. An id of a device, or an old id of a user, counts as the user
-- who claimed it first; a chain of claims is followed to its end, and ids that claim each other are one.
with recursive
    tracked as (
        select
            user_id,
            bucket,
            local_date,
            occurred_at,
            {'at':occurred_at, 'id':event_id} as place,
            data ->> 'name' as event_name,
            data ->> 'app_user_id' as said_id,
            coalesce((data ->> 'is_known_app_user')::boolean, false) as is_known,
            coalesce(from_json(data -> 'app_user_aliases', '["VARCHAR"]'), []) as aliases
        from silver.events
        where type = 'activity.tracked' and data ->> 'app_user_id' is not null
    ),
    aliases as (select user_id, said_id, place, unnest(aliases) as alias from tracked),
    claims as (
        select user_id, alias, arg_min(said_id, place) as claimed_by
        from aliases
        where alias <> said_id
        group by user_id, alias
    ),
    reached as (
        select user_id, alias, claimed_by as node
        from claims
        union
        select reached.user_id, reached.alias, claims.claimed_by
        from reached
        join claims on claims.user_id = reached.user_id and claims.alias = reached.node
    ),
    merged as (
        select
            reached.user_id,
            reached.alias,
            coalesce(min(reached.node) filter (where claims.alias is null), min(reached.node)) as app_user_id
        from reached
        left join claims on claims.user_id = reached.user_id and claims.alias = reached.node
        group by reached.user_id, reached.alias
    )
select
    tracked.user_id,
    coalesce(merged.app_user_id, tracked.said_id) as app_user_id,
    tracked.local_date,
    coalesce(tracked.event_name, '') as event_name,
    count(*) as events,
    min(tracked.occurred_at) as first_at,
    bool_or(tracked.is_known) as is_known,
    any_value(tracked.bucket) as bucket
from tracked
left join merged on merged.user_id = tracked.user_id and merged.alias = tracked.said_id
group by
    tracked.user_id, coalesce(merged.app_user_id, tracked.said_id), tracked.local_date, coalesce(tracked.event_name, '')
