-- Today's scores in the place of those that today had; the days before stay as they were.
with accounts as (
    select user_id, timezone(arg_max(timezone, version), $as_of::timestamptz)::date as today from silver.user_history group by user_id
)
select scored.* replace (to_json(reasons)::varchar as reasons), open_tasks.local_date, open_tasks.bucket,
       strftime(open_tasks.local_date, '%Y-%m') as month
from scored join open_tasks using (user_id, task_id)
union all by name
select earlier.* from gold.priority_scores as earlier join accounts using (user_id)
where earlier.month >= $first_month and earlier.local_date < accounts.today
order by month, bucket, user_id, local_date, rank
