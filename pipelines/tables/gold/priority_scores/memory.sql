-- What is remembered of each person, as one JSON.
with rates as (
    select user_id, list({'kind': kind, 'key': key, 'days_open': days_open, 'done': done, 'acts': acts, 'lately': lately} order by kind, key) as rates
    from remembered group by user_id
), moved as (
    select user_id, list({'task_id': task_id, 'reschedules': reschedules} order by task_id) as moved from facts where reschedules > 0 group by user_id
), accounts as (
    select user_id, any_value(bucket) as bucket from silver.user_history group by user_id
)
select user_id, local_date, to_json({'rates': coalesce(rates, []), 'moved': coalesce(moved, [])})::varchar as memory, bucket
from moments join accounts using (user_id) left join rates using (user_id) left join moved using (user_id)
order by bucket, user_id
