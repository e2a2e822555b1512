-- listed --
-- What can be begun now, the most pressing first: all of it, or one task; and how many tasks are open, and why some of them have no score.
-- `is_old` tells that the scores are not of exactly these tasks in these versions, that one is an hour old, or that another task began to wait for
-- one since, or ceased to. Both sides are summed up, not joined: this is asked with every page. Ranks begin at 1 and leave nothing out, so a page is
-- known by them; while a batch is published it may be the one before. No task of the page is looked up by its id: until Postgres has counted the tasks
-- of a user who just added a thousand, it may do so by reading all of them, each time.
with task as not materialized (
    select id, title, due_at, due_date, status, version, coalesce(start_at <= %(now)s, true) as has_begun, blocked_by <> '{}' and exists (
               select from (select deleted_at, status from tasks as blocker where blocker.id = any(tasks.blocked_by) offset 0) as blocker
               where deleted_at is null and status in ('pending', 'in_progress')) as waits
    from tasks where deleted_at is null and status in ('pending', 'in_progress') offset 0
), open_tasks as (
    select count(*) as open, count(*) filter (where due_at <= %(now)s or due_date < %(today)s) as overdue,
           count(*) filter (where not has_begun) as not_begun, count(*) filter (where has_begun and waits) as blocked,
           count(*) filter (where has_begun and not waits) as startable,
           sum(uuid_hash_extended(id, version)) filter (where has_begun and not waits) as tasks
    from task
), known as materialized (
    select count(*) as number, sum(uuid_hash_extended(task_id, task_version)) as tasks, min(as_of) as as_of, min(model_version) as model_version
    from priority_scores
), page as materialized (
    select task_id, title, score, rank, due_rank, urgency_rank, reasons::json as reasons, deadline_risk, importance, likelihood, due_at, due_date, status,
           version, is_baseline, model_version, as_of
    from task join priority_scores on task_id = id
    where case when %(task_id)s::uuid is null then id in (select task_id from priority_scores where rank <= %(limit)s) else id = %(task_id)s end
      and has_begun and not waits
)
select coalesce((select json_agg(page order by rank) from page), '[]')::text as items, known.model_version,
       open, overdue, not_begun, blocked,
       known.number <> open_tasks.startable or known.tasks <> open_tasks.tasks or known.as_of < %(now)s - interval '1 hour'
           or exists (
               select from tasks as waiting
               where waiting.blocked_by <> '{}' and waiting.updated_at > known.as_of and exists (
                   select from priority_scores where task_id = any(waiting.blocked_by) and as_of < waiting.updated_at offset 0)) as is_old,
       exists (select from page where task_id not in (select task_id from shown_scores where local_date = %(today)s)) as is_news
from known, open_tasks

-- titles --
select id::text as id, title from tasks where id = any(%(ids)s) and deleted_at is null

