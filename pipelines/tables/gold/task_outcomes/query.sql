-- One row a task: when it was created, due, begun and done, how long that took, and what became of estimates.
with
    versions as (select * from silver.task_history semi join users using (user_id)),
    spent as (
        select user_id, task_id, min(started_at) as first_started_at, sum(epoch(ended_at - started_at)) / 60 as minutes
        from silver.time_entry_history
        semi join users using (user_id)
        where valid_to is null and change <> 'time.deleted' and task_id is not null and ended_at > started_at
        group by user_id, task_id
    ),
    lives as (
        select
            user_id,
            task_id,
            min(changed_on) as created_on,
            min(coalesce(created_at, valid_from)) as created_at,
            min(valid_from) filter (where status = 'in_progress') as marked_started_at,
            count(*) filter (where change = 'task.reopened') as times_reopened,
            arg_max(changed_on, version) filter (where change = 'task.completed') as completed_on,
            arg_min(estimated_minutes, version) filter (
                where status in ('pending', 'in_progress')
            ) as first_estimated_minutes
        from versions
        group by user_id, task_id
    ),
    newest as (  -- what was taken back is none, and a task that was reopened is not done
        select
            user_id,
            bucket,
            task_id,
            status,
            priority,
            category_id,
            goal_id,
            coalesce(due_at, timezone(changed_in, (due_date + 1)::timestamp)) as due_at,
            coalesce(due_date, timezone(changed_in, due_at)::date) as due_on,
            case when status in ('completed', 'archived') then completed_at end as completed_at,
            estimated_minutes,
            actual_minutes as said_minutes,
            deleted_at is not null as is_deleted
        from versions
        where valid_to is null
    )
select
    user_id,
    bucket,
    task_id,
    created_on,
    created_at,
    status,
    priority,
    category_id,
    goal_id,
    due_on,
    due_at,
    least(marked_started_at, first_started_at) as started_at,
    completed_at,
    case when completed_at is not null then completed_on end as completed_on,
    epoch(completed_at - created_at) / 3600 as lead_hours,
    epoch(completed_at - greatest(started_at, created_at)) / 3600 as cycle_hours,
    epoch(completed_at - due_at) / 3600 as hours_late,
    times_reopened,
    estimated_minutes,
    first_estimated_minutes,
    coalesce(said_minutes, minutes) as actual_minutes,
    is_deleted
from newest
join lives using (user_id, task_id)
left join spent using (user_id, task_id)
