-- One row per user, local day, priority and category: how tasks came and went. A day on which nothing was there has
-- no row.
with
    versions as (
        select
            *,
            max(changed_on) over (partition by user_id, task_id order by version rows unbounded preceding) as first_day,
            coalesce(due_date, timezone(changed_in, due_at)::date) as due_day
        from silver.task_history
        semi join users using (user_id)
    ),
    spans as (
        select
            versions.*,
            today,
            deleted_at is null and status in ('pending', 'in_progress') as is_open,
            least(
                coalesce(lead(first_day) over (partition by user_id, task_id order by version) - 1, today), today
            ) as last_day
        from versions
        join users using (user_id)
    ),
    happened as (
        select
            user_id,
            changed_on as local_date,
            priority,
            category_id,
            count(*) filter (where change = 'task.created') as created,
            count(*) filter (where change = 'task.completed' and is_last) as completed,
            median(epoch(coalesce(completed_at, valid_from) - created_at) / 3600) filter (
                where change = 'task.completed' and is_last
            ) as median_lead_hours
        from
            (
                select
                    *,
                    row_number() over (
                        partition by user_id, task_id, changed_on, change in ('task.completed', 'task.reopened')
                        order by version desc
                    )
                    = 1 as is_last
                from versions
                where change in ('task.created', 'task.completed', 'task.reopened')
            )
        group by user_id, changed_on, priority, category_id
    ),
    open_days as (
        select
            user_id,
            priority,
            category_id,
            due_day,
            due_at,
            today,
            unnest(generate_series(greatest(first_day, from_day), last_day, interval 1 day))::date as local_date
        from spans
        cross join dirty_months
        where is_open and last_day >= first_day
    ),
    open_counts as (
        select
            user_id,
            local_date,
            priority,
            category_id,
            count(*) as open,
            count(*) filter (
                where due_day < local_date or due_day = local_date and (due_day < today or due_at <= $as_of)
            ) as overdue
        from open_days
        group by user_id, local_date, priority, category_id
    ),
    counted as (
        select
            user_id, local_date, priority, category_id, created, completed, 0 as open, 0 as overdue, median_lead_hours
        from happened
        union all
        select user_id, local_date, priority, category_id, 0, 0, open, overdue, null
        from open_counts
    )
select
    user_id,
    any_value(bucket) as bucket,
    local_date,
    priority,
    coalesce(category_id, '') as category_id,
    sum(created)::bigint as created,
    sum(completed)::bigint as completed,
    sum(open)::bigint as open,
    sum(overdue)::bigint as overdue,
    any_value(median_lead_hours) as median_lead_hours,
    strftime(local_date, '%Y-%m') as month
from counted
join users using (user_id)
where local_date >= (select from_day from dirty_months)
group by user_id, local_date, priority, category_id
having created + completed + open > 0 and local_date >= any_value(registered_on) - $days_before_registration