-- to_score --
-- Everything that can be begun now, as the scorer wants it: what is known of each task, of the work on it, and of what was done last; and what was
-- remembered of the user. As JSON, which is read into columns at once: row by row it took as long as the scoring.
with remembered as materialized (
    select row->>'memory' as memory, (row->>'memory')::json as known from published_rows
    where user_id = current_user_id() and table_name = 'priority_memory' and day <= %(today)s order by day desc limit 1
), open_tasks as materialized (
    select * from tasks where deleted_at is null and status in ('pending', 'in_progress')
), waits as materialized (  -- from those that wait, which are few: each task beside each would be a hundred thousand pairs
    select distinct waiting.id, blocker.id as blocker_id
    from open_tasks as waiting cross join unnest(waiting.blocked_by) as named (id) join open_tasks as blocker on blocker.id = named.id
), blocks as (
    select blocker_id as id, count(*) as blocks from waits group by blocker_id
), works as materialized (  -- known since a timer was stopped, or an entry written down
    select task_id, started_at, ended_at, greatest(created_at, ended_at) as happened_at,
           least(1440, extract(epoch from ended_at - started_at) / 60) as minutes
    from time_entries where task_id is not null and ended_at is not null
), worked as (
    select task_id, sum(minutes)::double precision as minutes_worked, count(*) as stretches, max(happened_at) as worked_at,
           count(*) filter (where happened_at > %(now)s - interval '3 days') as stretches_3,
           count(*) filter (where happened_at > %(now)s - interval '14 days') as stretches_14
    from works where happened_at <= %(now)s group by task_id
), since as (  -- from when on what is in the tables counts, and no memory of it
    select (known->>'day_begins')::timestamptz as begins, last.*
    from (select) as always left join remembered on true left join json_to_record((known->>'last_act')::json) as last (
        acted_at timestamptz, is_done boolean, last_task_id uuid, created_at timestamptz) on true
), acts as materialized (
    select id as task_id, completed_at as happened_at, true as is_done, created_at from tasks
    where completed_at <= %(now)s and status = 'completed' and deleted_at is null and version > 1
    union all
    select task_id, happened_at, false, tasks.created_at from works join tasks on tasks.id = task_id where happened_at <= %(now)s
), recent_acts as (
    select acts.* from acts cross join since where happened_at >= coalesce(begins, '-infinity')
), last_act as (  -- of the past as it was remembered: the task may have been reopened since
    select acted_at, tasks.id as last_task_id, category_id as last_category_id, parent_task_id as last_parent_task_id, goal_id as last_goal_id,
           hashed_tags(tasks.user_id, tags) as last_tags
    from (
        select acted_at, last_task_id as id, is_done, created_at from since where acted_at is not null
        union all
        select happened_at, task_id, is_done, created_at from recent_acts
    ) as candidate join tasks using (id)
    order by acted_at desc, is_done desc, candidate.created_at desc, tasks.id desc limit 1
), active as (  -- before today
    select happened_at from recent_acts where happened_at < %(day_begins)s
    union all
    select happened_at::timestamptz from remembered cross join json_array_elements_text(known->'active_days') as each (happened_at)
), days as (
    select array_agg(first order by first) as begun from (select min(happened_at) as first from active group by happened_at::date) as each
), scored as (
    select open_tasks.user_id, open_tasks.id as task_id, open_tasks.created_at, due_at, due_date, %(timezone)s as timezone, start_at, priority,
           open_tasks.status, hashed_tags(open_tasks.user_id, tags) as tags, goal_id, pinned, '{}'::text[] as blocked_by, coalesce(blocks, 0) as blocks, open_tasks.version,
           open_tasks.category_id, parent_task_id, estimated_minutes, recurrence, open_tasks.updated_at as touched_at,
           minutes_worked, stretches, stretches_3, stretches_14, worked_at,
           greatest(0, cardinality(begun) - width_bucket(open_tasks.created_at, begun)) as times_skipped,
           case when goals.status = 'active' and start_date < goals.target_date and %(today)s > start_date
                then least(1, (%(today)s - start_date)::double precision / (goals.target_date - start_date)) - progress / 100 end as goal_behind,
           last_act.*
    from open_tasks left join blocks using (id) left join worked on worked.task_id = open_tasks.id left join goals on goals.id = open_tasks.goal_id
    left join last_act on true cross join days
    where (start_at is null or start_at <= %(now)s)
      and open_tasks.id not in (select id from waits)
)
select coalesce(json_agg(scored), '[]')::text as tasks,
       (select memory from remembered) as memory
from scored

-- save --
with fresh as (
    select * from json_to_recordset(%(scores)s::json) as fresh (
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

-- note --
insert into shown_scores (user_id, local_date, task_id, rank, score, model_version, shown_at)
select current_user_id(), %(today)s, task_id, rank, score, model_version, %(now)s
from json_to_recordset(%(items)s::json) as shown (task_id uuid, rank integer, score double precision, model_version text) order by task_id
on conflict do nothing

-- task_exists --
select exists (select from tasks where id = %(task_id)s and deleted_at is null) as is_there
