-- One row a goal and local day since it was made: how far it was, and how far an even pace to its date would have it.
with versions as (
    select *, max(changed_on) over (partition by user_id, goal_id order by version rows unbounded preceding) as first_day
    from silver.goal_history semi join people using (user_id)
), spans as (
    select versions.*, today, min(first_day) over (partition by user_id, goal_id) as made_on,
           least(coalesce(lead(first_day) over (partition by user_id, goal_id order by version) - 1, today), today) as last_day
    from versions join people using (user_id)
), days as (
    select *, unnest(generate_series(first_day, last_day, interval 1 day))::date as local_date, coalesce(start_date, made_on) as begins_on
    from spans where last_day >= first_day and change <> 'goal.deleted' and (status in ('active', 'paused') or first_day = last_day or change = 'goal.completed')
)
select user_id, bucket, goal_id, local_date, status, progress, target_date,
       case when target_date > begins_on then 100 * least(1, greatest(0, (local_date - begins_on) / (target_date - begins_on))) end as expected_progress,
       progress - expected_progress as ahead,
       progress - lag(progress, 28) over (partition by user_id, goal_id order by local_date) as progress_28_days
from days
where status in ('active', 'paused') or local_date = first_day
