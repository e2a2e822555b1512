-- Erasures of users. Those that name no user run without one.

-- due --
select id from erasures
where status = 'running' or (status = 'waiting' and due_at <= %(now)s) or (status = 'purging' and purge_at <= %(now)s)
order by created_at, id

-- one --
select id, user_id, user_hash, created_at, due_at, status, step, counts, purge_at from erasures where id = %(id)s

-- add --
-- A user has one erasure that was not cancelled.
insert into erasures (id, user_id, user_hash, created_at, due_at)
values (%(id)s, %(user_id)s, %(user_hash)s, %(now)s, %(due_at)s)
on conflict (user_hash) where status <> 'cancelled' do update set due_at = least(erasures.due_at, excluded.due_at)
returning id, due_at

-- listed --
select id, status, created_at, due_at, purge_at, finished_at, step from erasures
where status <> 'cancelled' order by created_at desc, id desc limit 200

-- begin --
update erasures set status = 'running' where id = %(id)s and status = 'waiting'

-- end_account --
-- From here on nobody signs in, no job writes to or for the user, and no other program can send events.
update users set is_active = false, erased_at = coalesce(erased_at, %(now)s), token_epoch = token_epoch + 1 where id = %(user_id)s

-- account --
select email from users where id = %(user_id)s

-- step --
update erasures set step = %(step)s, counts = counts || %(counts)s::jsonb where id = %(id)s and step < %(step)s

-- anonymize_outbox --
update outbox set user_id = %(nobody)s, event_id = gen_random_uuid(), value = %(value)s where user_id = %(user_id)s

-- delete_refused --
delete from inbox_refused where position(%(user_id)s::text in lower(encode(value, 'escape'))) > 0

-- exports --
select id from exports where user_id = %(user_id)s

-- redact_audit --
update audit_log set
    user_id = nullif(user_id, %(user_id)s), actor_id = nullif(actor_id, %(user_id)s), entity_id = null, before = null, after = null,
    ip = null, user_agent = null, salt = null
where user_id = %(user_id)s or actor_id = %(user_id)s

-- redact_errors --
update refresher_state set error = null where position(%(user_id)s::text in error) > 0

-- redact_broken_rules --
update table_builds set broken_rules = null where position(%(user_id)s::text in broken_rules::text) > 0

-- delete_scores --
delete from priority_scores where user_id = %(user_id)s

-- delete_account --
delete from users where id = %(user_id)s

-- wait --
update erasures set status = 'purging', purge_at = %(purge_at)s where id = %(id)s and status = 'running'

-- forget_user --
update erasures set user_id = null, counts = %(counts)s::jsonb where id = %(id)s

-- finish --
update erasures set status = 'done', finished_at = %(now)s, certificate = %(certificate)s::jsonb
where id = %(id)s and status = 'purging'

-- certificate --
select certificate from erasures where id = %(id)s

-- accounts --
select id from users

-- suppress --
-- A user whom a restored backup has brought back.
insert into erasures (id, user_id, user_hash, created_at, due_at, status)
values (%(id)s, %(user_id)s, %(user_hash)s, %(now)s, %(now)s, 'running')
on conflict (user_hash) where status <> 'cancelled' do update set status = 'running', step = 0, user_id = excluded.user_id
returning id

-- suppress_absent --
insert into erasures (id, user_hash, created_at, due_at, status, finished_at)
values (%(id)s, %(user_hash)s, %(now)s, %(now)s, 'done', %(now)s)
on conflict (user_hash) where status <> 'cancelled' do nothing
returning id

-- lock_timeout --
set lock_timeout = '5s'

-- reset_lock_timeout --
reset lock_timeout

-- tables --
select oid::regclass::text as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname

-- wal_segments --
select count(*)::int as segments from pg_ls_waldir()

-- next_wal_segment --
select pg_logical_emit_message(false, 'focusflow', ''), pg_switch_wal()
