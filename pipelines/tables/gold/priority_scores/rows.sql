-- Scores of a moment in the place of those that its day had. Other days stay as they were. The newest day is that of
-- any zone of the user.
with
    accounts as (
        select
            user_id,
            any_value(bucket) as bucket,
            timezone(arg_max(timezone, version), $as_of::timestamptz)::date as today,
            max(timezone(timezone, least(valid_to, $as_of::timestamptz))::date) as newest_day
        from silver.user_history
        group by user_id
    )
select
    scored.* replace (to_json(reasons)::varchar as reasons),
    open_tasks.version as task_version,
    today as local_date,
    bucket,
    strftime(today, '%Y-%m') as month
from scored
join open_tasks using (user_id, task_id)
join accounts using (user_id)
union all by name
select earlier.*
from gold.priority_scores as earlier
join accounts using (user_id)
where
    earlier.month >= $first_month
    and earlier.local_date <> accounts.today
    and (earlier.local_date <= accounts.newest_day or $keeps_later_days)
order by month, bucket, user_id, local_date, rank
