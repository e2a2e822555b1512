-- One row a person and achievement of `wanted`: the first day on which what it counts had come to enough. Metrics of the day are summed; a
-- comeback is a day with a completed task after a week or more without; `records` has the days on which a habit's streak was a new longest.
with active_days as (
    select user_id, local_date, local_date - lag(local_date) over (partition by user_id order by local_date) > 7 as is_comeback
    from gold.productivity_daily semi join people using (user_id) where tasks_completed > 0
), totals as (
    select user_id, local_date, sum(tasks_completed) over so_far as tasks_completed, sum(focus_minutes) over so_far as focus_minutes,
           sum(goals_completed) over so_far as goals_completed, sum(coalesce(is_comeback, false)::integer) over so_far as comebacks
    from gold.productivity_daily left join active_days using (user_id, local_date) semi join people using (user_id)
    window so_far as (partition by user_id order by local_date)
), counted as (
    select user_id, local_date, metric, value::double as value
    from (unpivot totals on tasks_completed, focus_minutes, goals_completed, comebacks into name metric value value)
    union all
    select user_id, local_date, 'streak_days', days from records
)
select user_id, any_value(bucket) as bucket, any_value(registered_on) as registered_on, achievement, any_value(label) as label,
       any_value(description) as description, any_value(points) as points, metric, threshold, coalesce(max(value), 0) as value,
       least(1, coalesce(max(value), 0) / threshold) as progress, min(local_date) filter (where value >= threshold) as earned_on
from people cross join wanted left join counted using (user_id, metric)
group by user_id, achievement, metric, threshold
