-- listed --
-- What can be begun now, the most pressing first: all of it, or one task. `is_old` tells that a score is missing, is of another version of its
-- task, or an hour old; that one is there of a task which cannot be begun now; or that another task began to wait for one since, or ceased to.
with startable as (
    select * from tasks
    where deleted_at is null and status in ('pending', 'in_progress') and (start_at is null or start_at <= %(now)s)
      and (blocked_by = '{}' or not exists (
          select from tasks as blocker
          where blocker.id = any(tasks.blocked_by) and blocker.deleted_at is null and blocker.status in ('pending', 'in_progress')))
), scored as materialized (
    select id as task_id, title, score, rank, due_rank, urgency_rank, reasons, deadline_risk, importance, likelihood, due_at, due_date, status, version,
           is_baseline, model_version, as_of, shown_at,
           task_version is distinct from version or as_of < %(now)s - interval '1 hour' as is_old
    from startable left join priority_scores on task_id = id
), page as materialized (
    select * from scored where score is not null and (%(task_id)s::uuid is null or task_id = %(task_id)s) order by rank limit %(limit)s
)
select coalesce((select json_agg(each) from (
           select task_id, title, score, rank, due_rank, urgency_rank, reasons::json as reasons, deadline_risk, importance, likelihood, due_at,
                  due_date, status, version, is_baseline, model_version, as_of
           from page) as each), '[]')::text as items,
       exists (select from scored where is_old)
           or (select count(*) from scored) <> (select count(*) from priority_scores)
           or exists (
               select from tasks as waiting join scored on task_id = any(waiting.blocked_by)
               where waiting.blocked_by <> '{}' and waiting.updated_at > as_of) as is_old,
       (select array_agg(task_id) from page where shown_at is null) as first_shown

-- to_score --
-- Everything that can be begun now, as the scorer wants it.
with open_tasks as materialized (
    select * from tasks where deleted_at is null and status in ('pending', 'in_progress')
), blocks as (
    select blocker.id, count(*) as blocks
    from open_tasks as waiting join open_tasks as blocker on blocker.id = any(waiting.blocked_by) group by blocker.id
)
select user_id::text, id::text as task_id, created_at, due_at, due_date, %(timezone)s as timezone, start_at, priority, status, tags,
       goal_id::text, pinned, '{}'::text[] as blocked_by, coalesce(blocks, 0) as blocks, version
from open_tasks left join blocks using (id)
where (start_at is null or start_at <= %(now)s)
  and not exists (select from open_tasks as blocker where blocker.id = any(open_tasks.blocked_by))

-- save --
with fresh as (
    select * from jsonb_to_recordset(%(scores)s::jsonb) as fresh (
        task_id uuid, score double precision, rank integer, rank_by_due_date integer, rank_by_urgency integer, reasons text,
        deadline_risk double precision, importance double precision, likelihood double precision, is_baseline boolean, version integer,
        model_version text)
), gone as (
    delete from priority_scores where not exists (select from fresh where fresh.task_id = priority_scores.task_id)
)
insert into priority_scores
    (user_id, task_id, score, rank, due_rank, urgency_rank, reasons, deadline_risk, importance, likelihood, is_baseline, task_version, model_version,
     as_of)
select current_user_id(), task_id, score, rank, rank_by_due_date, rank_by_urgency, reasons, deadline_risk, importance, likelihood, is_baseline,
       version, model_version, %(now)s
from fresh order by task_id
on conflict (user_id, task_id) do update
set score = excluded.score, rank = excluded.rank, due_rank = excluded.due_rank, urgency_rank = excluded.urgency_rank, reasons = excluded.reasons,
    deadline_risk = excluded.deadline_risk, importance = excluded.importance, likelihood = excluded.likelihood,
    is_baseline = excluded.is_baseline, task_version = excluded.task_version, model_version = excluded.model_version, as_of = excluded.as_of

-- shown --
update priority_scores set shown_at = %(now)s where task_id = any(%(tasks)s) and shown_at is null

-- task_exists --
select exists (select from tasks where id = %(task_id)s and deleted_at is null) as is_there
