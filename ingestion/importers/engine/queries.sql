-- account --
select id, email, timezone from users where lower(email) = lower(%(email)s) and erased_at is null

-- known --
select source_key, entity_id from import_items where user_id = %(user_id)s and format = %(format)s

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
values (%(id)s, %(user_id)s, %(now)s, %(now)s, %(format)s, %(file_name)s, %(file_hash)s, 'done', %(counts)s, %(findings)s, %(findings_count)s)

-- imports --
select id, created_at, format, file_name, status, counts, findings, findings_count, undone_at
from imports order by created_at desc, id desc limit 200

-- one_import --
select id, created_at, format, file_name, status, counts, findings, findings_count, undone_at from imports where id = %(id)s

-- lock_import --
select id, format, status from imports where id = %(id)s for update

-- items --
select noun, entity_id from import_items where import_id = %(id)s

-- finish_undo --
update imports set status = 'undone', undone_at = %(now)s, updated_at = %(now)s, version = version + 1 where id = %(id)s

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
