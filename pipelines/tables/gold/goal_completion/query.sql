-- One row per user and number of days after which goals were reached: the share that takes longer, with goals that
-- are not reached taken for as long as they were pursued.
with
    lives as (
        select
            user_id,
            min(changed_on) as made_on,
            arg_max(status, version) = 'completed' and arg_max(change, version) <> 'goal.deleted' as is_reached,
            case
                when is_reached
                then arg_max(changed_on, version) filter (where change = 'goal.completed')
                when arg_max(change, version) = 'goal.deleted' or arg_max(status, version) = 'cancelled'
                then arg_max(changed_on, version)
            end as ended_on
        from silver.goal_history
        semi join users using (user_id)
        group by user_id, goal_id
    ),
    spans as (
        select
            user_id,
            greatest(0, coalesce(ended_on, today) - made_on) as days,
            is_reached and ended_on is not null as is_reached
        from lives
        join users using (user_id)
    ),
    counted as (
        select
            user_id,
            days,
            count(*) filter (where is_reached) as reached,
            sum(count(*)) over (partition by user_id order by days desc) as pursued
        from spans
        group by user_id, days
    )
select
    user_id,
    bucket,
    registered_on,
    days,
    pursued::bigint as pursued,
    reached,
    product(1 - reached / pursued) over (partition by user_id order by days) as still_open
from counted
join users using (user_id)
where reached > 0
