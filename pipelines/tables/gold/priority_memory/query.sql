-- What is remembered of each user, as one JSON.
with
    rates as (
        select
            user_id,
            list(
                {'kind':kind, 'key':key, 'days_open':days_open, 'done':done, 'acts':acts, 'lately':lately}
                order by kind, key
            ) as rates
        from remembered
        group by user_id
    ),
    moved as (
        select user_id, list({'task_id':task_id, 'reschedules':reschedules} order by task_id) as moved
        from facts
        where reschedules > 0
        group by user_id
    ),
    active as (  -- also days of completions that were taken back
        select moments.user_id, list(happened_at order by happened_at) as active_days
        from active_days
        join moments on moments.user_id = active_days.user_id and happened_at <= as_of
        group by moments.user_id
    ),
    latest as (
        select
            user_id,
            {
                'acted_at':acted_at,
                'last_task_id':last_task_id,
                'last_category_id':last_category_id,
                'last_parent_task_id':last_parent_task_id,
                'last_goal_id':last_goal_id,
                'last_tags':last_tags
            } as last_act
        from last_act
    ),
    accounts as (select user_id, any_value(bucket) as bucket from silver.user_history group by user_id)
select
    user_id,
    local_date,
    to_json(
        {
            'rates':coalesce(rates, []),
            'moved':coalesce(moved, []),
            'active_days':coalesce(active_days, []),
            'last_act':last_act
        }
    )::varchar as memory,
    bucket
from moments
join accounts using (user_id)
left join rates using (user_id)
left join moved using (user_id)
left join active using (user_id)
left join latest using (user_id)
order by bucket, user_id
