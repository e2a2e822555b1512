-- The open tasks of everybody as they stand now, as the scorer wants them: not blocked by another open task, and not set for later.
with newest as (
    select * from silver.task_history
    where valid_to is null and deleted_at is null and status in ('pending', 'in_progress')
), blockers as (
    select waiting.user_id, waiting.task_id, blocker.task_id as blocker
    from (select user_id, task_id, unnest(blocked_by) as blocked_by from newest) as waiting
    join newest as blocker on blocker.user_id = waiting.user_id and blocker.task_id = waiting.blocked_by
), blocks as (
    select user_id, blocker as task_id, count(*) as blocks from blockers group by all
), accounts as (
    select user_id, arg_max(timezone, version) as timezone from silver.user_history group by user_id
)
select user_id, task_id, created_at, due_at, due_date, timezone, start_at, priority, status, tags, goal_id, pinned,
       []::varchar[] as blocked_by, coalesce(blocks, 0) as blocks, bucket, timezone(timezone, $as_of::timestamptz)::date as local_date
from newest join accounts using (user_id) left join blocks using (user_id, task_id) anti join blockers using (user_id, task_id)
where start_at is null or start_at <= $as_of
