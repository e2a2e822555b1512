-- Calendar connections of the caller.

-- count --
select count(*) from calendar_connections where deleted_at is null

-- list --
select * from calendar_connections where deleted_at is null order by created_at, id

-- same --
select from calendar_connections where address_hash = %(address_hash)s and deleted_at is null

-- request --
update calendar_connections set next_sync_at = %(now)s, failures = 0, updated_at = %(now)s, version = version + 1
where id = %(id)s returning *

-- notice --
-- One that fails keeps its pause.
update calendar_connections set next_sync_at = %(now)s
where id = %(id)s and deleted_at is null and not is_paused and failures = 0

-- conflicts --
select id, at, event_id, title, winner, lost from calendar_conflicts where connection_id = %(id)s order by at desc, id desc limit %(limit)s
