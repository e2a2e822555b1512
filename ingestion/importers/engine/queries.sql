-- account --
select id, email, timezone from users where lower(email) = lower(%(email)s) and erased_at is null

-- known --
select source_key, entity_id from import_items where user_id = %(user_id)s and format = %(format)s

-- own --
select 'task' as noun, id from tasks where deleted_at is null
union all select 'goal', id from goals where deleted_at is null
union all select 'milestone', id from milestones
union all select 'habit', id from habits
union all select 'time_entry', id from time_entries
union all select 'calendar_event', id from calendar_events
union all select 'day_off', id from days_off

-- categories --
select id, name from categories

-- habit_days --
select habit_id, local_date from habit_logs where habit_id = any(%(habits)s)

-- defer_links --
-- Rows may point at rows that are written after them.
set constraints all deferred

-- add_items --
insert into import_items (user_id, format, source_key, import_id, noun, entity_id)
select %(user_id)s, %(format)s, source_key, %(import_id)s, noun, entity_id
from unnest(%(keys)b::uuid[], %(nouns)b::text[], %(ids)b::uuid[]) as given (source_key, noun, entity_id)

-- add_import --
insert into imports (id, user_id, created_at, updated_at, format, file_name, file_hash, status, counts, findings, findings_count)
values (%(import_id)s, %(user_id)s, %(now)s, %(now)s, %(format)s, %(file_name)s, %(file_hash)s, 'done', %(counts)s, %(findings)s, %(findings_count)s)

-- finish_import --
with gone as (delete from import_files where import_id = %(import_id)s)
update imports
set format = %(format)s, status = 'done', counts = %(counts)s, findings = %(findings)s, findings_count = %(findings_count)s,
    problem = null, claimed_at = null, updated_at = %(now)s, version = version + 1
where id = %(import_id)s and status = 'importing'

-- lock_import --
select id, format, status from imports where id = %(id)s and status in ('done', 'undoing', 'undone') for update

-- items --
select noun, entity_id from import_items where import_id = %(id)s

-- finish_undo --
update imports set status = 'undone', claimed_at = null, undone_at = coalesce(undone_at, %(now)s), updated_at = %(now)s, version = version + 1 where id = %(id)s

-- drop_items --
delete from import_items where import_id = %(id)s

-- undo_task --
update tasks set deleted_at = %(now)s, category_id = null, goal_id = null, updated_at = %(now)s, version = version + 1
where id = any(%(ids)s) and deleted_at is null returning *

-- undo_goal --
update goals set deleted_at = %(now)s, category_id = null, updated_at = %(now)s, version = version + 1
where id = any(%(ids)s) and deleted_at is null returning *

-- undo_milestone --
delete from milestones where id = any(%(ids)s) returning *

-- undo_habit_log --
delete from habit_logs where id = any(%(ids)s) returning *

-- undo_habit --
-- A habit with days of the user's own is kept.
delete from habits where id = any(%(ids)s) and not exists (select from habit_logs where habit_id = habits.id) returning *

-- undo_time_entry --
delete from time_entries where id = any(%(ids)s) returning *

-- undo_calendar_event --
delete from calendar_events where id = any(%(ids)s) returning *

-- undo_day_off --
delete from days_off where id = any(%(ids)s) returning *

-- undo_category --
delete from categories where id = any(%(ids)s)
    and not exists (select from tasks where category_id = categories.id) and not exists (select from goals where category_id = categories.id)
