-- What was created, completed and due on each day, and by how much open and overdue tasks became more.
-- The state at the end of a day is that of the last version whose change belongs to that day or an earlier one; the
-- day of a change is frozen in its event, so nothing here depends on where the user lives now.
with
    versions as (
        select
            *,
            max(changed_on) over (partition by user_id, task_id order by version rows unbounded preceding) as first_day,
            coalesce(due_date, timezone(changed_in, due_at)::date) as due_day
        from silver.task_history
        semi join dirty_days using (user_id)
    ),
    spans as (
        select
            user_id,
            task_id,
            version,
            due_day,
            due_at,
            first_day,
            coalesce(
                lead(first_day) over (partition by user_id, task_id order by version) - 1, date '9999-12-31'
            ) as last_day,
            deleted_at is null and status in ('pending', 'in_progress') as is_open,
            deleted_at is null and status not in ('cancelled', 'archived') as is_expected
        from versions
    ),
    open_spans as (
        select user_id, today, greatest(first_day, from_day - 1) as open_from, last_day
        from spans
        join dirty_days using (user_id)
        where is_open and last_day >= first_day and last_day >= from_day - 1
    ),
    overdue_spans as (  -- a day that is not over yet: only what has passed already is overdue
        select
            user_id,
            today,
            last_day,
            greatest(
                first_day,
                from_day - 1,
                case when due_day = today and (due_at is null or due_at > $as_of) then due_day + 1 else due_day end
            ) as overdue_from
        from spans
        join dirty_days using (user_id)
        where
            is_open
            and due_day is not null
            and last_day >= first_day
            and last_day >= from_day - 1
            and last_day >= overdue_from
    ),
    last_changes as (  -- completed and reopened on one day: the last of them counts
        select
            user_id,
            task_id,
            changed_on,
            arg_max(change, version) as change,
            arg_max_null(due_day, version) as due_day,
            arg_max_null(due_at, version) as due_at,
            arg_max(coalesce(completed_at, valid_from), version) as completed_at
        from versions
        where change in ('task.completed', 'task.reopened')
        group by user_id, task_id, changed_on
    ),
    open_changes as (
        select user_id, open_from as local_date, 1 as open_more, 0 as overdue_more
        from open_spans
        union all
        select user_id, last_day + 1, -1, 0
        from open_spans
        where last_day < today
        union all
        select user_id, overdue_from, 0, 1
        from overdue_spans
        where overdue_from <= today
        union all
        select user_id, last_day + 1, 0, -1
        from overdue_spans
        where last_day < today
    ),
    open_counts as (
        select user_id, local_date, sum(open_more)::bigint as open_more, sum(overdue_more)::bigint as overdue_more
        from open_changes
        group by user_id, local_date
    ),
    created as (
        select user_id, changed_on as local_date, count(distinct task_id) as tasks_created
        from versions
        where change = 'task.created'
        group by user_id, changed_on
    ),
    completed as (
        select
            user_id,
            changed_on as local_date,
            count(task_id) as tasks_completed,
            count(*) filter (where due_day is not null) as tasks_completed_with_due,
            count(*) filter (
                where case when due_at is null then changed_on <= due_day else completed_at <= due_at end
            ) as tasks_completed_on_time
        from last_changes
        where change = 'task.completed'
        group by user_id, changed_on
    ),
    due as (
        select user_id, due_day as local_date, count(task_id) as tasks_due
        from spans
        where is_expected and due_day between first_day + 1 and last_day + 1
        group by user_id, due_day
    )
select
    user_id,
    local_date,
    open_more,
    overdue_more,
    tasks_created,
    tasks_completed,
    tasks_completed_with_due,
    tasks_completed_on_time,
    tasks_due
from open_counts
full join created using (user_id, local_date)
full join completed using (user_id, local_date)
full join due using (user_id, local_date)
