-- wanted --
-- Which tasks a list holds: put in the place of `wanted` below.
deleted_at is null
      and (%(status)s::text is null or status = %(status)s)
      and (%(open)s::boolean is null or (status in ('pending', 'in_progress')) = %(open)s)
      and (%(priority)s::text is null or priority = %(priority)s)
      and (%(category_id)s::uuid is null or category_id = %(category_id)s)
      and (%(goal_id)s::uuid is null or goal_id = %(goal_id)s)
      and (%(tag)s::text is null or %(tag)s = any(tags))
      and (%(due_from)s::date is null or coalesce(due_date, (due_at at time zone %(timezone)s)::date) >= %(due_from)s)
      and (%(due_to)s::date is null or coalesce(due_date, (due_at at time zone %(timezone)s)::date) <= %(due_to)s)
      and (%(q)s::text is null or search @@ websearch_to_tsquery('simple', %(q)s))

-- newest --
-- A page as JSON, made by Postgres itself. One row more than asked for tells whether there is a next page.
with page as (
    select id, title, description, notes, priority, status, category_id, tags, due_at, due_date, start_at, estimated_minutes, actual_minutes,
           completed_at, parent_task_id, goal_id, recurrence, blocked_by, pinned, ai_generated, created_at, updated_at, version
    from tasks
    where wanted
      and (%(after_key)s::timestamptz is null or (created_at, id) < (%(after_key)s::timestamptz, %(after_id)s::uuid))
    order by created_at desc, id desc limit %(limit)s + 1
), kept as (
    select * from page order by created_at desc, id desc limit %(limit)s
)
select coalesce((select json_agg(kept) from kept), '[]')::text as items, (select count(*) from page) > %(limit)s as has_more,
       (select created_at::text from kept order by created_at, id limit 1) as last_key,
       (select id from kept order by created_at, id limit 1) as last_id

-- sorted --
-- The same by due date, priority or score: smallest key first.
with keyed as (
    select id, title, description, notes, priority, status, category_id, tags, due_at, due_date, start_at, estimated_minutes, actual_minutes,
           completed_at, parent_task_id, goal_id, recurrence, blocked_by, pinned, ai_generated, created_at, updated_at, version,
           case %(sort)s
               when 'priority' then array_position(array['urgent', 'high', 'medium', 'low'], priority)
               when 'score' then coalesce((select -score from priority_scores where task_id = tasks.id), 1)
               else extract(epoch from coalesce(due_at, (due_date + 1)::timestamp at time zone %(timezone)s, 'infinity'))
           end::double precision as sort_key
    from tasks
    where wanted
), page as (
    select * from keyed
    where %(after_key)s::double precision is null or (sort_key, id) > (%(after_key)s::double precision, %(after_id)s::uuid)
    order by sort_key, id limit %(limit)s + 1
), kept as (
    select * from page order by sort_key, id limit %(limit)s
)
select coalesce((select json_agg(to_jsonb(kept) - 'sort_key') from kept), '[]')::text as items,
       (select count(*) from page) > %(limit)s as has_more,
       (select kept.sort_key::text from kept order by kept.sort_key desc, id desc limit 1) as last_key,
       (select id from kept order by sort_key desc, id desc limit 1) as last_id

-- search --
-- The words as they stand, the last one as a beginning; those that match best first.
select tasks.* from tasks, to_tsquery('simple', %(words)s) as asked
where deleted_at is null and search @@ asked
order by ts_rank(search, asked) desc, created_at desc, id limit %(limit)s

-- titles --
-- What a search that finds little looks through for misspelt words: the newest of one's own.
select id, title from tasks where deleted_at is null order by created_at desc, id desc limit 20000

-- some --
select * from tasks where id = any(%(ids)s) and deleted_at is null

-- some_locked --
-- In one order for all, so that two that take the same ones do not wait for each other.
select * from tasks where id = any(%(ids)s) and deleted_at is null order by id for update

-- locked_even_deleted --
select * from tasks where id = %(id)s for update

-- locale --
select locale from users where id = %(user_id)s

-- subtasks --
select * from tasks where parent_task_id = %(id)s and deleted_at is null order by created_at, id limit 500

-- open_below --
-- The open subtasks of a task, however deep; a circle ends where it began.
with recursive below as (
    select id, 1 as depth, array[id] as way from tasks where parent_task_id = %(id)s and deleted_at is null
    union all
    select tasks.id, depth + 1, way || tasks.id from tasks join below on tasks.parent_task_id = below.id
    where tasks.deleted_at is null and tasks.id <> all(way) and depth < 50
)
select tasks.*, below.depth from tasks join below using (id)
where tasks.status in ('pending', 'in_progress') order by below.depth desc, id for update of tasks

-- following --
-- What the completion of a recurring task created: at the same moment, and by the same name.
select * from tasks
where created_at = %(completed_at)s and title = %(title)s and id <> %(id)s and recurrence is not null and deleted_at is null
order by id limit 1 for update

-- nesting --
-- Where a task would stand under this parent: whether above itself, and how many levels there would be from the top to its lowest subtask.
with recursive above as (
    select id, parent_task_id, 1 as depth from tasks where id = %(parent)s
    union all
    select tasks.id, tasks.parent_task_id, depth + 1 from tasks join above on tasks.id = above.parent_task_id where depth < 50
), below as (
    select %(id)s::uuid as id, 1 as depth
    union all
    select tasks.id, depth + 1 from tasks join below on tasks.parent_task_id = below.id where tasks.deleted_at is null and depth < 50
)
select exists (select from above where id = %(id)s) as is_circle,
       (select max(depth) from above) + (select max(depth) from below) as levels

-- running_timer --
select * from time_entries where task_id = %(task_id)s and ended_at is null for update

-- links --
-- What a task is to point at: how many of those that it shall wait for there are, whether one of them waits for it, be it by way of others, and
-- whether its parent and its goal are there. What is deleted is not there any more.
with recursive ahead as (
    select unnest(%(blockers)s::uuid[]) as id
    union
    select unnest(blocked_by) from ahead join tasks using (id) where deleted_at is null
)
select (select count(*) from tasks where id = any(%(blockers)s) and deleted_at is null) as blockers,
       exists (select from ahead where id = %(id)s) as is_circle,
       %(parent)s::uuid is null or exists (select from tasks where id = %(parent)s and deleted_at is null) as has_parent,
       %(goal)s::uuid is null or exists (select from goals where id = %(goal)s and deleted_at is null) as has_goal
