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
    moved as (  -- also of tasks that wait, are done or archived: they may come back
        select user_id, map(list(task_id order by task_id), list(reschedules order by task_id)) as moved
        from
            (
                select user_id, task_id, max(reschedules) as reschedules
                from moves
                join moments using (user_id)
                where moved_at < day_begins
                group by all
            )
        semi join
            (from silver.task_history where valid_to is null and deleted_at is null) as present using (user_id, task_id)
        group by user_id
    ),
    active as (  -- also days of completions that were taken back
        select moments.user_id, list(happened_at order by happened_at) as active_days
        from active_days
        join moments on moments.user_id = active_days.user_id and happened_at < day_begins
        group by moments.user_id
    ),
    latest as (  -- with what only the histories know of a task that is there no more
        select
            last_before.user_id,
            {
                'acted_at':happened_at,
                'is_done':is_done,
                'last_task_id':last_before.task_id,
                'created_at':last_before.created_at
            } as last_act
        from last_before
    ),
    accounts as (select user_id, any_value(bucket) as bucket from silver.user_history group by user_id)
select
    user_id,
    local_date,
    to_json(
        {
            'day_begins':day_begins,
            'rates':coalesce(rates, []),
            'moved':coalesce(moved, map{}),
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
